// SPDX-License-Identifier: Apache-2.0
#include "testing/broker_state.hpp"

#include <conats/testing/broker_core.hpp>

#include <algorithm>
#include <ostream>

namespace conats {
inline namespace v0 {
namespace testing {

std::string_view to_string(broker_end e) noexcept {
    switch (e) {
    case broker_end::open: return "open";
    case broker_end::after_output: return "after_output";
    case broker_end::at_once: return "at_once";
    case broker_end::gone: return "gone";
    }
    return "unknown";
}

std::string_view to_string(broker_verdict v) noexcept {
    switch (v) {
    case broker_verdict::pass: return "pass";
    case broker_verdict::drop: return "drop";
    case broker_verdict::close: return "close";
    case broker_verdict::reset: return "reset";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, broker_end e) {
    return os << to_string(e);
}

std::ostream& operator<<(std::ostream& os, broker_verdict v) {
    return os << to_string(v);
}

namespace {

/// SplitMix64: good enough to choose a queue group's member, and the same everywhere.
class repeatable_random {
public:
    std::uint64_t operator()() noexcept {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }

private:
    std::uint64_t state_ = 0;
};

/// Bytes that were sent and still lie before the output are dropped above this many.
constexpr std::size_t most_sent = std::size_t{64} * 1024;

broker_subscription describe(const impl::subscription_entry& s) {
    broker_subscription out;
    out.connection = s.owner->id;
    out.sid = s.sid;
    out.subject = s.subject;
    out.queue = s.queue;
    out.delivered = s.delivered;
    out.max = s.max;
    return out;
}

broker_client describe(const impl::broker_connection& c) {
    broker_client out;
    out.id = c.id;
    out.connected = c.connected;
    out.name = c.said.name;
    out.lang = c.said.lang;
    out.version = c.said.version;
    out.user = c.said.user;
    out.protocol = static_cast<int>(c.said.protocol);
    out.verbose = c.said.verbose;
    out.pedantic = c.said.pedantic;
    out.echo = c.said.echo;
    out.headers = c.headers;
    out.no_responders = c.said.no_responders;
    out.in_messages = c.in_messages;
    out.in_bytes = c.in_bytes;
    out.out_messages = c.out_messages;
    out.out_bytes = c.out_bytes;
    out.subscriptions = c.subscriptions.size();
    return out;
}

std::vector<broker_subscription> describe(std::vector<const impl::subscription_entry*> all) {
    std::sort(all.begin(), all.end(),
              [](const auto* a, const auto* b) { return a->order < b->order; });
    std::vector<broker_subscription> out;
    out.reserve(all.size());
    for (const impl::subscription_entry* s : all) {
        out.push_back(describe(*s));
    }
    return out;
}

} // namespace

broker_core::state::state(broker_options o, random_source r)
    : options(std::move(o)),
      random(r ? std::move(r) : random_source(repeatable_random())) {}

connection_id broker_core::state::open(time_point at, std::string_view client_ip) {
    now = at;
    if (!accepting) {
        return 0;
    }
    auto fresh = std::make_unique<connection>();
    connection& c = *fresh;
    c.id = connections.size() + 1;
    c.client_ip = client_ip;
    c.awaits_auth = !options.token().empty() || !options.users().empty();
    c.allowed = impl::permissions(options.default_permissions());
    c.last_activity = now;
    connections.push_back(std::move(fresh));
    ++counters.total_connections;
    ++open_connections;
    write_info(c);
    if (open_connections > options.max_connections()) {
        end_with_error(c, "maximum connections exceeded");
    } else {
        arm_at_open(c, now);
    }
    return c.id;
}

void broker_core::state::closed(connection_id id) {
    connection* const c = find(id);
    if (c == nullptr) {
        return;
    }
    end(*c, broker_end::at_once);
    connections[id - 1].reset();
}

broker_core::state::connection* broker_core::state::find(connection_id id) const noexcept {
    return id == 0 || id > connections.size() ? nullptr : connections[id - 1].get();
}

connection_id broker_core::state::take_changed() noexcept {
    while (!changed_.empty()) {
        const connection_id id = changed_.front();
        changed_.pop_front();
        if (connection* const c = find(id)) {
            c->named = false;
            return id;
        }
    }
    return 0;
}

void broker_core::state::changed(connection& c) {
    if (!c.named) {
        c.named = true;
        changed_.push_back(c.id);
    }
}

void broker_core::state::write(connection& c, std::string_view bytes) {
    if (c.end == broker_end::open) {
        c.output.append(bytes);
        changed(c);
    }
}

void broker_core::state::write_info(connection& c, impl::info_kind kind) {
    impl::info_state s;
    s.client_id = c.id;
    s.client_ip = c.client_ip;
    s.auth_required = !options.token().empty() || !options.users().empty();
    s.kind = kind;
    write(c, impl::info_line(options, s));
}

void broker_core::state::write_error(connection& c, std::string_view text) {
    write(c, std::string("-ERR '").append(text).append("'\r\n"));
}

void broker_core::state::end(connection& c, broker_end how) {
    if (c.end == broker_end::open) {
        --open_connections;
        drop_subscriptions(c);
    }
    if (how > c.end) {
        c.end = how;
        c.deadline = time_point::max();
        changed(c);
    }
}

void broker_core::state::end_with_error(connection& c, std::string_view text) {
    write_error(c, text);
    end(c, broker_end::after_output);
}

void broker_core::state::each_open(const std::function<void(connection&)>& f) {
    for (const auto& c : connections) {
        if (c && c->end == broker_end::open) {
            f(*c);
        }
    }
}

void broker_core::state::tell_all(impl::info_kind kind) {
    each_open([this, kind](connection& c) {
        if (c.said.protocol >= 1 && c.first_pong_sent) {
            write_info(c, kind);
        }
    });
}

broker_core::broker_core(broker_options options, random_source random)
    : state_(std::make_unique<state>(std::move(options), std::move(random))) {}
broker_core::broker_core(broker_core&&) noexcept = default;
broker_core& broker_core::operator=(broker_core&&) noexcept = default;
broker_core::~broker_core() = default;

connection_id broker_core::open(time_point now, std::string_view client_ip) {
    return state_->open(now, client_ip);
}

void broker_core::receive(connection_id id, std::string_view bytes, time_point now) {
    if (state::connection* const c = state_->find(id)) {
        state_->receive(*c, bytes, now);
    }
}

void broker_core::closed(connection_id id) {
    state_->closed(id);
}

std::string_view broker_core::output(connection_id id) const noexcept {
    const state::connection* const c = state_->find(id);
    if (c == nullptr || c->end == broker_end::at_once) {
        return {};
    }
    return std::string_view(c->output).substr(c->sent);
}

void broker_core::consume(connection_id id, std::size_t bytes) noexcept {
    state::connection* const c = state_->find(id);
    if (c == nullptr) {
        return;
    }
    c->sent += std::min(bytes, c->output.size() - c->sent);
    if (c->sent == c->output.size()) {
        c->output.clear();
        c->sent = 0;
    } else if (c->sent > most_sent && c->sent > c->output.size() / 2) {
        c->output.erase(0, c->sent);
        c->sent = 0;
    }
}

broker_end broker_core::end(connection_id id) const noexcept {
    const state::connection* const c = state_->find(id);
    return c == nullptr ? broker_end::gone : c->end;
}

connection_id broker_core::take_changed() noexcept {
    return state_->take_changed();
}

broker_core::time_point broker_core::next_deadline() const {
    return state_->next_deadline();
}
void broker_core::advance(time_point now) {
    state_->advance(now);
}
void broker_core::lame_duck(time_point now) {
    state_->lame_duck(now);
}
bool broker_core::in_lame_duck() const noexcept {
    return state_->lame;
}
void broker_core::shut_down() {
    state_->shut_down();
}
void broker_core::start() {
    state_->start();
}
bool broker_core::accepting() const noexcept {
    return state_->accepting;
}

void broker_core::connect_urls(std::vector<std::string> urls) {
    state_->options.connect_urls(std::move(urls));
    state_->tell_all(impl::info_kind::plain);
}
void broker_core::reload(broker_options options) {
    state_->options = std::move(options);
}
const broker_options& broker_core::options() const noexcept {
    return state_->options;
}

bool broker_core::publish(std::string_view subject, std::string_view reply,
                          std::string_view payload) {
    return state_->publish_as_operator(subject, reply, payload);
}

void broker_core::on_publish(broker_hook hook) {
    state_->publish_hook = std::move(hook);
}
void broker_core::on_deliver(broker_hook hook) {
    state_->deliver_hook = std::move(hook);
}

void broker_core::send(connection_id id, std::string_view bytes) {
    if (state::connection* const c = state_->find(id)) {
        state_->write(*c, bytes);
    }
}
void broker_core::send_info(connection_id id) {
    if (state::connection* const c = state_->find(id)) {
        state_->write_info(*c);
    }
}
void broker_core::send_error(connection_id id, std::string_view text) {
    if (state::connection* const c = state_->find(id)) {
        state_->write_error(*c, text);
    }
}
void broker_core::close(connection_id id, std::string_view text) {
    if (state::connection* const c = state_->find(id)) {
        if (!text.empty()) {
            state_->write_error(*c, text);
        }
        state_->end(*c, broker_end::after_output);
    }
}
void broker_core::reset(connection_id id) {
    if (state::connection* const c = state_->find(id)) {
        state_->end(*c, broker_end::at_once);
    }
}
void broker_core::deafen(connection_id id, bool on) {
    if (state::connection* const c = state_->find(id)) {
        c->deaf = on;
    }
}

broker_statistics broker_core::statistics() const noexcept {
    broker_statistics out = state_->counters;
    out.connections = state_->open_connections;
    out.subscriptions = state_->subscription_count;
    return out;
}

std::vector<broker_subscription> broker_core::subscriptions() const {
    std::vector<const impl::subscription_entry*> all;
    all.reserve(state_->subscription_count);
    for (const auto& c : state_->connections) {
        if (c) {
            for (const auto& each : c->subscriptions) {
                all.push_back(each.second.get());
            }
        }
    }
    return describe(std::move(all));
}

std::vector<broker_subscription> broker_core::subscriptions(connection_id id) const {
    std::vector<const impl::subscription_entry*> all;
    if (const state::connection* const c = state_->find(id)) {
        for (const auto& each : c->subscriptions) {
            all.push_back(each.second.get());
        }
    }
    return describe(std::move(all));
}

std::size_t broker_core::interest(std::string_view subject) const {
    return state_->interest(subject);
}

std::vector<broker_client> broker_core::clients() const {
    std::vector<broker_client> out;
    state_->each_open([&out](state::connection& c) { out.push_back(describe(c)); });
    return out;
}

std::vector<connection_id> broker_core::connections() const {
    std::vector<connection_id> out;
    state_->each_open([&out](state::connection& c) { out.push_back(c.id); });
    return out;
}

} // namespace testing
} // namespace v0
} // namespace conats
