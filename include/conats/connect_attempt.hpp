// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {

/// What an attempt to connect goes through, in this order; with a server that wants TLS after its
/// INFO, `info` before `tls`.
enum class connect_phase : std::uint8_t {
    dns,       ///< from the server's name to addresses, or the proxy's name
    tcp,       ///< to one of them
    transport, ///< a proxy, a WebSocket, or a stream of the user's
    tls,       ///< our files read, and the handshake
    info,      ///< until the server's INFO
    auth       ///< credentials found, CONNECT sent, until the server's verdict
};

CONATS_EXPORT std::string_view to_string(connect_phase p) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, connect_phase p);

/// How an attempt to connect to one server went. A value; holds no secret.
class CONATS_EXPORT connect_attempt {
public:
    /// The number of phases.
    static constexpr std::size_t phases = 6;

    connect_attempt();
    connect_attempt(std::string server, std::uint64_t number);
    connect_attempt(const connect_attempt&);
    connect_attempt(connect_attempt&&) noexcept;
    connect_attempt& operator=(const connect_attempt&);
    connect_attempt& operator=(connect_attempt&&) noexcept;
    ~connect_attempt();

    /// The server as `scheme://host:port`, without userinfo.
    [[nodiscard]] const std::string& server() const noexcept { return server_; }
    /// The number of this attempt, counted from 1 over the client's life; 0: there was none.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// Where TCP connections were tried, as `ip:port`, in order; the last one is the one made, if
    /// any was.
    [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }
    /// The phase it came to: the one that failed, if `what()` says so.
    [[nodiscard]] connect_phase phase() const noexcept { return phase_; }
    /// How long a phase took; zero if it did not come to that, or needed no time.
    [[nodiscard]] std::chrono::nanoseconds took(connect_phase p) const noexcept {
        return took_[static_cast<std::size_t>(p)];
    }
    /// Of all phases.
    [[nodiscard]] std::chrono::nanoseconds total() const noexcept;
    /// What the server said against it last, in its own words; empty if it said nothing.
    [[nodiscard]] const std::string& server_words() const noexcept { return server_words_; }
    /// Why it failed; no error if it did not.
    [[nodiscard]] const error& what() const noexcept { return what_; }

    /// Adds one to `addresses()`.
    connect_attempt& add_address(std::string address) {
        addresses_.push_back(std::move(address));
        return *this;
    }
    connect_attempt& phase(connect_phase p) noexcept {
        phase_ = p;
        return *this;
    }
    /// Adds to how long a phase took.
    connect_attempt& add_time(connect_phase p, std::chrono::nanoseconds t) noexcept {
        took_[static_cast<std::size_t>(p)] += t;
        return *this;
    }
    connect_attempt& server_words(std::string_view words) {
        server_words_ = words;
        return *this;
    }
    connect_attempt& what(error e) {
        what_ = std::move(e);
        return *this;
    }

private:
    std::string server_;
    std::string server_words_;
    std::vector<std::string> addresses_;
    error what_;
    std::array<std::chrono::nanoseconds, phases> took_{};
    std::uint64_t number_ = 0;
    connect_phase phase_ = connect_phase::dns;
};

/// One line, without the server:
/// "failed in tcp after 2.1 ms (dns 1.9 ms, tcp 0.2 ms; 10.0.0.1:4222): connection_refused: ..."
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const connect_attempt& a);

} // namespace v0
} // namespace conats
