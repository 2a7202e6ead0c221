// SPDX-License-Identifier: Apache-2.0
// What the doctor finds, and how it is printed.
#pragma once

#include "output.hpp"
#include "settings.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

/// In the order of checking; with a server that wants TLS after its INFO, `info` before `tls`.
enum class step : std::uint8_t {
    dns,
    tcp,
    transport,
    tls,
    info,
    auth,
    round_trip,
    subscribe,
    publish,
    jetstream
};

enum class verdict : std::uint8_t {
    ok,
    note, ///< as it may be, or not
    warning,
    failed,
    skipped ///< not tried, since something before it failed
};

/// What is wrong, by a name that scripts can rely on.
enum class diagnosis : std::uint8_t {
    none,
    unknown_host,
    dns_timeout,
    server_down,
    host_unreachable,
    proxy_failed,
    websocket_refused,
    silent_port,
    monitoring_port,
    websocket_port,
    cluster_port,
    http_server,
    other_service,
    closed_before_info,
    tls_first_expected,
    lame_duck,
    tls_required,
    tls_not_offered,
    tls_first_not_expected,
    unknown_ca,
    wrong_host_name,
    certificate_expired,
    certificate_not_yet_valid,
    certificate_rejected,
    certificate_expires_soon,
    client_certificate_required,
    client_certificate_refused,
    tls_files_unusable,
    tls_failed,
    credentials_required,
    wrong_token,
    wrong_password,
    wrong_nkey,
    wrong_jwt,
    credentials_expired,
    credentials_revoked,
    account_expired,
    credentials_unreadable,
    nkeys_not_supported,
    auth_timeout,
    max_connections,
    max_account_connections,
    slow_link,
    publish_not_permitted,
    subscribe_not_permitted,
    message_lost,
    jetstream_off,
    jetstream_not_enabled,
    jetstream_not_permitted,
    jetstream_failed,
    no_answer,
    connection_lost,
    unexpected
};

[[nodiscard]] std::string_view to_string(step s) noexcept;
[[nodiscard]] std::string_view to_string(verdict v) noexcept;
[[nodiscard]] std::string_view to_string(diagnosis d) noexcept;
/// What to do about it, in a sentence or two; empty for `none`.
[[nodiscard]] std::string_view remedy_of(diagnosis d) noexcept;

/// What a step came to.
class finding {
public:
    finding(step s, verdict v, std::string seen, diagnosis d = diagnosis::none)
        : text(std::move(seen)),
          at(s),
          result(v),
          what(d) {}

    std::string text;         ///< what was seen
    std::string server_words; ///< what the server said against it; empty if nothing
    boost::json::object more; ///< figures, for machines
    std::optional<std::chrono::nanoseconds> took;
    step at;
    verdict result;
    diagnosis what;
};

/// Prints findings as they come, or all of them as JSON in the end.
class doctor_printer {
public:
    doctor_printer(output& out, const doctor_settings& settings)
        : out_(&out),
          settings_(&settings) {}

    /// What follows is about this server.
    void begin(std::string server);
    void add(finding f);
    /// These are not tried.
    void skip(const std::vector<step>& steps);
    /// Returns the exit code.
    [[nodiscard]] int end();

private:
    struct server_report {
        std::string server;
        std::vector<finding> findings;
    };

    [[nodiscard]] static std::size_t count(const server_report& r, verdict v);
    [[nodiscard]] bool is_healthy(const server_report& r) const;
    [[nodiscard]] std::string as_json() const;
    [[nodiscard]] std::string summary() const;
    [[nodiscard]] std::string as_text(const finding& f) const;

    std::vector<server_report> servers_;
    output* out_;
    const doctor_settings* settings_;
};

} // namespace tool
