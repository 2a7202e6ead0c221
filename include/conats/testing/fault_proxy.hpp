// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace conats {
inline namespace v0 {

namespace asio = boost::asio;

namespace testing {

/// What goes wrong on the way, in one direction. A value; each setter returns `*this`.
///
/// Positions count the bytes of one connection in this direction from its start: `corrupt(0)` is
/// about the first byte, `close_after(0)` happens before it.
class faults {
public:
    /// A position that no connection comes to.
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    faults() {} // not an aggregate, for g++ 12

    /// Everything arrives so much later; as much may be under way as there is room for.
    faults& latency(std::chrono::nanoseconds d) {
        latency_ = d;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds latency() const noexcept { return latency_; }

    /// Bytes a second. 0: no limit.
    faults& rate(std::uint64_t bytes) {
        rate_ = bytes;
        return *this;
    }
    [[nodiscard]] std::uint64_t rate() const noexcept { return rate_; }

    /// Behind so many bytes both sides see the end of the connection.
    faults& close_after(std::uint64_t bytes) {
        close_after_ = bytes;
        return *this;
    }
    [[nodiscard]] std::uint64_t close_after() const noexcept { return close_after_; }

    /// ... see a reset.
    faults& reset_after(std::uint64_t bytes) {
        reset_after_ = bytes;
        return *this;
    }
    [[nodiscard]] std::uint64_t reset_after() const noexcept { return reset_after_; }

    /// ... the receiver sees the end; the other direction goes on, and what else comes in this one
    /// is lost.
    faults& half_close_after(std::uint64_t bytes) {
        half_close_after_ = bytes;
        return *this;
    }
    [[nodiscard]] std::uint64_t half_close_after() const noexcept { return half_close_after_; }

    /// ... nothing is read any more. It goes on where it stopped when the faults change.
    faults& stall_after(std::uint64_t bytes) {
        stall_after_ = bytes;
        return *this;
    }
    /// At once.
    faults& stall() { return stall_after(0); }
    /// What was set, or `never`.
    [[nodiscard]] std::uint64_t stall_after() const noexcept { return stall_after_; }

    /// Turns all bits of a byte.
    faults& corrupt(std::uint64_t position) {
        corrupt_ = position;
        return *this;
    }
    [[nodiscard]] std::uint64_t corrupt() const noexcept { return corrupt_; }

    /// Leaves a byte out.
    faults& drop(std::uint64_t position) {
        drop_ = position;
        return *this;
    }
    [[nodiscard]] std::uint64_t drop() const noexcept { return drop_; }

    /// Everything is read and lost.
    faults& blackhole(bool on = true) {
        blackhole_ = on;
        return *this;
    }
    [[nodiscard]] bool blackhole() const noexcept { return blackhole_; }

private:
    std::chrono::nanoseconds latency_{};
    std::uint64_t rate_ = 0;
    std::uint64_t close_after_ = never;
    std::uint64_t reset_after_ = never;
    std::uint64_t half_close_after_ = never;
    std::uint64_t stall_after_ = never;
    std::uint64_t corrupt_ = never;
    std::uint64_t drop_ = never;
    bool blackhole_ = false;
};

/// What a fault proxy has seen.
struct fault_statistics {
    std::uint64_t connections = 0;      ///< accepted and connected to the server
    std::uint64_t refused = 0;          ///< by `refuse`, or since the server could not be reached
    std::uint64_t open = 0;             ///< now
    std::uint64_t bytes_to_server = 0;  ///< passed on
    std::uint64_t bytes_to_client = 0;  ///< passed on
    std::uint64_t closed_by_faults = 0; ///< connections ended by faults, `close_all`, `reset_all`
};

/// Listens on 127.0.0.1 and passes everything on to a server, as well or as badly as it is told.
///
///     fault_proxy proxy("127.0.0.1", 4222);
///     auto nc = co_await conats::connect(proxy.url());
///     proxy.to_client(faults().reset_after(1000));
///
/// Faults may be changed at any time, also for connections that are open.
///
/// Lifetime: when it goes its connections are reset. It may go before or after the context of its
/// executor.
/// Thread safety: everything, from any thread.
class fault_proxy {
public:
    /// On the user's executor; each connection on a strand of its own. `io_context::run()` does
    /// not return before the proxy goes. Throws `system_error`.
    fault_proxy(const asio::any_io_executor& executor, std::string host, std::uint16_t port);
    /// In a thread of its own.
    fault_proxy(std::string host, std::uint16_t port);
    fault_proxy(const fault_proxy&) = delete;
    fault_proxy& operator=(const fault_proxy&) = delete;
    ~fault_proxy();

    /// The port of 127.0.0.1 it listens on.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// `nats://127.0.0.1:<port>`
    [[nodiscard]] std::string url() const;

    /// What goes wrong with what the client sends, from now on.
    void to_server(const faults& f);
    /// ... with what the server sends.
    void to_client(const faults& f);
    /// Nothing goes wrong any more.
    void pass();
    /// New connections are reset at once.
    void refuse(bool on = true);
    /// Both sides of every connection see its end.
    void close_all();
    /// ... see a reset.
    void reset_all();

    /// What it has seen so far.
    [[nodiscard]] fault_statistics statistics() const;

private:
    class state;
    class own_thread;
    std::unique_ptr<own_thread> thread_;
    std::shared_ptr<state> state_;
    std::uint16_t port_ = 0;
};

} // namespace testing
} // namespace v0
} // namespace conats
