// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace testing {

/// What a user may publish and subscribe to, by the rules of nats-server: without an `allow`
/// everything is allowed, `deny` wins over it, both take wildcards.
///
/// Source: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/authorization
class broker_permissions {
public:
    broker_permissions() {} // not an aggregate, for g++ 12

    /// Adds a subject that may be published to.
    broker_permissions& allow_publish(std::string subject) {
        allow_publish_.push_back(std::move(subject));
        return *this;
    }
    /// Adds one that must not be published to.
    broker_permissions& deny_publish(std::string subject) {
        deny_publish_.push_back(std::move(subject));
        return *this;
    }
    /// `subject` or `subject queue`; the latter is about members of that queue group alone.
    broker_permissions& allow_subscribe(std::string subject) {
        allow_subscribe_.push_back(std::move(subject));
        return *this;
    }
    /// Adds one that must not be subscribed to, likewise.
    broker_permissions& deny_subscribe(std::string subject) {
        deny_subscribe_.push_back(std::move(subject));
        return *this;
    }
    /// Publishing to the reply subject of a message that was received is allowed, `max` times
    /// within `expires`. 0: without that limit. Without an `allow_publish` nothing else is.
    broker_permissions& allow_responses(
        std::uint64_t max = 1, std::chrono::nanoseconds expires = std::chrono::minutes(2)) {
        responses_ = true;
        max_responses_ = max;
        responses_expire_ = expires;
        return *this;
    }

    [[nodiscard]] const std::vector<std::string>& allow_publish() const noexcept {
        return allow_publish_;
    }
    [[nodiscard]] const std::vector<std::string>& deny_publish() const noexcept {
        return deny_publish_;
    }
    [[nodiscard]] const std::vector<std::string>& allow_subscribe() const noexcept {
        return allow_subscribe_;
    }
    [[nodiscard]] const std::vector<std::string>& deny_subscribe() const noexcept {
        return deny_subscribe_;
    }
    /// Whether `allow_responses` was called.
    [[nodiscard]] bool responses() const noexcept { return responses_; }
    /// How many answers; 0: any number.
    [[nodiscard]] std::uint64_t max_responses() const noexcept { return max_responses_; }
    /// Within which time; 0: any.
    [[nodiscard]] std::chrono::nanoseconds responses_expire() const noexcept {
        return responses_expire_;
    }

private:
    std::vector<std::string> allow_publish_;
    std::vector<std::string> deny_publish_;
    std::vector<std::string> allow_subscribe_;
    std::vector<std::string> deny_subscribe_;
    bool responses_ = false;
    std::uint64_t max_responses_ = 0;
    std::chrono::nanoseconds responses_expire_{};
};

/// How a broker behaves. A value; each setter returns `*this`. The defaults are those of
/// nats-server, without authentication.
class broker_options {
public:
    /// A user of the broker.
    struct user_entry {
        user_entry() {}                 // not an aggregate, for g++ 12
        std::string name;               ///< the user
        std::string password;           ///< as the client has to give it
        broker_permissions permissions; ///< where it has some of its own
        bool has_permissions = false;   ///< otherwise those of `default_permissions`
    };
    /// A field of INFO beside those of the broker.
    struct info_field {
        info_field() {}   // not an aggregate, for g++ 12
        std::string name; ///< of the field
        std::string json; ///< its value
    };

    broker_options() {} // not an aggregate, for g++ 12

    /// Clients need this token.
    broker_options& token(std::string value) {
        token_ = std::move(value);
        return *this;
    }
    [[nodiscard]] const std::string& token() const noexcept { return token_; }

    /// One more user; who is none of them is refused.
    broker_options& user(std::string name, std::string password) {
        user_entry u;
        u.name = std::move(name);
        u.password = std::move(password);
        users_.push_back(std::move(u));
        return *this;
    }
    broker_options& user(std::string name, std::string password, broker_permissions permissions) {
        user(std::move(name), std::move(password));
        users_.back().permissions = std::move(permissions);
        users_.back().has_permissions = true;
        return *this;
    }
    /// All that were added.
    [[nodiscard]] const std::vector<user_entry>& users() const noexcept { return users_; }

    /// For everybody who has no permissions of their own, whether there is authentication or not.
    broker_options& default_permissions(broker_permissions p) {
        default_permissions_ = std::move(p);
        return *this;
    }
    [[nodiscard]] const broker_permissions& default_permissions() const noexcept {
        return default_permissions_;
    }

    /// How long a client may take to authenticate. Default: 2 s.
    broker_options& auth_timeout(std::chrono::nanoseconds d) {
        auth_timeout_ = d;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds auth_timeout() const noexcept { return auth_timeout_; }

    /// Bytes of headers and payload of a message. Default: 1 MiB.
    broker_options& max_payload(std::size_t bytes) {
        max_payload_ = bytes;
        return *this;
    }
    [[nodiscard]] std::size_t max_payload() const noexcept { return max_payload_; }

    /// Bytes of a line behind its verb. Default: 4096.
    broker_options& max_control_line(std::size_t bytes) {
        max_control_line_ = bytes;
        return *this;
    }
    [[nodiscard]] std::size_t max_control_line() const noexcept { return max_control_line_; }

    /// Subscriptions of one connection. Default: 0, any number.
    broker_options& max_subscriptions(std::size_t n) {
        max_subscriptions_ = n;
        return *this;
    }
    [[nodiscard]] std::size_t max_subscriptions() const noexcept { return max_subscriptions_; }

    /// Connections at a time. Default: 65536.
    broker_options& max_connections(std::size_t n) {
        max_connections_ = n;
        return *this;
    }
    [[nodiscard]] std::size_t max_connections() const noexcept { return max_connections_; }

    /// Bytes that may wait for one connection; one that falls further behind is cut off as a slow
    /// consumer. Default: 64 MiB.
    broker_options& max_pending(std::size_t bytes) {
        max_pending_ = bytes;
        return *this;
    }
    [[nodiscard]] std::size_t max_pending() const noexcept { return max_pending_; }

    /// Between PINGs to an idle client; the first comes after 2 s at the latest, as with
    /// nats-server. Default: 2 min. 0: no PINGs.
    broker_options& ping_interval(std::chrono::nanoseconds d) {
        ping_interval_ = d;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds ping_interval() const noexcept { return ping_interval_; }

    /// So many unanswered PINGs close a connection as stale. Default: 2.
    broker_options& max_pings_out(unsigned n) {
        max_pings_out_ = n;
        return *this;
    }
    [[nodiscard]] unsigned max_pings_out() const noexcept { return max_pings_out_; }

    /// Whether headers are supported. Default: true.
    broker_options& headers(bool on) {
        headers_ = on;
        return *this;
    }
    [[nodiscard]] bool headers() const noexcept { return headers_; }

    /// From the notice of lame duck mode to the first connection that is closed. Default: 10 s.
    broker_options& lame_duck_grace(std::chrono::nanoseconds d) {
        lame_duck_grace_ = d;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds lame_duck_grace() const noexcept {
        return lame_duck_grace_;
    }

    /// From the notice of lame duck mode to the end. Default: 2 min.
    broker_options& lame_duck_duration(std::chrono::nanoseconds d) {
        lame_duck_duration_ = d;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds lame_duck_duration() const noexcept {
        return lame_duck_duration_;
    }

    // --- what INFO says

    /// The name of the server. Default: conats-testing.
    broker_options& server_name(std::string s) {
        server_name_ = std::move(s);
        return *this;
    }
    [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }

    /// The version of nats-server it claims to be. Before 2.12 there is no INFO behind the first
    /// PONG and no Nats-Subject in a 503, as with such servers. Default: 2.15.2.
    broker_options& version(std::string s) {
        version_ = std::move(s);
        return *this;
    }
    [[nodiscard]] const std::string& version() const noexcept { return version_; }

    /// The address it says it listens on. Default: 127.0.0.1.
    broker_options& host(std::string s) {
        host_ = std::move(s);
        return *this;
    }
    [[nodiscard]] const std::string& host() const noexcept { return host_; }

    /// The port it says it listens on. Default: 4222.
    broker_options& port(std::uint16_t n) {
        port_ = n;
        return *this;
    }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// Other servers of the cluster, `host:port`.
    broker_options& connect_urls(std::vector<std::string> urls) {
        connect_urls_ = std::move(urls);
        return *this;
    }
    [[nodiscard]] const std::vector<std::string>& connect_urls() const noexcept {
        return connect_urls_;
    }

    /// A field of INFO as it stands there: `info("nonce", "\"abc\"")`. Replaces one that the broker
    /// would write.
    broker_options& info(std::string name, std::string json) {
        info_field f;
        f.name = std::move(name);
        f.json = std::move(json);
        info_.push_back(std::move(f));
        return *this;
    }
    [[nodiscard]] const std::vector<info_field>& info() const noexcept { return info_; }

private:
    std::string token_;
    std::vector<user_entry> users_;
    broker_permissions default_permissions_;
    std::chrono::nanoseconds auth_timeout_ = std::chrono::seconds(2);
    std::size_t max_payload_ = std::size_t{1024} * 1024;
    std::size_t max_control_line_ = 4096;
    std::size_t max_subscriptions_ = 0;
    std::size_t max_connections_ = 65536;
    std::size_t max_pending_ = std::size_t{64} * 1024 * 1024;
    std::chrono::nanoseconds ping_interval_ = std::chrono::minutes(2);
    unsigned max_pings_out_ = 2;
    bool headers_ = true;
    std::chrono::nanoseconds lame_duck_grace_ = std::chrono::seconds(10);
    std::chrono::nanoseconds lame_duck_duration_ = std::chrono::minutes(2);
    std::string server_name_ = "conats-testing";
    std::string version_ = "2.15.2";
    std::string host_ = "127.0.0.1";
    std::uint16_t port_ = 4222;
    std::vector<std::string> connect_urls_;
    std::vector<info_field> info_;
};

} // namespace testing
} // namespace v0
} // namespace conats
