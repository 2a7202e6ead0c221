// SPDX-License-Identifier: Apache-2.0
#include "actors.hpp"

#include <conats/connect.hpp>
#include <conats/testing/manual_clock.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

namespace conats::simulation {

namespace {

/// What begins the text of an error that the library does not know.
constexpr std::string_view thrown_mark = "thrown: ";

error to_error(const std::exception_ptr& e) {
    if (!e)
        return error();
    try {
        std::rethrow_exception(e);
    } catch (const conats::system_error& thrown) {
        return thrown.details();
    } catch (const boost::system::system_error& thrown) {
        return error(thrown.code());
    } catch (const std::exception& thrown) {
        return error(errc::server_error, std::string(thrown_mark) + thrown.what());
    }
}

bool is_aborted(const error& e) {
    return e.code() == asio::error::operation_aborted;
}

} // namespace

std::string_view to_string(operation_kind k) noexcept {
    constexpr std::array names{
        "connect", "publish", "subscribe", "consume", "gather", "drain of a subscription",
        "request", "flush",   "rtt",       "barrier", "drain",  "close"};
    return names[static_cast<std::size_t>(k)];
}

actors::actors(asio::io_context& context, network& n, model& m, journal& j, const schedule& s)
    : context_(context),
      network_(n),
      model_(m),
      journal_(j) {
    for (const client_plan& plan : s.clients) {
        actor& a = actors_.emplace_back();
        a.index = actors_.size() - 1;
        a.plan = plan;
    }
}

// --- Operations

operation& actors::begin(operation_kind k, std::size_t client, nanoseconds limit) {
    operation& op = operations_.emplace_back();
    op.index = operations_.size() - 1;
    op.kind = k;
    op.client = client;
    op.since = network_.now();
    op.messages_before = model_.messages().size();
    if (limit < no_deadline)
        op.deadline = op.since + limit;
    journal_.note([&] {
        return "  operation " + std::to_string(op.index) + ": " + std::string(to_string(k));
    });
    return op;
}

void actors::spawn(operation& op, asio::awaitable<void> a) {
    asio::co_spawn(context_, std::move(a),
                   asio::bind_cancellation_slot(
                       op.signal.slot(), [this, &op](std::exception_ptr e) { over(op, e); }));
}

void actors::over(operation& op, const std::exception_ptr& e) {
    op.result = to_error(e);
    journal_.note([&] {
        return "  operation " + std::to_string(op.index) +
               " is over: " + (op.result ? op.result.what() : "done");
    });
    if (++op.completions > 1)
        journal_.fail(std::string(to_string(op.kind)) + " completes twice: operation " +
                      std::to_string(op.index));
    if (is_aborted(op.result) && !op.is_cancelled)
        journal_.fail(std::string(to_string(op.kind)) + " is aborted and nobody cancelled it");
    if (op.result.text().starts_with(thrown_mark))
        journal_.fail(std::string(to_string(op.kind)) + " throws " + op.result.what());
    check(op);
}

void actors::check(operation& op) {
    switch (op.kind) {
    case operation_kind::publish: check_publish(op); break;
    case operation_kind::request: check_request(op); break;
    case operation_kind::flush:
    case operation_kind::rtt: check_flush(op); break;
    case operation_kind::drain:
        if (!op.result && actors_[op.client].handle &&
            actors_[op.client].handle->status() != status::closed)
            journal_.fail("drained, and the client is not closed");
        [[fallthrough]];
    case operation_kind::close:
        // Without a connection nothing can be sent, and a bad one gets so much time and no more.
        if (!op.result && op.link != 0 && network_.is_whole(op.link) &&
            network_.now() < op.since + actors_[op.client].plan.close_timeout)
            check_flush(op);
        break;
    case operation_kind::consume: model_.interests()[op.about].has_consumer = false; break;
    default: break;
    }
}

// Withdrawn: it was accepted while there was no connection, and none came in time.
void actors::check_publish(const operation& op) {
    sent_message& m = model_.message(op.about);
    // Another timeout is that of room above the high-water mark, which takes nothing back.
    if (op.result.code() != errc::timeout || !m.accepted ||
        op.result.text().find("is not sent") == std::string::npos)
        return;
    if (m.written)
        journal_.fail("message " + std::to_string(op.about) + " was sent, and is said not to be");
    m.refused = true;
}

void actors::check_request(const operation& op) {
    sent_message& m = model_.message(op.about);
    const awaited_reply* const came = m.written ? model_.find_reply_to(op.about) : nullptr;
    const bool has_come = came != nullptr && (came->reply || came->no_responders);
    if (op.result.code() == errc::timeout && has_come && came->at < op.deadline)
        journal_.fail("request " + std::to_string(op.about) + " had its reply and times out");
    if (op.result.code() == errc::timeout && network_.now() < op.deadline)
        journal_.fail("request " + std::to_string(op.about) + " times out early");
    if (op.result.code() == errc::no_responders && (came == nullptr || !came->no_responders))
        journal_.fail("request " + std::to_string(op.about) + " has responders");
    const bool is_lost = op.result == condition::disconnected || op.result == condition::closed;
    if (is_lost && m.accepted && !op.result.was_written()) {
        if (m.written && !m.is_torn)
            journal_.fail("request " + std::to_string(op.about) +
                          " was sent, and is said not to be");
        m.excused = true;
        m.refused = !m.written;
    }
}

// The server has answered what came behind everything published before.
void actors::check_flush(const operation& op) {
    if (op.result)
        return;
    const std::string name = std::string(to_string(op.kind)) + ", operation " +
                             std::to_string(op.index) + ", is done, and message ";
    if (const auto lost = model_.find_unwritten(op.client, op.messages_before))
        journal_.fail(name + std::to_string(*lost) + " was not sent");
    const link* const l = network_.current(op.client);
    if (l == nullptr)
        return;
    if (const auto unread = model_.find_unread(l->talk.link, op.messages_before))
        journal_.fail(name + std::to_string(*unread) + " has not come to the server");
}

// --- Connecting

connect_options actors::options_of(const actor& a) {
    connect_options o;
    std::string servers;
    for (std::size_t i = 0; i != network_.servers().size(); ++i)
        servers += (i == 0 ? "" : ",") + network_.address(i);
    o.servers(servers).transport(network_.make_transport(a.index));
    o.token(secret(a.plan.wrong_token ? "wrong" : std::string(the_token)));
    const client_plan& p = a.plan;
    o.max_reconnects(p.max_reconnects).when_offline(p.when_offline);
    o.reconnect_buffer(p.reconnect_buffer).high_water_mark(p.high_water_mark);
    o.reconnect_wait(p.reconnect_wait).reconnect_jitter(p.reconnect_jitter);
    o.offline_timeout(p.offline_timeout).connect_timeout(p.connect_timeout);
    o.ping_interval(p.ping_interval).max_pings_outstanding(p.pings);
    o.drain_timeout(p.drain_timeout).close_timeout(p.close_timeout).write_timeout(p.write_timeout);
    o.echo(p.echo).verbose(p.verbose).pedantic(p.pedantic).unique_inboxes(p.unique_inboxes);
    o.retry_on_failed_connect(p.retries_first).ignore_auth_errors(p.ignores_auth_errors);
    o.retain_order(p.keeps_order).ignore_discovered_servers(p.ignores_discovered);
    o.no_responders(p.has_no_responders);
    return o;
}

asio::awaitable<void> actors::connect(actor& a) {
    auto options = options_of(a);
    error e;
    client c = co_await conats::connect(std::move(options), e);
    if (e) {
        a.has_failed = true;
        throw conats::system_error(e);
    }
    a.handle = std::move(c);
    a.events = a.handle->events();
}

void actors::connect_all() {
    for (actor& a : actors_) {
        // Each server once, whatever happens.
        const nanoseconds limit = nanoseconds(a.plan.connect_timeout) *
                                      (static_cast<std::int64_t>(network_.servers().size()) + 3) +
                                  milliseconds(1);
        spawn(begin(operation_kind::connect, a.index, limit), connect(a));
    }
}

// --- Publishing

std::size_t actors::new_message(actor& a, const step& s, std::string subject) {
    constexpr std::size_t sizes[] = {0, 0, 5, 40, 40, 300, 300, 3000};
    std::size_t size = sizes[s.y % std::size(sizes)];
    if (s.y / 8 % 50 == 0)
        size = 20'000; // large enough to be sent from where it is
    const std::size_t number =
        model_.add_message(static_cast<int>(a.index), std::move(subject), size);
    sent_message& m = model_.message(number);
    m.has_headers = s.z % 5 == 0;
    m.at_server = m.subject.starts_with("deny."); // it never comes through
    journal_.note([&] {
        return "  message " + std::to_string(number) + " to " + m.subject + ", " +
               std::to_string(payload_of(number, size).size()) + " B";
    });
    return number;
}

namespace {

std::string subject_of(const step& s) {
    if (s.x % 40 == 0)
        return "deny.t";
    return "t." + std::to_string(s.x / 40 % 3) + '.' + std::to_string(s.x / 160 % 2);
}

} // namespace

publish_options actors::options_for(std::size_t number) {
    const sent_message& m = model_.message(number);
    publish_options o;
    o.reply(m.reply);
    if (m.has_headers) {
        headers h;
        h.add("Sim", std::to_string(number));
        o.headers(std::move(h));
    }
    return o;
}

bool actors::note_accepted(actor& a, std::size_t number, std::uint64_t before) {
    sent_message& m = model_.message(number);
    m.accepted = a.handle->statistics().out_messages != before;
    m.refused = !m.accepted;
    return m.accepted;
}

void actors::publish(actor& a, const step& s) {
    const std::size_t number = new_message(a, s, subject_of(s));
    sent_message& m = model_.message(number);
    if (s.z % 7 == 0)
        m.reply = "t.2.1";
    publish_options options = options_for(number);
    nanoseconds limit = no_deadline;
    if (a.plan.when_offline == offline_policy::wait && a.handle->status() == status::reconnecting)
        limit = a.plan.offline_timeout;
    if (s.z % 3 == 1) {
        constexpr int timeouts[] = {5, 80, 700};
        limit = milliseconds(timeouts[s.z / 3 % std::size(timeouts)]);
        options.timeout(limit);
    }
    operation& op = begin(operation_kind::publish, a.index, limit);
    op.about = number;
    const std::uint64_t before = a.handle->statistics().out_messages;
    std::string text = payload_of(number, m.size);
    if (text.size() > 16'384)
        spawn(op, a.handle->publish(m.subject, owned_payload(std::move(text)), options));
    else
        spawn(op, a.handle->publish(m.subject, text, options));
    note_accepted(a, number, before);
}

void actors::try_publish(actor& a, const step& s) {
    const std::size_t number = new_message(a, s, subject_of(s));
    const sent_message& m = model_.message(number);
    const status was = a.handle->status();
    const std::uint64_t before = a.handle->statistics().out_messages;
    const error e =
        a.handle->try_publish(m.subject, payload_of(number, m.size), options_for(number));
    if (note_accepted(a, number, before) == static_cast<bool>(e))
        journal_.fail("try_publish says '" + e.what() + "' of message " + std::to_string(number));
    const std::size_t waiting = a.handle->statistics().outbox_bytes;
    if (was == status::connected && e)
        journal_.fail("try_publish refuses while connected: " + e.what());
    if (was != status::reconnecting)
        return;
    if (a.plan.when_offline == offline_policy::fail && !e)
        journal_.fail("accepted without a connection: message " + std::to_string(number));
    if (!e && waiting > a.plan.reconnect_buffer)
        journal_.fail("the reconnect buffer has " + std::to_string(waiting) + " bytes");
}

void actors::burst(actor& a, const step& s) {
    step each = s;
    for (std::uint32_t i = 0; i != 2 + s.z % 4; ++i) {
        each.y += i;
        each.x += i * 40;
        if (s.z % 2 == 0)
            publish(a, each);
        else
            try_publish(a, each);
    }
}

// --- Requests

void actors::request(actor& a, const step& s) {
    constexpr std::string_view services[] = {"svc.one",  "svc.one",  "svc.many", "svc.silent",
                                             "svc.none", "deny.svc", "t.0.1"};
    constexpr int timeouts[] = {1, 10, 50, 300, 2000};
    const nanoseconds timeout = milliseconds(timeouts[s.x / 8 % std::size(timeouts)]);
    const std::size_t number = new_message(a, s, std::string(services[s.x % std::size(services)]));
    sent_message& m = model_.message(number);
    m.is_request = true;
    request_options o(timeout);
    o.headers(options_for(number).headers());
    operation& op = begin(operation_kind::request, a.index, timeout);
    op.about = number;
    const std::uint64_t before = a.handle->statistics().out_messages;
    spawn(op, a.handle->request(m.subject, payload_of(number, m.size), o),
          [this, number](const message& reply) { model_.check_reply(number, reply); });
    note_accepted(a, number, before);
}

void actors::request_many(actor& a, const step& s) {
    constexpr std::string_view services[] = {"svc.many", "svc.many", "svc.one", "svc.none"};
    const nanoseconds timeout = milliseconds(s.x / 8 % 3 == 0 ? 20 : 300);
    const std::size_t number = new_message(a, s, std::string(services[s.x % std::size(services)]));
    sent_message& m = model_.message(number);
    m.is_request = true;
    interest& i = model_.add_interest(a.index, interest_kind::replies, "replies");
    i.request = number;
    i.has_consumer = true;
    i.max = s.z % 3;
    request_many_options o(timeout);
    o.headers(options_for(number).headers()).max_messages(i.max);
    if (s.z % 4 == 0)
        o.stall(milliseconds(15));
    const std::uint64_t before = a.handle->statistics().out_messages;
    i.replies = a.handle->request_many(m.subject, payload_of(number, m.size), o);
    note_accepted(a, number, before);
    m.excused = true;
    operation& op = begin(operation_kind::gather, a.index, timeout);
    op.about = i.index;
    spawn(op, gather_loop(i));
}

asio::awaitable<void> actors::gather_loop(interest& i) {
    error e;
    while (i.replies) {
        auto next = i.replies->next(e);
        const auto m = co_await std::move(next);
        if (!m)
            break;
        model_.delivered(i, *m);
    }
}

// --- Subscribing

interest* actors::new_interest(actor& a, const step& s, interest_kind k, subscribe_options& o) {
    constexpr std::string_view patterns[] = {"t.0.0", "t.0.1", "t.1.0", "t.0.*", "t.1.*", "t.*.0",
                                             "t.*.1", "t.>",   "*.0.0", "*.>",   "t.*.*", "t.2.>"};
    constexpr std::string_view queues[] = {"", "", "q", "r"};
    std::string subject(patterns[s.x % std::size(patterns)]);
    const std::string_view queue = queues[s.x / 16 % std::size(queues)];
    if (s.x / 64 % 25 == 0)
        subject = "deny.s";
    // One at a time and for ever, so that it is known by its subject on the wire.
    for (const interest& other : model_.interests())
        if (other.client == a.index && other.subject == subject && other.queue == queue)
            return nullptr;
    interest& i = model_.add_interest(a.index, k, subject);
    i.queue = queue;
    i.since = network_.now();
    i.max = s.y % 10 < 3 ? 1 + s.y / 10 % 5 : 0;
    o.queue_group(queue).max_messages(i.max);
    constexpr overflow policies[] = {overflow::drop_newest, overflow::drop_oldest, overflow::wait};
    i.policy = policies[s.z % 3];
    if (s.z / 3 % 3 == 0) {
        i.limit_messages = 1 + s.z / 9 % 4;
        i.limit_bytes = s.z / 64 % 2 == 0 ? 0 : 600;
    }
    o.pending_limits(i.limit_messages, i.limit_bytes).on_overflow(i.policy);
    o.max_pause(milliseconds(50));
    if (s.y / 128 % 10 == 0)
        i.lifetime = milliseconds(30 + s.y % 500);
    if (s.y / 2048 % 10 == 0)
        i.idle = milliseconds(30 + s.y % 500);
    if (s.y / 65536 % 10 == 0)
        i.first_message = milliseconds(30 + s.y % 500);
    o.lifetime(i.lifetime).idle_timeout(i.idle).first_message_timeout(i.first_message);
    journal_.note([&] {
        return "  subscription " + std::to_string(i.index) + " to " + i.subject + ' ' + i.queue +
               ", max " + std::to_string(i.max) + ", limits " + std::to_string(i.limit_messages) +
               ' ' + std::to_string(i.limit_bytes) + ' ' + std::string(to_string(i.policy));
    });
    return &i;
}

void actors::subscribe(actor& a, const step& s) {
    subscribe_options o;
    interest* const i = new_interest(a, s, interest_kind::loop, o);
    if (i == nullptr)
        return;
    if (s.z / 1024 % 5 != 0) {
        i->handle.emplace(*a.handle, i->subject, o);
        return;
    }
    o.confirm(true);
    i->is_confirming = true;
    operation& op = begin(operation_kind::subscribe, a.index, std::chrono::seconds(10));
    op.about = i->index;
    asio::co_spawn(context_, a.handle->subscribe(i->subject, o),
                   asio::bind_cancellation_slot(
                       op.signal.slot(), [this, &op, i](std::exception_ptr e, subscription made) {
                           i->is_confirming = false;
                           i->has_unsubscribed = e != nullptr;
                           if (!e)
                               i->handle = std::move(made);
                           over(op, e);
                       }));
}

void actors::handle(actor& a, const step& s) {
    subscribe_options o;
    interest* const i = new_interest(a, s, interest_kind::handler, o);
    if (i == nullptr)
        return;
    i->has_consumer = true;
    if (s.z / 1024 % 3 == 0) {
        o.max_concurrent(1 + s.z / 4096 % 3);
        const nanoseconds rest = milliseconds(1 + s.z / 4096 % 20);
        i->handle = a.handle->on(
            i->subject, [this, i, rest](message m) { return handle_slowly(*i, m, rest); }, o);
    } else {
        i->handle = a.handle->on(i->subject, [this, i](const message& m) { on_message(*i, m); }, o);
    }
}

asio::awaitable<void> actors::handle_slowly(interest& i, message m, nanoseconds rest) {
    on_message(i, m);
    co_await testing::manual_clock::sleep_for(rest);
}

void actors::on_message(interest& i, const message& m) {
    model_.delivered(i, m);
    if (m.reply().empty())
        return;
    // Some answer; they need nothing but the message for that.
    actor& a = actors_[i.client];
    if (!a.handle)
        return;
    const std::size_t number =
        model_.add_message(static_cast<int>(a.index), std::string(m.reply()), 0);
    const std::uint64_t before = a.handle->statistics().out_messages;
    (void)m.try_respond(payload_of(number, 0));
    note_accepted(a, number, before);
}

void actors::consume(interest& i, std::uint32_t mode, nanoseconds rest) {
    i.has_consumer = true;
    operation& op = begin(operation_kind::consume, i.client, no_deadline);
    op.about = i.index;
    spawn(op, consume_loop(i, mode, rest));
}

asio::awaitable<void> actors::consume_loop(interest& i, std::uint32_t mode, nanoseconds rest) {
    bool goes_on = true;
    while (goes_on && i.handle) {
        goes_on = co_await take_some(i, mode);
        if (rest.count() != 0)
            co_await testing::manual_clock::sleep_for(rest);
    }
}

/// False at the end.
asio::awaitable<bool> actors::take_some(interest& i, std::uint32_t mode) {
    if (mode == 0) {
        auto next = i.handle->next();
        const auto m = co_await std::move(next);
        if (m)
            model_.delivered(i, *m);
        co_return m.has_value();
    }
    if (mode == 1) {
        error e;
        const time_point since = network_.now();
        auto next = i.handle->next(milliseconds(200), e);
        const auto m = co_await std::move(next);
        if (m)
            model_.delivered(i, *m);
        if (e == errc::timeout && network_.now() < since + milliseconds(200))
            journal_.fail("next times out early");
        if (network_.now() > since + milliseconds(201))
            journal_.fail("next times out late");
        co_return m.has_value() || e == errc::timeout;
    }
    if (mode == 2) {
        std::vector<message> some;
        auto next = i.handle->next_batch(some, 3);
        const std::size_t n = co_await std::move(next);
        for (const message& m : some)
            model_.delivered(i, m);
        co_return n != 0;
    }
    auto wait = i.handle->wait();
    co_await std::move(wait);
    if (!i.handle)
        co_return false;
    const auto m = i.handle->try_next();
    if (m)
        model_.delivered(i, *m);
    co_return m.has_value() || i.handle->active();
}

} // namespace conats::simulation
