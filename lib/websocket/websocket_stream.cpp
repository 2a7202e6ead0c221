// SPDX-License-Identifier: Apache-2.0
#include "websocket/websocket_stream.hpp"

#include "transport/expect_some.hpp"
#include "transport/http_head.hpp"
#include "values/secret_access.hpp"
#include "websocket/upgrade.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::size_t max_plain_message = std::size_t{64} << 10U;
// A server unpacks no message to more than its max_payload, which is seldom below this.
constexpr std::size_t max_packed_message = std::size_t{32} << 10U;
constexpr std::size_t least_packed_message = 64; // below it packing gains nothing
constexpr std::size_t raw_size = std::size_t{32} << 10U;

void fill_random(unsigned char* to, std::size_t size) {
    if (RAND_bytes(to, static_cast<int>(size)) != 1)
        throw std::runtime_error("no random bytes for WebSocket");
}

bool begins_with_connect(std::span<const asio::const_buffer> pieces) {
    constexpr std::string_view verb = "CONNECT ";
    return !pieces.empty() && pieces.front().size() >= verb.size() &&
           std::memcmp(pieces.front().data(), verb.data(), verb.size()) == 0;
}

} // namespace

websocket_stream::websocket_stream(std::unique_ptr<stream> lower,
                                   std::shared_ptr<const websocket_setup> setup)
    : lower_(std::move(lower)),
      setup_(std::move(setup)),
      gate_(setup_->target.executor(), asio::steady_timer::time_point::max()),
      decoder_(setup_->options.max_frame_size(), false) {}

// --- The handshake

asio::awaitable<error> websocket_stream::handshake() {
    std::array<unsigned char, 16> random{};
    fill_random(random.data(), random.size());
    const std::string key = make_websocket_key(random);
    error e = co_await send_request(key);
    if (!e)
        e = co_await read_reply(key);
    setup_.reset(); // with the secrets in the fields
    co_return e;
}

asio::awaitable<error> websocket_stream::send_request(std::string key) {
    upgrade_request request(setup_->target, std::move(key), setup_->options.compression());
    request.add(setup_->options.headers());
    request.add(setup_->fresh);
    std::vector<asio::const_buffer> left;
    for (const auto piece : request.pieces())
        left.emplace_back(piece.data(), piece.size());
    std::size_t first = 0;
    while (first != left.size()) {
        constexpr std::size_t most = 16; // pieces at a time, as of the session's
        const std::size_t count = std::min(most, left.size() - first);
        error_code ec;
        std::size_t n = co_await lower_->write_some({left.data() + first, count}, ec);
        expect_some(n, ec);
        if (ec)
            co_return error(errc::connection_failed, "the WebSocket handshake: " + ec.message());
        while (first != left.size() && n >= left[first].size())
            n -= left[first++].size();
        if (n != 0)
            left[first] += n;
    }
    co_return error();
}

asio::awaitable<error> websocket_stream::read_reply(std::string key) {
    http_head head;
    std::array<char, 256> room{};
    while (head.wanted() != 0) {
        const asio::mutable_buffer to(room.data(), std::min(room.size(), head.wanted()));
        error_code ec;
        const std::size_t n = co_await lower_->read_some(to, ec);
        expect_some(n, ec);
        if (ec == asio::error::eof)
            co_return error(errc::connection_failed,
                            "the server closed the connection in the WebSocket handshake");
        if (ec)
            co_return error(errc::connection_failed, "the WebSocket handshake: " + ec.message());
        head.feed({room.data(), n});
    }
    const bool offered = setup_->options.compression();
    const upgrade_reply reply(head, key, offered);
    if (reply.has_compression() && !reply.failure()) {
        decoder_ = frame_decoder(setup_->options.max_frame_size(), true);
        inflater_ = std::make_unique<inflater>(reply.server_keeps_context());
        deflater_ = std::make_unique<deflater>();
        raw_.resize(raw_size);
    }
    co_return reply.failure();
}

// --- Reading

asio::awaitable<std::size_t> websocket_stream::read_some(asio::mutable_buffer to, error_code& ec) {
    auto* const begin = static_cast<char*>(to.data());
    std::size_t n = 0;
    if (inflater_)
        n = take_frames(raw_left_, begin, to.size());
    for (;;) {
        if (has_answer())
            co_await answer();
        if (n != 0)
            co_return n;
        ec = end_;
        // Without compression frames are taken apart where they were read to.
        auto room = to;
        if (inflater_)
            room = asio::mutable_buffer(raw_.data(), raw_.size());
        std::size_t got = 0;
        if (!ec) {
            got = co_await lower_->read_some(room, ec);
            expect_some(got, ec);
        }
        if (ec)
            co_return 0;
        raw_left_ = {static_cast<const char*>(room.data()), got};
        n = take_frames(raw_left_, begin, to.size());
    }
}

asio::awaitable<void> websocket_stream::wait_readable(error_code& ec) {
    ec.clear();
    const bool has_data = !raw_left_.empty() || !data_.empty() || ends_message_;
    if (!has_data && !has_answer() && !end_)
        co_await lower_->wait_readable(ec);
}

/// Takes frames apart until the input or the room is used up; returns how much data they held.
std::size_t websocket_stream::take_frames(std::string_view& input, char* to, std::size_t size) {
    std::size_t n = 0;
    while (!end_) {
        n += take_data(to + n, size - n);
        if (!data_.empty() || ends_message_ || n == size)
            break;
        const auto event = decoder_.next(input);
        if (event == frame_event::need_more)
            break;
        if (event == frame_event::data) {
            data_ = decoder_.data();
            is_data_packed_ = decoder_.is_compressed();
            ends_message_ = is_data_packed_ && decoder_.ends_message();
        } else {
            on_control(event);
        }
    }
    return n;
}

/// Moves the data of a frame to where it is wanted: unpacked, or down over the headers before it.
std::size_t websocket_stream::take_data(char* to, std::size_t size) {
    std::size_t n = 0;
    if (!is_data_packed_) {
        n = std::min(size, data_.size());
        if (n != 0) // memmove takes no null pointer, not even for nothing
            std::memmove(to, data_.data(), n);
        data_.remove_prefix(n);
        return n;
    }
    if (!data_.empty())
        n += inflater_->unpack(data_, to, size);
    if (data_.empty() && ends_message_ && n < size) {
        const std::size_t rest = inflater_->end_message(to + n, size - n);
        n += rest;
        ends_message_ = n == size;
    }
    if (inflater_->has_failed())
        fail(websocket_fault::malformed_compression);
    return n;
}

void websocket_stream::fail(websocket_fault f) {
    constexpr std::uint16_t protocol_error = 1002;
    constexpr std::uint16_t too_big = 1009;
    end_ = make_error_code(f);
    closes_ = true;
    close_status_ = f == websocket_fault::huge_frame ? too_big : protocol_error;
}

void websocket_stream::on_control(frame_event event) {
    switch (event) {
    case frame_event::ping:
        pong_ = decoder_.data(); // only the last ping needs an answer
        has_pong_ = true;
        break;
    case frame_event::close:
        end_ = closed_with(decoder_.close_status());
        closes_ = true;
        break;
    case frame_event::failed: fail(decoder_.fault()); break;
    default: break;
    }
}

// --- Writing

asio::awaitable<std::size_t> websocket_stream::write_some(std::span<const asio::const_buffer> from,
                                                          error_code& ec) {
    co_await acquire_writer();
    ec = write_failure_;
    if (is_closed_ || close_sent_)
        ec = asio::error::operation_aborted;
    std::size_t taken = 0;
    if (!ec) {
        begin_message(from);
        end_message();
        const std::size_t frame_size = out_.size() - out_begin_;
        const std::size_t written = co_await write_out(ec);
        if (is_secret_)
            wipe(out_.data(), out_.size()); // masked, with the mask beside it
        taken = message_size_;
        // What the server may have got counts, or it would be sent again on another connection.
        if (ec && !is_packed_)
            taken -= std::min(taken, frame_size - written);
        else if (ec && written == 0)
            taken = 0;
        if (ec && taken != 0)
            ec = error_code();
    }
    release_writer();
    co_await answer();
    co_return taken;
}

/// Gathers as much as one message takes.
void websocket_stream::begin_message(std::span<const asio::const_buffer> from) {
    // CONNECT is not packed: its secrets would stay in the compression's memory.
    is_secret_ = begins_with_connect(from);
    may_pack_ = deflater_ && !is_secret_;
    const std::size_t most = may_pack_ ? max_packed_message : max_plain_message;
    out_.resize(max_frame_header);
    plain_.clear();
    std::string& to = may_pack_ ? plain_ : out_;
    std::size_t left = most;
    for (const auto& piece : from) {
        const std::size_t n = std::min(left, piece.size());
        to.append(static_cast<const char*>(piece.data()), n);
        left -= n;
    }
    message_size_ = most - left;
}

void websocket_stream::end_message() {
    is_packed_ = may_pack_ && message_size_ >= least_packed_message;
    if (is_packed_)
        deflater_->pack(plain_, out_);
    else if (may_pack_)
        out_ += plain_;
    out_begin_ = frame_in_place(out_, 0, opcode::binary, is_packed_, next_mask());
}

frame_mask websocket_stream::next_mask() {
    frame_mask mask{};
    if (random_left_ < mask.size()) {
        fill_random(random_.data(), random_.size());
        random_left_ = random_.size();
    }
    random_left_ -= mask.size();
    std::memcpy(mask.data(), random_.data() + random_left_, mask.size());
    return mask;
}

asio::awaitable<std::size_t> websocket_stream::write_out(error_code& ec) {
    std::size_t written = 0;
    while (out_begin_ != out_.size() && !ec) {
        const asio::const_buffer all(out_.data() + out_begin_, out_.size() - out_begin_);
        const std::size_t n = co_await lower_->write_some({&all, 1}, ec);
        expect_some(n, ec);
        out_begin_ += n;
        written += n;
    }
    write_failure_ = ec;
    co_return written;
}

asio::awaitable<void> websocket_stream::acquire_writer() {
    while (is_writing_)
        co_await gate_.async_wait(asio::as_tuple(asio::deferred));
    is_writing_ = true;
}

void websocket_stream::release_writer() {
    is_writing_ = false;
    gate_.cancel();
}

asio::awaitable<void> websocket_stream::answer() {
    if (is_writing_)
        co_return;
    is_writing_ = true;
    while (has_answer() && !write_failure_) {
        out_.clear();
        out_begin_ = 0;
        if (std::exchange(has_pong_, false) && !close_sent_)
            append_frame(out_, opcode::pong, false, pong_, next_mask());
        if (std::exchange(closes_, false) && !std::exchange(close_sent_, true))
            append_close(out_, close_status_, next_mask());
        error_code ignored; // the next write reports it
        (void)co_await write_out(ignored);
    }
    release_writer();
}

asio::awaitable<void> websocket_stream::shutdown() {
    co_await acquire_writer();
    is_writing_ = false;
    closes_ = true;
    co_await answer();
    co_await lower_->shutdown();
}

void websocket_stream::close() noexcept {
    is_closed_ = true;
    lower_->close();
}

} // namespace impl
} // namespace v0
} // namespace conats
