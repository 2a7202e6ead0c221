// SPDX-License-Identifier: Apache-2.0
#include <conats/event.hpp>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace conats {
inline namespace v0 {

std::string_view to_string(event_kind k) noexcept {
    switch (k) {
    case event_kind::status_changed: return "status_changed";
    case event_kind::server_error: return "server_error";
    case event_kind::permission_denied: return "permission_denied";
    case event_kind::slow_consumer: return "slow_consumer";
    case event_kind::subscription_changed: return "subscription_changed";
    case event_kind::handler_failed: return "handler_failed";
    case event_kind::malformed_headers: return "malformed_headers";
    case event_kind::userinfo_ignored: return "userinfo_ignored";
    case event_kind::tls_not_verified: return "tls_not_verified";
    case event_kind::lame_duck: return "lame_duck";
    case event_kind::connect_failed: return "connect_failed";
    case event_kind::servers_discovered: return "servers_discovered";
    case event_kind::server_not_in_pool: return "server_not_in_pool";
    case event_kind::publish_dropped: return "publish_dropped";
    case event_kind::events_dropped: return "events_dropped";
    }
    return "unknown";
}

std::string_view to_string(subscription_status s) noexcept {
    switch (s) {
    case subscription_status::active: return "active";
    case subscription_status::slow: return "slow";
    case subscription_status::draining: return "draining";
    case subscription_status::closed: return "closed";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, event_kind k) {
    return os << to_string(k);
}

std::ostream& operator<<(std::ostream& os, subscription_status s) {
    return os << to_string(s);
}

event::event() = default;
event::event(event_kind kind, error what) : what_(std::move(what)), kind_(kind) {}
event::event(const event&) = default;
event::event(event&&) noexcept = default;
event& event::operator=(const event&) = default;
event& event::operator=(event&&) noexcept = default;
event::~event() = default;

std::ostream& operator<<(std::ostream& os, const event& e) {
    const std::string what = e.what() ? e.what().what() : std::string();
    const std::string_view kind = to_string(e.kind());
    // Some kinds are called like the code of their error, with which its words begin.
    if (what.starts_with(kind) && what.substr(kind.size(), 1) == ":") {
        os << what;
        return e.count() == 1 ? os : os << " (" << e.count() << " times)";
    }
    os << kind;
    if (e.kind() == event_kind::status_changed)
        os << ' ' << e.status();
    if (e.kind() == event_kind::subscription_changed)
        os << ' ' << e.subscription_state();
    if (!what.empty())
        os << ": " << what;
    else if (!e.what().subject().empty())
        os << ": " << e.what().subject();
    if (e.count() != 1)
        os << " (" << e.count() << " times)";
    return os;
}

} // namespace v0
} // namespace conats
