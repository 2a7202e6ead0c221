// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {

/// How much a log record matters; as a threshold, which ones are told.
enum class log_level : std::uint8_t {
    off,     ///< of no record; as a threshold: nothing is told
    error,   ///< the client closes against its will, credentials are refused, a handler threw
    warning, ///< something is lost, or failed and will be tried again
    info,    ///< the life of the connection: connected, waiting, servers found, draining, closed
    debug    ///< each attempt with its times, and what becomes of each subscription
};

CONATS_EXPORT std::string_view to_string(log_level l) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, log_level l);

/// Something worth a line in a log. A value; holds no secret.
class CONATS_EXPORT log_record {
public:
    log_record();
    /// `event` has to live for ever, as a literal does.
    log_record(log_level level, std::string_view event, std::string text = {},
               std::string server = {}, error what = error());
    log_record(const log_record&);
    log_record(log_record&&) noexcept;
    log_record& operator=(const log_record&);
    log_record& operator=(log_record&&) noexcept;
    ~log_record();

    /// How much it matters.
    [[nodiscard]] log_level level() const noexcept { return level_; }
    /// What it tells of, a name to filter by: "connected", "slow_consumer". docs/observability.md
    /// lists them.
    [[nodiscard]] std::string_view event() const noexcept { return event_; }
    /// In words, without what `what()` says.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// The server it is about as `scheme://host:port`, without userinfo, or empty.
    [[nodiscard]] const std::string& server() const noexcept { return server_; }
    /// The cause, if there is one.
    [[nodiscard]] const error& what() const noexcept { return what_; }

private:
    std::string text_;
    std::string server_;
    error what_;
    std::string_view event_;
    log_level level_ = log_level::off;
};

/// One line, without its end:
/// "warning connect_failed nats://h:4222: connection_refused: 10.0.0.1:4222 refused the connection"
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const log_record& r);

} // namespace v0
} // namespace conats
