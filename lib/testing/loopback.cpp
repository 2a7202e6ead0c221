// SPDX-License-Identifier: Apache-2.0
#include "testing/loopback.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <span>
#include <utility>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

/// A TCP connection and the stream in memory that answers it. Held by the frames of the two
/// coroutines that carry bytes, and by nothing else.
struct link {
    link(tcp::socket s, std::unique_ptr<memory_peer> peer)
        : socket(std::move(s)),
          stream(socket.get_executor(), std::move(peer)) {}
    tcp::socket socket;
    memory_stream stream;
};

/// What the client says. Its end is the stream's.
asio::awaitable<void> carry_in(std::shared_ptr<link> l) {
    std::vector<char> buffer(buffer_size);
    for (;;) {
        const auto [ec, n] = co_await l->socket.async_read_some(asio::buffer(buffer),
                                                                asio::as_tuple(asio::deferred));
        if (ec) {
            break;
        }
        const std::array<asio::const_buffer, 1> said{asio::const_buffer(buffer.data(), n)};
        error_code ignored; // a peer that has ended does not listen
        co_await l->stream.write_some(said, ignored);
    }
    l->stream.close();
}

/// What the peer answers. Its end is that of the sending direction, or a reset.
asio::awaitable<void> carry_out(std::shared_ptr<link> l) {
    std::vector<char> buffer(buffer_size);
    for (;;) {
        error_code end;
        const asio::mutable_buffer room(buffer.data(), buffer.size());
        const std::size_t size = co_await l->stream.read_some(room, end);
        error_code ignored;
        if (end == asio::error::eof) {
            (void)l->socket.shutdown(tcp::socket::shutdown_send, ignored);
            co_return;
        }
        if (end) {
            reset_socket(l->socket);
            co_return;
        }
        const auto [ec, n] = co_await asio::async_write(
            l->socket, asio::buffer(buffer.data(), size), asio::as_tuple(asio::deferred));
        if (ec) {
            co_return;
        }
    }
}

} // namespace

struct loopback_listeners::entry {
    entry(const asio::any_io_executor& ex, socket_handler h, std::shared_ptr<registry> r)
        : acceptor(ex),
          handler(std::move(h)),
          owner(std::move(r)) {
        const std::lock_guard lock(owner->mutex);
        place = owner->entries.insert(owner->entries.end(), this);
    }
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    ~entry() {
        const std::lock_guard lock(owner->mutex);
        owner->entries.erase(place);
    }

    tcp::acceptor acceptor;
    socket_handler handler;
    std::shared_ptr<registry> owner;
    std::list<entry*>::iterator place;
    std::weak_ptr<entry> self;
};

std::uint16_t loopback_listeners::listen(const asio::any_io_executor& executor, std::uint16_t port,
                                         socket_handler handler) {
    const asio::any_io_executor strand = asio::make_strand(executor);
    auto e = std::make_shared<entry>(strand, std::move(handler), registry_);
    e->self = e;
    const tcp::endpoint at(asio::ip::address_v4::loopback(), port);
    e->acceptor.open(at.protocol());
    e->acceptor.set_option(asio::socket_base::reuse_address(true));
    e->acceptor.bind(at);
    e->acceptor.listen();
    const std::uint16_t bound = e->acceptor.local_endpoint().port();
    asio::co_spawn(strand, accept(std::move(e)), asio::detached);
    return bound;
}

asio::awaitable<void> loopback_listeners::accept(std::shared_ptr<entry> e) {
    for (;;) {
        const auto executor = e->acceptor.get_executor();
        // Each connection on a strand of its own.
        const asio::any_io_executor strand = asio::make_strand(executor);
        tcp::socket socket(strand);
        const auto [ec] = co_await e->acceptor.async_accept(socket, asio::as_tuple(asio::deferred));
        if (ec == asio::error::connection_aborted) {
            continue;
        }
        if (ec || !e->acceptor.is_open()) {
            co_return;
        }
        error_code ignored;
        (void)socket.set_option(tcp::no_delay(true), ignored);
        asio::post(strand, [e, s = std::move(socket)]() mutable { e->handler(std::move(s)); });
    }
}

void loopback_listeners::stop() {
    const std::lock_guard lock(registry_->mutex);
    for (entry* const e : registry_->entries) {
        asio::post(e->acceptor.get_executor(), [weak = e->self] {
            if (const auto alive = weak.lock()) {
                error_code ignored;
                (void)alive->acceptor.close(ignored);
            }
        });
    }
}

void reset_socket(tcp::socket& socket) noexcept {
    error_code ignored;
    (void)socket.set_option(asio::socket_base::linger(true, 0), ignored);
    (void)socket.close(ignored);
}

void serve_peer(tcp::socket socket, std::unique_ptr<memory_peer> peer) {
    if (!peer) {
        reset_socket(socket);
        return;
    }
    const auto executor = socket.get_executor();
    const auto l = std::make_shared<link>(std::move(socket), std::move(peer));
    asio::co_spawn(executor, carry_in(l), asio::detached);
    asio::co_spawn(executor, carry_out(l), asio::detached);
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
