// SPDX-License-Identifier: Apache-2.0
#include "testing/memory_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

time_point now_on(const asio::any_io_executor& executor) {
    return conats::impl::time_of(executor).now();
}

memory_stream::memory_stream(const asio::any_io_executor& executor,
                             std::unique_ptr<memory_peer> peer)
    : executor_(executor),
      gate_(std::make_shared<conats::impl::timer>(executor)),
      peer_(std::move(peer)),
      remote_(peer_->name()) {
    // A wake is posted, so it cannot come between a look at the peer and the wait for it.
    peer_->on_ready([executor, gate = std::weak_ptr<conats::impl::timer>(gate_)] {
        asio::post(executor, [gate] {
            if (const auto g = gate.lock()) {
                g->cancel();
            }
        });
    });
}

memory_stream::~memory_stream() {
    end();
}

asio::awaitable<std::size_t> memory_stream::read_some(asio::mutable_buffer to, error_code& ec) {
    ec.clear();
    while (peer_ && to.size() != 0) {
        time_point until = time_point::max();
        const std::size_t n =
            peer_->take(static_cast<char*>(to.data()), to.size(), now_on(executor_), until, ec);
        if (n != 0 || ec) {
            co_return n;
        }
        gate_->expires_at(until);
        co_await gate_->wait();
    }
    if (!peer_) {
        ec = asio::error::operation_aborted;
    }
    co_return 0;
}

asio::awaitable<std::size_t> memory_stream::write_some(std::span<const asio::const_buffer> from,
                                                       error_code& ec) {
    ec.clear();
    std::size_t written = 0;
    for (const asio::const_buffer& part : from) {
        if (!peer_) {
            ec = asio::error::operation_aborted;
            break;
        }
        peer_->give(static_cast<const char*>(part.data()), part.size(), now_on(executor_), ec);
        if (ec) {
            break;
        }
        written += part.size();
    }
    co_return written;
}

void memory_stream::end() noexcept {
    if (peer_) {
        peer_->on_ready({});
        peer_->gone();
        peer_.reset();
    }
}

void memory_stream::close() noexcept {
    end();
    gate_->cancel();
}

std::string memory_stream::local_address() const {
    return "memory";
}
std::string memory_stream::remote_address() const {
    return remote_;
}

std::unique_ptr<stream> connect_in_memory(const asio::any_io_executor& executor,
                                          std::unique_ptr<memory_peer> peer, const char* why) {
    if (!peer) {
        throw boost::system::system_error(error_code(asio::error::connection_refused), why);
    }
    return std::make_unique<memory_stream>(executor, std::move(peer));
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
