// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "websocket/deflate.hpp"
#include "websocket/frame_codec.hpp"

#include <conats/detail/transport_layer.hpp>
#include <conats/websocket.hpp>

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a WebSocket to one server needs to know, shared with the attempt that made it.
struct websocket_setup {
    websocket_setup() noexcept = default; // no aggregate: g++ 12 destroys those twice

    websocket_options options;
    websocket_headers fresh; ///< from the provider, for this attempt
    transport_target target;
};

/// NATS in binary frames over any stream. The reader answers pings and the server's close; what it
/// has to say waits for a frame that is being written.
class websocket_stream final : public layered_stream {
public:
    websocket_stream(std::unique_ptr<stream> lower, std::shared_ptr<const websocket_setup> setup);

    asio::awaitable<error> handshake() override;
    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) override;
    asio::awaitable<void> wait_readable(error_code& ec) override;
    /// Counts what the server may have got of a frame whose writing failed; the failure is the
    /// next call's.
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            error_code& ec) override;
    asio::awaitable<void> shutdown() override;
    void close() noexcept override;
    [[nodiscard]] tls_info tls() const override { return lower_->tls(); }
    [[nodiscard]] std::string local_address() const override { return lower_->local_address(); }
    [[nodiscard]] std::string remote_address() const override { return lower_->remote_address(); }

private:
    asio::awaitable<error> send_request(std::string key);
    asio::awaitable<error> read_reply(std::string key);
    [[nodiscard]] std::size_t take_frames(std::string_view& input, char* to, std::size_t size);
    [[nodiscard]] std::size_t take_data(char* to, std::size_t size);
    void on_control(frame_event event);
    void fail(websocket_fault f);
    void begin_message(std::span<const asio::const_buffer> from);
    void end_message();
    [[nodiscard]] frame_mask next_mask();
    asio::awaitable<void> acquire_writer();
    void release_writer();
    /// Writes `out_` from `out_begin_` on; returns how much of it was taken.
    asio::awaitable<std::size_t> write_out(error_code& ec);
    /// Sends what the reader has to say, unless somebody is writing, who will.
    asio::awaitable<void> answer();
    [[nodiscard]] bool has_answer() const noexcept { return has_pong_ || closes_; }

    std::unique_ptr<stream> lower_;
    std::shared_ptr<const websocket_setup> setup_;
    asio::steady_timer gate_; // never expires: cancelled when the writer is free
    frame_decoder decoder_;
    // If compression was agreed on; what was read and not unpacked yet.
    std::unique_ptr<inflater> inflater_;
    std::unique_ptr<deflater> deflater_;
    std::vector<char> raw_;
    std::string_view raw_left_;
    std::string_view data_; // of a frame, not handed out yet
    bool is_data_packed_ = false;
    bool ends_message_ = false; // a packed one, whose end is not handed out yet
    // Writing.
    std::string out_;
    std::string plain_;      // of a message to be packed
    bool is_secret_ = false; // the message to be sent
    bool may_pack_ = false;
    std::size_t out_begin_ = 0;
    std::size_t message_size_ = 0;
    bool is_packed_ = false;
    error_code write_failure_;
    std::array<unsigned char, 256> random_{};
    std::size_t random_left_ = 0;
    // What the reader has to say.
    std::string pong_;
    bool has_pong_ = false;
    bool closes_ = false;
    std::uint16_t close_status_ = 1000;
    bool close_sent_ = false;
    error_code end_; // of reading
    bool is_writing_ = false;
    bool is_closed_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
