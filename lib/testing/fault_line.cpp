// SPDX-License-Identifier: Apache-2.0
#include "testing/fault_line.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

fault_result fault_line::feed(const faults& f, std::string_view bytes) {
    fault_result result;
    std::uint64_t limit = faults::never;
    const auto stop_at = [&](std::uint64_t position, fault_action action) {
        if (position < limit) {
            limit = position;
            result.action = action;
        }
    };
    stop_at(f.close_after(), fault_action::close);
    stop_at(f.reset_after(), fault_action::reset);
    stop_at(f.stall_after(), fault_action::stall);
    if (!half_closed_) {
        stop_at(f.half_close_after(), fault_action::half_close);
    }
    const std::uint64_t room = limit <= at_ ? 0 : limit - at_;
    result.used = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()));
    if (room > bytes.size()) {
        result.action = fault_action::none;
    }
    const std::uint64_t end = at_ + result.used;
    if (!f.blackhole() && !half_closed_) {
        result.out = bytes.substr(0, result.used);
        if (f.corrupt() >= at_ && f.corrupt() < end) {
            char& c = result.out[static_cast<std::size_t>(f.corrupt() - at_)];
            c = static_cast<char>(~static_cast<unsigned char>(c));
        }
        if (f.drop() >= at_ && f.drop() < end) {
            result.out.erase(static_cast<std::size_t>(f.drop() - at_), 1);
        }
    }
    at_ = end;
    half_closed_ = half_closed_ || result.action == fault_action::half_close;
    return result;
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
