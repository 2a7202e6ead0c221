// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "testing/memory_stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

/// What is done with a new connection, in a handler on its strand.
using socket_handler = std::function<void(asio::ip::tcp::socket socket)>;

/// What listens on 127.0.0.1 on behalf of an object that may go before or after the contexts it
/// listens in.
class loopback_listeners {
public:
    /// Each connection gets a strand of its own. Returns the port; throws `system_error`.
    std::uint16_t listen(const asio::any_io_executor& executor, std::uint16_t port,
                         socket_handler handler);
    /// Stops listening; connections go on.
    void stop();

private:
    struct entry;
    struct registry {
        std::mutex mutex;
        std::list<entry*> entries; ///< those whose context lives
    };

    static asio::awaitable<void> accept(std::shared_ptr<entry> e);

    std::shared_ptr<registry> registry_ = std::make_shared<registry>();
};

/// Lets a peer answer a connection. No peer: it is refused, by a reset.
void serve_peer(asio::ip::tcp::socket socket, std::unique_ptr<memory_peer> peer);
/// Closes with a reset.
void reset_socket(asio::ip::tcp::socket& socket) noexcept;

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
