// SPDX-License-Identifier: Apache-2.0
#include <conats/status.hpp>

#include <ostream>

namespace conats {
inline namespace v0 {

std::string_view to_string(status s) noexcept {
    switch (s) {
    case status::disconnected: return "disconnected";
    case status::connecting: return "connecting";
    case status::connected: return "connected";
    case status::reconnecting: return "reconnecting";
    case status::draining_subs: return "draining_subs";
    case status::draining_pubs: return "draining_pubs";
    case status::closed: return "closed";
    }
    return "unknown";
}

std::string_view to_string(overflow o) noexcept {
    switch (o) {
    case overflow::drop_newest: return "drop_newest";
    case overflow::drop_oldest: return "drop_oldest";
    case overflow::wait: return "wait";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, status s) {
    return os << to_string(s);
}
std::ostream& operator<<(std::ostream& os, overflow o) {
    return os << to_string(o);
}

} // namespace v0
} // namespace conats
