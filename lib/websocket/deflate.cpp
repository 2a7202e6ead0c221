// SPDX-License-Identifier: Apache-2.0

// The one source that includes Beast.

#include "websocket/deflate.hpp"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

namespace zlib = boost::beast::zlib;

/// The end of a block flushed with `Flush::sync`, which is cut off each message (RFC 7692, 7.2.1).
constexpr std::string_view cut_off("\x00\x00\xff\xff", 4);

} // namespace

struct inflater::state {
    zlib::inflate_stream stream;
    bool is_ended = false; // by a final block, which a message may have
};

inflater::inflater(bool keeps_context)
    : state_(std::make_unique<state>()),
      keeps_context_(keeps_context) {}
inflater::~inflater() = default;

std::size_t inflater::unpack(std::string_view& input, char* to, std::size_t size) {
    if (state_->is_ended || has_failed_) {
        input = {};
        return 0;
    }
    zlib::z_params z{};
    z.next_in = input.data();
    z.avail_in = input.size();
    z.next_out = to;
    z.avail_out = size;
    boost::system::error_code ec;
    state_->stream.write(z, zlib::Flush::sync, ec);
    input.remove_prefix(input.size() - z.avail_in);
    if (ec == zlib::error::end_of_stream)
        state_->is_ended = true;
    else if (ec && ec != zlib::error::need_buffers)
        has_failed_ = true;
    return size - z.avail_out;
}

std::size_t inflater::end_message(char* to, std::size_t size) {
    if (!std::exchange(in_tail_, true))
        tail_ = cut_off;
    const auto n = unpack(tail_, to, size);
    if (n == size && !has_failed_)
        return n; // there may be more
    in_tail_ = false;
    const bool was_final = std::exchange(state_->is_ended, false);
    if (!keeps_context_ || was_final)
        state_->stream.reset();
    return n;
}

struct deflater::state {
    zlib::deflate_stream stream;
};

deflater::deflater() : state_(std::make_unique<state>()) {
    constexpr int window_bits = 15;
    constexpr int memory_level = 8;
    state_->stream.reset(zlib::compression::best_speed, window_bits, memory_level,
                         zlib::Strategy::normal);
}
deflater::~deflater() = default;

void deflater::pack(std::string_view message, std::string& out) {
    constexpr std::size_t step = 4096;
    const auto begin = out.size();
    zlib::z_params z{};
    z.next_in = message.data();
    z.avail_in = message.size();
    auto used = begin;
    do {
        out.resize(used + std::max(step, message.size() / 2));
        z.next_out = out.data() + used;
        z.avail_out = out.size() - used;
        boost::system::error_code ec; // need_buffers: the last round had nothing left to do
        state_->stream.write(z, zlib::Flush::sync, ec);
        used = out.size() - z.avail_out;
    } while (z.avail_out == 0);
    out.resize(used);
    if (std::string_view(out).substr(begin).ends_with(cut_off))
        out.resize(used - cut_off.size());
    state_->stream.reset();
}

} // namespace impl
} // namespace v0
} // namespace conats
