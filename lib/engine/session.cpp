// SPDX-License-Identifier: Apache-2.0
#include "engine/session.hpp"

#include "engine/together.hpp"
#include "engine/wire_tracer.hpp"
#include "support/later.hpp"
#include "transport/expect_some.hpp"
#include "transport/openssl.hpp"
#include "values/no_memory.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

parser_limits limits_of(const connection& c) {
    parser_limits limits;
    limits.max_payload = c.options().max_inbound_payload();
    return limits;
}

/// For how long messages can be sent past the writer.
class direct_scope {
public:
    direct_scope(connection& c, stream& s) : connection_(c) {
        auto* const writer = dynamic_cast<direct_writer*>(&s);
        const bool wanted = c.options().send_now() && !c.options().wire_trace();
        if (wanted && writer != nullptr && writer->allow_write_now())
            c.direct(writer);
    }
    direct_scope(const direct_scope&) = delete;
    direct_scope& operator=(const direct_scope&) = delete;
    ~direct_scope() { connection_.direct(nullptr); }

private:
    connection& connection_;
};

error lost(const error_code& ec) {
    if (ec == asio::error::eof)
        return error(errc::disconnected, "the server closed the connection");
    if (ec == condition::protocol)
        return error(errc::protocol_error, ec.message());
    return error(errc::disconnected,
                 ec.category() == tls_category() ? "TLS: " + ec.message() : ec.message());
}

} // namespace

session::session(connection& c, std::unique_ptr<stream> s, std::unique_ptr<input_buffer> input,
                 std::unique_ptr<connect_walk>& next)
    : connection_(c),
      stream_(std::move(s)),
      input_(std::move(input)),
      inbound_(c, limits_of(c)),
      relocation_(c, next) {}

asio::awaitable<error> session::serve() {
    const control_scope control(connection_, *this);
    connection_.begin_session();
    const direct_scope direct(connection_, *stream_);
    const auto strand = co_await asio::this_coro::executor;
    abandon_guard guard(connection_.shared_from_this());
    auto reading = read_loop(guard.another());
    auto writing = write_loop(guard.another());
    auto moving = relocation_.run(guard.another());
    guard.dismiss();
    auto loops = together(strand, std::move(reading), std::move(writing), std::move(moving));
    const auto outcome = co_await std::move(loops);
    rethrow_failure(outcome);
    co_return cause_;
}

// Without a reason it is an orderly end: the writer says good-bye.
void session::stop(const error& why) {
    if (why)
        end(why);
    else
        connection_.stop_loops(); // the writer calls `end` when it is done
}

void session::end(const error& cause) {
    if (std::exchange(over_, true))
        return;
    cause_ = cause;
    connection_.direct(nullptr);
    stream_->close();
    relocation_.stop();
    connection_.stop_loops();
}

asio::awaitable<void> session::read_loop(abandon_guard guard) {
    error e;
    // The loops are posted one after the other: behind them all, those have started for which
    // there was memory. Nobody would come to know that one is missing.
    const auto strand = co_await asio::this_coro::executor;
    co_await asio::post(strand, asio::deferred);
    if (!is_writing_ || !relocation_.is_running())
        connection_.abandon();
    try {
        e = co_await read_all();
    } catch (...) { // no memory, or by a stream of the user's
        e = thrown_error(errc::disconnected);
    }
    end(e);
    guard.dismiss();
}

asio::awaitable<error> session::read_all() {
    // What came along with the handshake's PONG.
    error e = inbound_.feed(*input_);
    while (!e && !over_) {
        if (auto full = inbound_.take_full())
            co_await pause_for(std::move(full));
        // Who waits for the next bytes needs no chunk. Not on the way through a stream of bytes:
        // there a read is the cheapest way to find out whether more has come.
        error_code ec;
        if (caught_up_ && input_->give_back())
            co_await stream_->wait_readable(ec);
        if (ec)
            e = lost(ec);
        else if (!over_)
            e = co_await read_once();
    }
    co_return e;
}

asio::awaitable<error> session::read_once() {
    error_code ec;
    const auto space = input_->prepare(inbound_.needed());
    const std::size_t n =
        co_await stream_->read_some(asio::mutable_buffer(space.data, space.size), ec);
    expect_some(n, ec);
    if (ec)
        co_return lost(ec);
    connection_.on_read(n);
    caught_up_ = n < space.size;
    input_->commit(n);
    co_return inbound_.feed(*input_);
}

asio::awaitable<void> session::pause_for(std::shared_ptr<subscription_state> full) {
    const auto self = connection_.shared_from_this();
    const auto until = later(connection_.now(), full->max_pause());
    wait_node node;
    const node_guard guard(*self, node);
    while (!over_ && connection_.begin_pause(node, *full, until)) {
        co_await park(self, node);
        self->forget(node); // its timer
        if (node.outcome == wake::timeout) {
            full->give_up_pause();
            break;
        }
    }
    connection_.end_pause();
}

asio::awaitable<void> session::write_loop(abandon_guard guard) {
    const auto self = connection_.shared_from_this();
    is_writing_ = true;
    outgoing out;
    wait_node idle;
    const node_guard in_list(*self, idle);
    error e;
    try {
        while (!e && !over_ && connection_.begin_write(out, idle)) {
            if (out.empty())
                co_await park(self, idle);
            if (!out.empty()) // also what a direct write has left
                e = co_await write_all(out);
        }
        if (!e && !over_)
            co_await stream_->shutdown();
    } catch (...) { // by a stream of the user's
        e = thrown_error(errc::disconnected);
    }
    connection_.keep_unsent(std::move(out));
    end(e);
    guard.dismiss();
}

asio::awaitable<error> session::write_all(outgoing& out) {
    if (const auto& hook = connection_.options().wire_trace()) [[unlikely]]
        wire_tracer(hook).on_write(out);
    std::array<segment, 16> pieces;
    std::array<asio::const_buffer, 16> buffers;
    while (!out.empty()) {
        const std::size_t count = out.pieces(pieces);
        std::transform(pieces.begin(), pieces.begin() + count, buffers.begin(),
                       [](const segment& s) { return asio::const_buffer(s.data, s.size); });
        error_code ec;
        const std::span<const asio::const_buffer> all(buffers.data(), count);
        const std::size_t n = co_await stream_->write_some(all, ec);
        out.consume(n);
        connection_.on_written(n);
        expect_some(n, ec);
        if (ec)
            co_return lost(ec);
    }
    co_return error();
}

} // namespace impl
} // namespace v0
} // namespace conats
