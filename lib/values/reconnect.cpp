// SPDX-License-Identifier: Apache-2.0
#include <conats/reconnect.hpp>

#include <ostream>

namespace conats {
inline namespace v0 {

std::string_view to_string(offline_policy p) noexcept {
    switch (p) {
    case offline_policy::buffer: return "buffer";
    case offline_policy::fail: return "fail";
    case offline_policy::wait: return "wait";
    }
    return "unknown";
}

std::string_view to_string(lame_duck_policy p) noexcept {
    switch (p) {
    case lame_duck_policy::move: return "move";
    case lame_duck_policy::event_only: return "event_only";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, offline_policy p) {
    return os << to_string(p);
}

std::ostream& operator<<(std::ostream& os, lame_duck_policy p) {
    return os << to_string(p);
}

server_state::server_state() = default;
server_state::server_state(const server_state&) = default;
server_state::server_state(server_state&&) noexcept = default;
server_state& server_state::operator=(const server_state&) = default;
server_state& server_state::operator=(server_state&&) noexcept = default;
server_state::~server_state() = default;

} // namespace v0
} // namespace conats
