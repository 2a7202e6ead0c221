// SPDX-License-Identifier: Apache-2.0

// Whatever a server sends over WebSocket, taking it apart ends, tells the same however the bytes
// are cut, and never reads more than there is. The first byte chooses compression and whether the
// rest is the answer to the handshake.

#include "check.hpp"
#include "websocket/deflate.hpp"
#include "websocket/frame_codec.hpp"
#include "websocket/upgrade.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace conats;
using impl::frame_event;
using test::check;

constexpr std::size_t max_frame = 100'000;
constexpr std::size_t most_unpacked = std::size_t{4} << 20U; // enough of a bomb

/// Unpacks what a decoder tells, with little room.
class unpacker {
public:
    explicit unpacker(bool keeps_context) : inflater_(keeps_context) {}

    void take(std::string_view packed, bool ends_message, std::string& out) {
        std::size_t n = 0;
        while (!packed.empty() && !has_enough()) {
            n = inflater_.unpack(packed, room_.data(), room_.size());
            add(n, out);
        }
        n = room_.size();
        while (ends_message && n == room_.size() && !has_enough()) {
            n = inflater_.end_message(room_.data(), room_.size());
            add(n, out);
        }
    }
    [[nodiscard]] bool has_enough() const {
        return inflater_.has_failed() || total_ > most_unpacked;
    }
    [[nodiscard]] bool has_failed() const { return inflater_.has_failed(); }

private:
    void add(std::size_t n, std::string& out) {
        check(n <= room_.size(), "no more than the room");
        out.append(room_.data(), std::min<std::size_t>(n, 100));
        total_ += n;
    }

    impl::inflater inflater_;
    std::array<char, 1000> room_{};
    std::size_t total_ = 0;
};

/// All that there is to tell of the frames.
std::string tell(std::string_view input, bool compression, bool keeps_context, std::size_t step) {
    impl::frame_decoder d(max_frame, compression);
    unpacker u(keeps_context);
    std::string told;
    std::string packed;
    while (!input.empty()) {
        auto piece = input.substr(0, step);
        input.remove_prefix(piece.size());
        for (auto e = d.next(piece); e != frame_event::need_more; e = d.next(piece)) {
            if (e == frame_event::failed)
                return told + "failed " + make_error_code(d.fault()).message();
            if (e == frame_event::close)
                return told + "close " + std::to_string(d.close_status());
            if (e != frame_event::data) {
                check(d.data().size() <= 125, "control frames are small");
                told.append(e == frame_event::ping ? "ping " : "pong ").append(d.data());
                continue;
            }
            check(compression || !d.is_compressed(), "compressed only if agreed on");
            if (!d.is_compressed()) {
                told.append(d.data());
            } else {
                // Gathered, so that what is shown of each piece is the same.
                packed.append(d.data());
                if (d.ends_message()) {
                    u.take(packed, true, told);
                    packed.clear();
                }
                if (u.has_enough())
                    return told + (u.has_failed() ? "failed" : "enough");
            }
        }
        check(piece.empty(), "all is taken");
    }
    return told;
}

void answer(std::string_view input, bool offered) {
    impl::http_head head;
    while (head.wanted() != 0 && !input.empty()) {
        const auto n = std::min(head.wanted(), input.size());
        head.feed(input.substr(0, n));
        input.remove_prefix(n);
    }
    if (head.wanted() != 0)
        return;
    const impl::upgrade_reply reply(head, "dGhlIHNhbXBsZSBub25jZQ==", offered);
    if (reply.failure()) {
        check(reply.failure().text().size() < 500, "the text is short");
    } else {
        check(head.status() == 101, "the status");
        check(head.field("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "the proof");
        check(offered || !reply.has_compression(), "compression was offered");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // libFuzzer's signature
    std::string_view input(reinterpret_cast<const char*>(data), size);
    if (input.empty())
        return 0;
    const auto kind = static_cast<unsigned char>(input.front());
    const bool compression = (kind & 1U) != 0;
    const bool keeps_context = (kind & 2U) != 0;
    input.remove_prefix(1);
    if ((kind & 4U) != 0) {
        answer(input, compression);
        return 0;
    }
    const auto told = tell(input, compression, keeps_context, size);
    check(tell(input, compression, keeps_context, 1) == told, "byte by byte it tells the same");
    check(tell(input, compression, keeps_context, 7) == told, "and by sevens");
    return 0;
}
