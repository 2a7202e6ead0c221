// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "testing/memory_stream.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

/// Makes the peer of the next connection; null: refused.
using peer_source = std::function<std::unique_ptr<memory_peer>(time_point now)>;

/// What listens on 127.0.0.1 on behalf of an object that may go before or after the contexts it
/// listens in.
class loopback_listeners {
public:
    /// Serves each connection with a peer. Returns the port; throws `system_error`.
    std::uint16_t listen(const asio::any_io_executor& executor, std::uint16_t port,
                         const peer_source& source);
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

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
