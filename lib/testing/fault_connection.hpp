// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "testing/fault_line.hpp"

#include <conats/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

enum class way : std::uint8_t { to_server, to_client };

class fault_connection;

/// What a proxy and its connections share, under a lock.
class fault_settings {
public:
    void set(way w, const faults& f);
    [[nodiscard]] faults get(way w) const;
    void refuse(bool on);
    [[nodiscard]] bool refuses() const;
    /// Ends every connection, on its own strand.
    void end_all(fault_action how);

    void count_refused();
    void count_bytes(way w, std::size_t n);
    void count_ended();
    [[nodiscard]] fault_statistics statistics() const;

    void add(fault_connection& c);
    void remove(fault_connection& c);

private:
    mutable std::mutex mutex_;
    std::array<faults, 2> faults_;
    bool refuses_ = false;
    fault_statistics counters_;
    std::list<fault_connection*> connections_; ///< those whose context lives
};

/// A client's socket and the server's. Held by the frames of the four coroutines that carry bytes,
/// and by nothing else, so that a context which is destroyed takes it along.
class fault_connection : public std::enable_shared_from_this<fault_connection> {
public:
    using tcp = boost::asio::ip::tcp;

    static void start(std::shared_ptr<fault_settings> shared, tcp::socket client,
                      tcp::socket server);

    fault_connection(std::shared_ptr<fault_settings> shared, tcp::socket client,
                     tcp::socket server);
    fault_connection(const fault_connection&) = delete;
    fault_connection& operator=(const fault_connection&) = delete;
    ~fault_connection();

    // From any thread, under the settings' lock, so that the context cannot go meanwhile.
    void post_change();
    void post_end(fault_action how);

private:
    using time_point = std::chrono::steady_clock::time_point;

    struct parcel {
        time_point due;
        std::string bytes;
        fault_action action = fault_action::none;
    };
    struct direction {
        direction(way w, tcp::socket& f, tcp::socket& t)
            : which(w),
              from(f),
              to(t),
              changed(f.get_executor()),
              arrived(f.get_executor()) {}
        const way which;
        tcp::socket& from;
        tcp::socket& to;
        fault_line line;
        std::deque<parcel> under_way;
        std::size_t size = 0; ///< bytes of `under_way`
        // Never expire: cancelled to resume who waits.
        boost::asio::steady_timer changed; ///< for who reads
        boost::asio::steady_timer arrived; ///< for who writes
        bool reading = true;
        bool cut = false; ///< its end is under way
    };

    static boost::asio::awaitable<void> read(std::shared_ptr<fault_connection> self, direction& d);
    static boost::asio::awaitable<void> write(std::shared_ptr<fault_connection> self, direction& d);
    /// Puts what has been read under way, when it may.
    boost::asio::awaitable<void> dispatch(direction& d, std::string bytes);
    boost::asio::awaitable<bool> write_parcel(direction& d, parcel p);
    void send(direction& d, std::string bytes, fault_action action);
    void end(fault_action how);

    const std::shared_ptr<fault_settings> shared_;
    tcp::socket client_;
    tcp::socket server_;
    direction to_server_;
    direction to_client_;
    bool ended_ = false;
};

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
