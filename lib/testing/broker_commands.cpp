// SPDX-License-Identifier: Apache-2.0

// What a client says, and what a broker answers: handshake and subscriptions.

#include "testing/broker_state.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace testing {

using impl::command_kind;
using impl::command_status;

namespace {

/// Queue group that servers keep for themselves.
constexpr std::string_view system_group = "_sys_";

/// How parseSub and processUnsub of the server split.
constexpr std::string_view blanks_and_ends = " \t\r\n";

} // namespace

void broker_core::state::receive(connection& c, std::string_view bytes, time_point at) {
    now = at;
    if (c.end != broker_end::open || c.deaf) {
        return;
    }
    c.last_activity = now;
    while (c.end == broker_end::open) {
        switch (c.parser.next(bytes, options.max_control_line(), c.awaits_auth)) {
        case command_status::need_more: return;
        case command_status::line: on_line(c); break;
        case command_status::payload: on_payload(c); break;
        case command_status::refused: end_with_error(c, "Authorization Violation"); break;
        case command_status::unknown: end_with_error(c, "Unknown Protocol Operation"); break;
        case command_status::line_too_long:
            end_with_error(c, "maximum control line exceeded");
            break;
        }
    }
}

void broker_core::state::on_line(connection& c) {
    const std::string_view line = c.parser.arguments();
    switch (c.parser.kind()) {
    case command_kind::connect: on_connect(c, line); break;
    case command_kind::ping: on_ping(c); break;
    case command_kind::pong: c.pings_out = 0; break;
    case command_kind::publish:
    case command_kind::publish_with_headers: on_publish_line(c); break;
    case command_kind::subscribe: on_subscribe(c, line); break;
    case command_kind::unsubscribe: on_unsubscribe(c, line); break;
    case command_kind::info:
        if (!impl::is_json_object(line)) {
            end(c, broker_end::after_output);
        }
        break;
    case command_kind::ok: break;
    case command_kind::err: end(c, broker_end::after_output); break;
    }
}

void broker_core::state::write_ok(connection& c) {
    if (c.said.verbose) {
        write(c, "+OK\r\n");
    }
}

void broker_core::state::on_connect(connection& c, std::string_view json) {
    // A second CONNECT keeps what it does not say, and ends all subscriptions.
    if (!impl::read_connect(json, c.said)) {
        end(c, broker_end::after_output);
        return;
    }
    if (c.connected) {
        drop_subscriptions(c);
    }
    c.awaits_auth = false;
    c.headers = options.headers() && c.said.headers;
    arm_at_connect(c, now);
    if (!authenticate(c)) {
        end_with_error(c, "Authorization Violation");
        return;
    }
    c.connected = true;
    if (c.said.protocol < 0 || c.said.protocol > 1) {
        end_with_error(c, "invalid client protocol");
        return;
    }
    if (c.said.no_responders && !c.headers) {
        end_with_error(c, "no responders requires headers support");
        return;
    }
    write_ok(c);
}

bool broker_core::state::authenticate(connection& c) {
    if (c.said.new_account || !c.said.account.empty()) {
        return false;
    }
    if (!options.users().empty()) {
        for (const broker_options::user_entry& u : options.users()) {
            if (u.name == c.said.user && u.password == c.said.password) {
                c.allowed = impl::permissions(u.has_permissions ? u.permissions
                                                                : options.default_permissions());
                return true;
            }
        }
        return !options.token().empty() && options.token() == c.said.token;
    }
    return options.token().empty() || options.token() == c.said.token;
}

void broker_core::state::on_ping(connection& c) {
    write(c, "PONG\r\n");
    if (c.connected && !c.first_pong_sent) {
        c.first_pong_sent = true;
        if (c.said.protocol >= 1 && impl::at_least(options.version(), 2, 12)) {
            write_info(c, impl::info_kind::after_connect);
        }
    }
}

void broker_core::state::on_publish_line(connection& c) {
    const bool with_headers = c.parser.kind() == command_kind::publish_with_headers;
    const impl::publish_line line = impl::read_publish_line(c.parser.arguments(), with_headers);
    if (!line.well_formed || (with_headers && !c.headers)) {
        end(c, broker_end::after_output);
        return;
    }
    if (line.size > options.max_payload()) {
        end_with_error(c, "Maximum Payload Violation");
        return;
    }
    if (c.said.pedantic &&
        (impl::has_empty_token(line.subject) || impl::has_wildcard(line.subject))) {
        write_error(c, "Invalid Publish Subject");
    }
    c.parser.expect_payload(line.size);
}

void broker_core::state::on_payload(connection& c) {
    const bool with_headers = c.parser.kind() == command_kind::publish_with_headers;
    publish(c, impl::read_publish_line(c.parser.arguments(), with_headers), c.parser.payload());
}

void broker_core::state::on_subscribe(connection& c, std::string_view line) {
    const impl::words<3> w(line, blanks_and_ends);
    if (w.size() != 2 && w.size() != 3) {
        end(c, broker_end::after_output);
        return;
    }
    subscribe(c, w[0], w.size() == 3 ? w[1] : std::string_view(), w[w.size() - 1]);
}

void broker_core::state::subscribe(connection& c, std::string_view subject, std::string_view queue,
                                   std::string_view sid) {
    if (queue == system_group || !c.allowed.can_subscribe(subject, queue)) {
        std::string text = "Permissions Violation for Subscription to " + impl::quoted(subject);
        if (!queue.empty()) {
            text += " using queue " + impl::quoted(queue);
        }
        write_error(c, text);
        return;
    }
    if (options.max_subscriptions() != 0 && c.subscriptions.size() >= options.max_subscriptions()) {
        write_error(c, "maximum subscriptions exceeded");
        return;
    }
    if (c.subscriptions.contains(sid)) {
        write_ok(c);
        return;
    }
    if (!impl::is_subscribable(subject)) {
        write_error(c, "Invalid Subject");
        return;
    }
    auto s = std::make_unique<subscription>();
    s->owner = &c;
    s->order = ++next_order_;
    s->sid = sid;
    s->subject = subject;
    s->queue = queue;
    tree.insert(s->subject, s.get());
    c.filters_deliveries = c.filters_deliveries || impl::has_wildcard(subject) || !queue.empty();
    c.subscriptions.emplace(s->sid, std::move(s));
    ++subscription_count;
    write_ok(c);
}

void broker_core::state::on_unsubscribe(connection& c, std::string_view line) {
    const impl::words<2> w(line, blanks_and_ends);
    if (w.size() != 1 && w.size() != 2) {
        end(c, broker_end::after_output);
        return;
    }
    const std::int64_t max = w.size() == 2 ? impl::read_size(w[1]) : -1;
    if (const auto found = c.subscriptions.find(w[0]); found != c.subscriptions.end()) {
        subscription& s = *found->second;
        if (max > 0 && static_cast<std::uint64_t>(max) > s.delivered) {
            s.max = static_cast<std::uint64_t>(max);
        } else {
            unsubscribe(c, w[0]);
        }
    }
    write_ok(c);
}

void broker_core::state::unsubscribe(connection& c, std::string_view sid) {
    const auto found = c.subscriptions.find(sid);
    subscription& s = *found->second;
    tree.remove(s.subject, &s);
    c.subscriptions.erase(found);
    --subscription_count;
}

void broker_core::state::drop_subscriptions(connection& c) {
    for (const auto& each : c.subscriptions) {
        tree.remove(each.second->subject, each.second.get());
    }
    subscription_count -= c.subscriptions.size();
    c.subscriptions.clear();
}

} // namespace testing
} // namespace v0
} // namespace conats
