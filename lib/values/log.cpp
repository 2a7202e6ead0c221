// SPDX-License-Identifier: Apache-2.0
#include <conats/log.hpp>

#include <ostream>
#include <utility>

namespace conats {
inline namespace v0 {

std::string_view to_string(log_level l) noexcept {
    switch (l) {
    case log_level::off: return "off";
    case log_level::error: return "error";
    case log_level::warning: return "warning";
    case log_level::info: return "info";
    case log_level::debug: return "debug";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, log_level l) {
    return os << to_string(l);
}

log_record::log_record() = default;
log_record::log_record(log_level level, std::string_view event, std::string text,
                       std::string server, error what)
    : text_(std::move(text)),
      server_(std::move(server)),
      what_(std::move(what)),
      event_(event),
      level_(level) {}
log_record::log_record(const log_record&) = default;
log_record::log_record(log_record&&) noexcept = default;
log_record& log_record::operator=(const log_record&) = default;
log_record& log_record::operator=(log_record&&) noexcept = default;
log_record::~log_record() = default;

std::ostream& operator<<(std::ostream& os, const log_record& r) {
    os << r.level() << ' ' << r.event();
    if (!r.server().empty())
        os << ' ' << r.server();
    if (!r.text().empty())
        os << ": " << r.text();
    if (!r.what())
        return os;
    error why = r.what();
    if (why.server() == r.server())
        why.server(std::string()); // it stands there already
    return os << ": " << why.what();
}

} // namespace v0
} // namespace conats
