// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/timing.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// What a nats-server says about itself on its monitoring port. Every call is one blocking HTTP
/// request with a deadline and throws std::runtime_error when it gets no JSON.
///
///     nats_server server;
///     CHECK(eventually([&] { return server.monitor().connections() == 1; }));
class server_monitor {
public:
    server_monitor(std::string host, std::uint16_t port);

    /// The JSON at a path such as "/connz?subs=1".
    [[nodiscard]] boost::json::value get(std::string_view path) const;

    [[nodiscard]] boost::json::object varz() const;
    [[nodiscard]] boost::json::object connz() const; ///< with each connection's subscriptions
    [[nodiscard]] boost::json::object subsz() const;

    [[nodiscard]] std::int64_t connections() const;       ///< open now
    [[nodiscard]] std::int64_t total_connections() const; ///< since the start
    [[nodiscard]] std::int64_t in_msgs() const;           ///< from clients
    [[nodiscard]] std::int64_t out_msgs() const;          ///< to clients
    [[nodiscard]] std::int64_t in_bytes() const;
    [[nodiscard]] std::int64_t slow_consumers() const;
    [[nodiscard]] std::int64_t subscriptions()
        const; ///< of clients; servers have some of their own

    /// The first open connection with this name (CONNECT's `name`).
    [[nodiscard]] std::optional<boost::json::object> connection(std::string_view name) const;
    /// How many subscriptions it has; -1 where there is no such connection.
    [[nodiscard]] std::int64_t subscriptions(std::string_view name) const;
    /// Their subjects, sorted; empty where there is no such connection.
    [[nodiscard]] std::vector<std::string> subjects(std::string_view name) const;

private:
    [[nodiscard]] std::int64_t number(std::string_view path, std::string_view field) const;

    std::string host_;
    std::uint16_t port_;
};

} // namespace conats::test
