// SPDX-License-Identifier: Apache-2.0
#include <conats/connect_attempt.hpp>

#include <numeric>
#include <ostream>

namespace conats {
inline namespace v0 {

namespace {

/// Milliseconds with one digit behind the point, whatever the stream's flags.
std::string milliseconds(std::chrono::nanoseconds t) {
    constexpr int per_tenth = 100'000;
    const auto tenths = (t.count() + per_tenth / 2) / per_tenth;
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " ms";
}

} // namespace

std::string_view to_string(connect_phase p) noexcept {
    switch (p) {
    case connect_phase::dns: return "dns";
    case connect_phase::tcp: return "tcp";
    case connect_phase::transport: return "transport";
    case connect_phase::tls: return "tls";
    case connect_phase::info: return "info";
    case connect_phase::auth: return "auth";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, connect_phase p) {
    return os << to_string(p);
}

connect_attempt::connect_attempt() = default;
connect_attempt::connect_attempt(std::string server, std::uint64_t number)
    : server_(std::move(server)),
      number_(number) {}
connect_attempt::connect_attempt(const connect_attempt&) = default;
connect_attempt::connect_attempt(connect_attempt&&) noexcept = default;
connect_attempt& connect_attempt::operator=(const connect_attempt&) = default;
connect_attempt& connect_attempt::operator=(connect_attempt&&) noexcept = default;
connect_attempt::~connect_attempt() = default;

std::chrono::nanoseconds connect_attempt::total() const noexcept {
    return std::accumulate(took_.begin(), took_.end(), std::chrono::nanoseconds(0));
}

std::ostream& operator<<(std::ostream& os, const connect_attempt& a) {
    if (a.what())
        os << "failed in " << a.phase();
    else
        os << "connected";
    os << " after " << milliseconds(a.total()) << " (";
    const char* between = "";
    for (std::size_t i = 0; i != connect_attempt::phases; ++i) {
        const auto p = static_cast<connect_phase>(i);
        if (a.took(p).count() == 0)
            continue;
        os << between << p << ' ' << milliseconds(a.took(p));
        between = ", ";
    }
    between = *between == '\0' ? "" : "; ";
    for (const std::string& address : a.addresses()) {
        os << between << address;
        between = ", ";
    }
    os << ')';
    if (!a.what())
        return os;
    error why = a.what();
    return os << ": " << why.server(std::string()).what();
}

} // namespace v0
} // namespace conats
