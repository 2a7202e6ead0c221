// SPDX-License-Identifier: Apache-2.0
#include "engine/logger.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

log_level level_of_status(const event& e) noexcept {
    const bool as_wished = !e.what() || e.what() == condition::closed;
    switch (e.status()) {
    case status::connected:
    case status::draining_subs: return log_level::info;
    case status::disconnected: return as_wished ? log_level::info : log_level::warning;
    case status::closed: return as_wished ? log_level::info : log_level::error;
    default: return log_level::debug;
    }
}

std::string_view name_of_status(status s) noexcept {
    switch (s) {
    case status::draining_subs: return "draining";
    case status::draining_pubs: return "closing";
    default: return to_string(s);
    }
}

std::string_view name_of(const event& e) noexcept {
    if (e.kind() == event_kind::status_changed)
        return name_of_status(e.status());
    if (e.kind() == event_kind::connect_failed && e.what() == condition::auth)
        return "auth_failed";
    return to_string(e.kind());
}

std::string text_of(const event& e) {
    switch (e.kind()) {
    case event_kind::servers_discovered:
        return std::to_string(e.count()) + (e.count() == 1 ? " new server" : " new servers");
    case event_kind::subscription_changed: {
        std::string text(to_string(e.subscription_state()));
        if (!e.what())
            text += " [" + e.what().subject() + ']';
        return text;
    }
    default: return {};
    }
}

} // namespace

log_level level_of(const event& e) noexcept {
    switch (e.kind()) {
    case event_kind::status_changed: return level_of_status(e);
    case event_kind::subscription_changed: return log_level::debug;
    case event_kind::handler_failed: return log_level::error;
    case event_kind::connect_failed:
        return e.what() == condition::auth ? log_level::error : log_level::warning;
    case event_kind::servers_discovered:
    case event_kind::userinfo_ignored:
    case event_kind::lame_duck: return log_level::info;
    default: return log_level::warning;
    }
}

log_record to_record(const event& e, const std::string& server) {
    const std::string& own = e.what().server();
    return {level_of(e), name_of(e), text_of(e), own.empty() ? server : own, e.what()};
}

void logger::add(log_record r, time_point now, records& out) {
    add_due(now, out);
    if (wants(r.level()) && limiter_.admit(r.event(), r.level(), now))
        out.push_back(std::move(r));
}

void logger::add_due(time_point now, records& out) {
    while (const auto s = limiter_.take_due(now))
        out.emplace_back(s->level, s->event,
                         std::to_string(s->left_out) + " more of these were left out");
}

void logger::tell(const records& all) const noexcept {
    for (const log_record& r : all) {
        try {
            sink_(r);
        } catch (...) { // there is nobody to tell of it
        }
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
