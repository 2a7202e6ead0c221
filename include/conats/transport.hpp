// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>
#include <conats/fwd.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace conats {
inline namespace v0 {

/// Which IP addresses of a host are tried, and in which order.
enum class ip_order : std::uint8_t {
    any,      ///< as shuffled, or as resolved with `connect_options::retain_order`
    v4_first, ///< IPv4 before IPv6
    v6_first, ///< IPv6 before IPv4
    v4_only,  ///< no IPv6
    v6_only   ///< no IPv4
};

CONATS_EXPORT std::string_view to_string(ip_order o) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, ip_order o);

/// The server that a stream is to lead to. Holds no userinfo.
class CONATS_EXPORT transport_target {
public:
    transport_target();
    transport_target(const transport_target&);
    transport_target(transport_target&&) noexcept;
    transport_target& operator=(const transport_target&);
    transport_target& operator=(transport_target&&) noexcept;
    ~transport_target();

    /// "nats", "tls", "ws" or "wss".
    [[nodiscard]] const std::string& scheme() const noexcept { return scheme_; }
    /// As in the address, not resolved; an IPv6 address without its brackets.
    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    /// Of the address, or the default of its scheme.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// Of a ws or wss address; "/" where it says none.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// Counts the attempts of this client, from 1.
    [[nodiscard]] std::uint64_t attempt() const noexcept { return attempt_; }
    /// When the attempt ends and the factory is cancelled.
    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const noexcept {
        return deadline_;
    }
    /// The engine's strand, on which the stream will be used: build its sockets and timers on it.
    /// Copies of it must not outlive the execution context.
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }

    transport_target& scheme(std::string s);
    transport_target& host(std::string h);
    transport_target& port(std::uint16_t p);
    transport_target& path(std::string p);
    transport_target& attempt(std::uint64_t n);
    transport_target& deadline(std::chrono::steady_clock::time_point t);
    transport_target& executor(asio::any_io_executor ex);

private:
    std::string scheme_ = "nats";
    std::string host_;
    std::string path_ = "/";
    asio::any_io_executor executor_;
    std::chrono::steady_clock::time_point deadline_;
    std::uint64_t attempt_ = 1;
    std::uint16_t port_ = 0;
};

/// A coroutine that makes a connected `stream` (see <conats/stream.hpp>) to one server.
using stream_factory = std::function<asio::awaitable<std::unique_ptr<stream>>(transport_target)>;

/// What carries a client's bytes, for `connect_options::transport`. A value; copies share what
/// they hold.
///
/// Thread safety: as `std::shared_ptr`.
class CONATS_EXPORT transport {
public:
    /// The library's own: TCP.
    transport() noexcept;
    /// Streams of the user's own making, in place of TCP. The factory is called for every attempt
    /// to reach a server, whatever the scheme of its address: for ws and wss it does WebSocket and
    /// TLS itself and returns what lies within them.
    ///
    /// Executor: the coroutine runs on the client's executor; the stream it returns is used on
    /// `transport_target::executor()`.
    /// Cancellation: it is cancelled (terminally) when the attempt's deadline passes or the client
    /// closes, and left alone if it does not listen.
    /// Errors: what it throws is `connection_failed` with its words, and so is a null stream.
    // NOLINTNEXTLINE(google-explicit-constructor): `options.transport(factory)`
    transport(stream_factory make);
    /// The same for a lambda.
    template <class F>
        requires(
            !std::is_same_v<std::remove_cvref_t<F>, transport> &&
            !std::is_same_v<std::remove_cvref_t<F>, stream_factory> &&
            std::is_invocable_r_v<asio::awaitable<std::unique_ptr<stream>>, F&, transport_target>)
    // NOLINTNEXTLINE(google-explicit-constructor): `options.transport(lambda)`
    transport(F make) : transport(stream_factory(std::move(make))) {}
    transport(const transport&);
    transport(transport&&) noexcept;
    transport& operator=(const transport&);
    transport& operator=(transport&&) noexcept;
    ~transport();

    /// Whether it is another than the library's own.
    explicit operator bool() const noexcept { return parts_ != nullptr; }

private:
    friend struct impl::transport_access;

    std::shared_ptr<const impl::transport_parts> parts_;
};

} // namespace v0
} // namespace conats
