// SPDX-License-Identifier: Apache-2.0
#include "network.hpp"

#include "link_stream.hpp"

#include <conats/testing/manual_clock.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace conats::simulation {

namespace {

constexpr std::uint16_t first_port = 4000;

std::string describe(const link& l) {
    return "link " + std::to_string(l.talk.link) + " of client " + std::to_string(l.talk.client) +
           " with server " + std::to_string(l.server);
}

} // namespace

network::network(asio::io_context& context, model& m, journal& j, const schedule& s)
    : model_(m),
      journal_(j),
      time_(conats::impl::manual_time::of(context)),
      random_(s.network_seed),
      whole_transfers_(s.whole_transfers) {
    for (const server_plan& plan : s.servers) {
        auto core_random = random_.fork();
        servers_.push_back(std::make_unique<server>(
            testing::broker_core(testing::broker_options(), core_random), plan));
    }
    for (std::size_t i = 0; i != servers_.size(); ++i) {
        server& each = *servers_[i];
        each.core.reload(options_of(i));
        each.core.on_publish([this](const testing::broker_message& message) {
            model_.on_server(message.payload);
            return testing::broker_verdict::pass;
        });
        if (each.plan.starts_down)
            refuse(i, milliseconds(300));
        listen(each);
    }
}

testing::broker_options network::options_of(std::size_t index) const {
    const server_plan& plan = servers_[index]->plan;
    testing::broker_options o;
    o.server_name("s" + std::to_string(index)).host("sim");
    o.port(static_cast<std::uint16_t>(first_port + index));
    if (plan.needs_token)
        o.token(std::string(the_token));
    if (plan.is_old)
        o.version("2.9.10");
    o.ping_interval(plan.ping_interval).max_pings_out(2);
    o.lame_duck_grace(milliseconds(20)).lame_duck_duration(milliseconds(100));
    testing::broker_permissions allowed;
    allowed.deny_publish("deny.>").deny_subscribe("deny.>");
    o.default_permissions(std::move(allowed));
    return o;
}

std::string network::address(std::size_t index) const {
    return "nats://sim:" + std::to_string(first_port + index);
}

// --- The client's side

transport network::make_transport(std::size_t client) {
    return transport([this, client](transport_target target) { return dial(client, target); });
}

asio::awaitable<std::unique_ptr<stream>> network::dial(std::size_t client,
                                                       transport_target target) {
    const std::size_t index = target.port() - first_port;
    server& s = *servers_.at(index);
    const bool is_lost = !is_healed_ && random_.chance(3);
    const milliseconds delay = delay_to(s);
    const nanoseconds wait = is_lost ? nanoseconds(std::chrono::hours(1)) : nanoseconds(delay);
    co_await testing::manual_clock::sleep_for(wait);
    testing::connection_id id = 0;
    if (s.refuses_until <= now())
        id = s.core.open(now());
    journal_.note([&] {
        return "client " + std::to_string(client) + " dials server " + std::to_string(index) +
               (id == 0 ? ": refused" : "");
    });
    if (id == 0)
        throw boost::system::system_error(asio::error::connection_refused);
    auto l = std::make_shared<link>();
    l->server = index;
    l->at_server = id;
    l->talk.link = ++link_count_;
    l->talk.client = client;
    constexpr std::size_t windows[] = {2000, 16'000, 64'000};
    l->window = random_.pick(windows);
    links_.push_back(l);
    ship(*l, s);
    auto made = std::make_unique<link_stream>(*this, l, target.executor());
    co_return made;
}

std::size_t network::portion(std::size_t most) {
    if (most < 2 || random_.chance(whole_transfers_))
        return most;
    // Often at the very beginning: a cut byte is worth more than a cut kilobyte.
    return random_.between(1, random_.chance(30) ? std::min<std::size_t>(most, 4) : most);
}

std::size_t network::take(link& l, asio::mutable_buffer to) {
    const std::size_t n = portion(std::min(to.size(), l.arrived.size()));
    std::memcpy(to.data(), l.arrived.data(), n);
    model_.heard(l.talk, std::string_view(l.arrived).substr(0, n), now());
    l.arrived.erase(0, n);
    return n;
}

std::size_t network::give(link& l, std::span<const asio::const_buffer> from) {
    std::size_t size = 0;
    for (const asio::const_buffer& part : from)
        size += part.size();
    const std::size_t n = portion(std::min(size, l.window - std::min(l.window, l.up_bytes)));
    if (n == 0)
        return 0;
    std::string bytes;
    for (const asio::const_buffer& part : from)
        bytes.append(static_cast<const char*>(part.data()),
                     std::min(part.size(), n - bytes.size()));
    model_.said(l.talk, bytes);
    l.up_bytes += n;
    if (l.is_dead || l.at_server == 0)
        return n;
    const bool is_last = l.up_left <= n;
    bytes.resize(std::min(n, l.up_left));
    if (!is_last && l.up_left != no_limit)
        l.up_left -= n;
    packet p;
    p.at = arrival(l.up, *servers_[l.server]);
    p.bytes = std::move(bytes);
    l.up.push_back(std::move(p));
    if (is_last) {
        l.is_dead = true;
        l.up.back().is_end = true;
    }
    return n;
}

void network::gone(link& l) {
    model_.end(l.talk);
    l.arrived.clear();
    l.down.clear();
    if (l.at_server == 0 || l.is_dead)
        return;
    packet p;
    p.at = arrival(l.up, *servers_[l.server]);
    p.is_end = true;
    l.up.push_back(std::move(p));
}

// --- Time

milliseconds network::delay_to(const server& s) {
    return milliseconds(random_.between(static_cast<std::uint64_t>(s.plan.least_delay.count()),
                                        static_cast<std::uint64_t>(s.plan.most_delay.count())));
}

time_point network::arrival(const std::deque<packet>& queue, const server& s) {
    const time_point at = now() + delay_to(s);
    return queue.empty() ? at : std::max(at, queue.back().at);
}

void network::later(nanoseconds d, std::function<void()> act) {
    plan_entry e;
    e.at = now() + d;
    e.act = std::move(act);
    plans_.push_back(std::move(e));
}

void network::run_plans() {
    for (std::size_t i = 0; i < plans_.size();) {
        if (plans_[i].at > now()) {
            ++i;
            continue;
        }
        const auto act = std::move(plans_[i].act);
        plans_.erase(plans_.begin() + static_cast<std::ptrdiff_t>(i));
        act();
    }
}

time_point network::next_event() const {
    time_point next = time_point::max();
    for (const auto& l : links_) {
        for (const std::deque<packet>* queue : {&l->up, &l->down})
            if (!queue->empty())
                next = std::min(next, std::max(queue->front().at, l->stalled_until));
    }
    for (const plan_entry& p : plans_)
        next = std::min(next, p.at);
    for (const auto& s : servers_)
        next = std::min(next, s->core.next_deadline());
    return next;
}

void network::run_due() {
    run_plans();
    for (const auto& s : servers_)
        s->core.advance(now());
    read_servers();
    // By index: what arrives may let links begin.
    for (std::size_t i = 0; i != links_.size(); ++i)
        carry(*links_[i]);
    read_servers();
    std::erase_if(links_, [](const auto& l) {
        return l->stream == nullptr && l->at_server == 0 && l->talk.is_over;
    });
}

void network::carry(link& l) {
    if (l.stalled_until > now())
        return;
    carry_up(l);
    carry_down(l);
}

void network::carry_up(link& l) {
    bool has_moved = false;
    while (!l.up.empty() && l.up.front().at <= now()) {
        const packet p = std::move(l.up.front());
        l.up.pop_front();
        has_moved = true;
        if (!l.is_dead)
            l.up_bytes -= p.bytes.size();
        if (l.at_server != 0 && !p.bytes.empty())
            servers_[l.server]->core.receive(l.at_server, p.bytes, now());
        if (p.is_end && l.is_dead)
            cut(l);
        else if (p.is_end)
            forget(l);
    }
    if (has_moved && l.stream != nullptr)
        l.stream->wake();
}

void network::carry_down(link& l) {
    bool has_moved = false;
    if (l.stream == nullptr)
        l.down.clear(); // nobody is there to read it
    while (!l.down.empty() && l.down.front().at <= now()) {
        const packet p = std::move(l.down.front());
        l.down.pop_front();
        has_moved = true;
        l.has_ended = l.has_ended || p.is_end;
        l.arrived += p.bytes.substr(0, l.down_left);
        if (l.down_left <= p.bytes.size()) {
            l.down_left = no_limit;
            cut(l);
            break;
        }
        if (l.down_left != no_limit)
            l.down_left -= p.bytes.size();
    }
    if (has_moved && l.stream != nullptr)
        l.stream->wake();
}

// --- The servers' side

void network::read_servers() {
    for (std::size_t i = 0; i != servers_.size(); ++i)
        read_server(i);
}

void network::read_server(std::size_t index) {
    server& s = *servers_[index];
    while (const testing::connection_id id = s.core.take_changed()) {
        if (id == s.peer) {
            hear_peer(s);
            continue;
        }
        for (const auto& l : links_)
            if (l->server == index && l->at_server == id) {
                ship(*l, s);
                break;
            }
    }
}

void network::ship(link& l, server& s) {
    const std::string_view output = s.core.output(l.at_server);
    const testing::broker_end end = s.core.end(l.at_server);
    if (end == testing::broker_end::at_once) {
        cut(l);
        return;
    }
    if (!output.empty() || end == testing::broker_end::after_output) {
        packet p;
        p.at = arrival(l.down, s);
        p.bytes = output;
        p.is_end = end == testing::broker_end::after_output;
        l.down.push_back(std::move(p));
        s.core.consume(l.at_server, output.size());
    }
    if (end == testing::broker_end::after_output) {
        harm(l);
        forget(l);
    }
}

void network::harm(const link& l) {
    if (harmed_.empty() || harmed_.back() != l.talk.link)
        harmed_.push_back(l.talk.link);
}

bool network::is_whole(std::uint64_t number) const {
    return std::find(harmed_.begin(), harmed_.end(), number) == harmed_.end();
}

void network::forget(link& l) {
    if (l.at_server != 0)
        servers_[l.server]->core.closed(std::exchange(l.at_server, 0));
    l.up.clear();
}

void network::listen(server& s) {
    if (s.peer != 0 && s.core.end(s.peer) == testing::broker_end::open)
        return;
    s.peer_hears = frame_reader();
    s.peer = s.core.open(now());
    if (s.peer == 0)
        return;
    s.core.receive(s.peer,
                   "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true,"
                   "\"protocol\":1,\"auth_token\":\"" +
                       std::string(s.has_other_token ? "other" : the_token) +
                       "\"}\r\nPING\r\nSUB svc.one 1\r\nSUB svc.many 2\r\nSUB svc.silent 3\r\n",
                   now());
    hear_peer(s);
}

void network::hear_peer(server& s) {
    const std::string_view output = s.core.output(s.peer);
    s.peer_hears.feed(output);
    s.core.consume(s.peer, output.size());
    frame f;
    while (s.peer_hears.next(f)) {
        if (f.is("PING"))
            s.core.receive(s.peer, "PONG\r\n", now());
        else if ((f.is("MSG") && f.words.size() == 4) || (f.is("HMSG") && f.words.size() == 5))
            answer(s, f);
    }
    if (s.core.end(s.peer) != testing::broker_end::open)
        s.core.closed(std::exchange(s.peer, 0));
}

void network::answer(server& s, const frame& f) {
    if (f.words[0] == "svc.silent")
        return;
    const std::size_t count = f.words[0] == "svc.many" ? random_.between(2, 4) : 1;
    for (std::size_t i = 0; i != count; ++i) {
        const std::string subject(f.words[2]);
        constexpr int delays[] = {0, 0, 1, 10, 60};
        later(milliseconds(random_.pick(delays)), [this, &s, subject] {
            if (s.peer == 0)
                return;
            const std::size_t number = model_.add_message(outside, subject, 0);
            const std::string payload = payload_of(number, 0);
            s.core.receive(s.peer,
                           "PUB " + subject + ' ' + std::to_string(payload.size()) + "\r\n" +
                               payload + "\r\n",
                           now());
        });
    }
}

// --- Faults

void network::cut_up(link& l, std::size_t after) {
    journal_.note([&] { return describe(l) + ": cut behind " + std::to_string(after) + " B up"; });
    harm(l);
    l.up_left = std::max<std::size_t>(after, 1);
}

void network::cut_down(link& l, std::size_t after) {
    journal_.note(
        [&] { return describe(l) + ": cut behind " + std::to_string(after) + " B down"; });
    harm(l);
    l.down_left = std::max<std::size_t>(after, 1);
}

// The client hears of it now, later, or only by its own means.
void network::cut(link& l) {
    harm(l);
    const std::uint64_t when = is_healed_ ? 0 : random_.below(10);
    journal_.note([&] { return describe(l) + (when < 6 ? " is cut" : " is dead"); });
    forget(l);
    l.down.clear();
    l.is_dead = true;
    const auto tell = [this, number = l.talk.link] {
        for (const auto& each : links_) {
            if (each->talk.link != number || each->is_broken || each->stream == nullptr)
                continue;
            if (random_.chance(50))
                each->arrived.clear();
            each->is_broken = true;
            model_.end(each->talk);
            each->stream->wake();
        }
    };
    if (when < 6)
        tell();
    else if (when < 9)
        later(milliseconds(random_.between(1, 200)), tell);
}

void network::stall(link& l, nanoseconds d) {
    journal_.note([&] { return describe(l) + " stalls"; });
    harm(l);
    l.stalled_until = now() + d;
}

void network::refuse(std::size_t index, nanoseconds d) {
    servers_[index]->refuses_until = now() + d;
}

void network::crash(std::size_t index, nanoseconds d) {
    server& s = *servers_[index];
    for (std::size_t i = 0; i != links_.size(); ++i)
        if (links_[i]->server == index && links_[i]->at_server != 0)
            cut(*links_[i]);
    if (s.peer != 0)
        s.core.closed(std::exchange(s.peer, 0));
    refuse(index, d);
    later(d, [this, &s] { listen(s); });
}

void network::shut_down(std::size_t index, nanoseconds d) {
    server& s = *servers_[index];
    s.core.shut_down();
    later(d, [this, &s] {
        s.core.start();
        listen(s);
    });
}

void network::lame_duck(std::size_t index, nanoseconds d) {
    server& s = *servers_[index];
    s.core.lame_duck(now());
    later(d + milliseconds(150), [this, &s] {
        s.core.start();
        listen(s);
    });
}

void network::send_info(std::size_t index, random_stream& random) {
    std::vector<std::string> urls;
    for (std::size_t i = 0; i != servers_.size(); ++i)
        if (random.chance(70))
            urls.push_back("sim:" + std::to_string(first_port + i));
    servers_[index]->core.connect_urls(std::move(urls));
}

void network::change_token(std::size_t index, nanoseconds d) {
    server& s = *servers_[index];
    s.has_other_token = true;
    s.core.reload(options_of(index).token("other"));
    later(d, [this, &s, index] {
        s.has_other_token = false;
        s.core.reload(options_of(index));
    });
}

void network::publish_outside(std::size_t index, std::string_view subject, std::size_t size) {
    const std::size_t number = model_.add_message(outside, std::string(subject), size);
    journal_.note(
        [&] { return "server " + std::to_string(index) + " publishes " + std::to_string(number); });
    servers_[index]->core.publish(subject, "", payload_of(number, size));
}

void network::heal() {
    journal_.note([] { return std::string("all is well"); });
    is_healed_ = true;
    for (std::size_t i = 0; i != servers_.size(); ++i) {
        server& s = *servers_[i];
        s.refuses_until = now();
        s.has_other_token = false;
        s.plan.least_delay = s.plan.most_delay = milliseconds(1);
        s.plan.ping_interval = std::chrono::minutes(2);
        s.core.reload(options_of(i));
        s.core.start();
        listen(s);
    }
    for (std::size_t i = 0; i != links_.size(); ++i) {
        link& l = *links_[i];
        l.up_left = l.down_left = no_limit;
        l.stalled_until = now();
        if (l.is_dead && !l.is_broken)
            cut(l);
    }
}

link* network::current(std::size_t client) {
    for (auto i = links_.rbegin(); i != links_.rend(); ++i)
        if ((*i)->talk.client == client && (*i)->stream != nullptr && !(*i)->talk.is_over)
            return i->get();
    return nullptr;
}

} // namespace conats::simulation
