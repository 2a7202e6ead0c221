// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/websocket_frames.hpp"
#include "websocket/frame_codec.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace {

using namespace conats;
using namespace conats::test;
using namespace std::string_literals;
using impl::frame_decoder;
using impl::frame_event;
using impl::frame_mask;
using impl::opcode;
using impl::websocket_fault;

/// All that the decoder tells, messages in brackets: "[abc]ping(x)close(1000)".
std::string tell(frame_decoder& d, std::string_view input, std::size_t step) {
    std::string told;
    bool in_message = false;
    while (!input.empty()) {
        const auto n = std::min(step, input.size());
        auto piece = input.substr(0, n);
        input.remove_prefix(n);
        for (auto e = d.next(piece); e != frame_event::need_more; e = d.next(piece)) {
            const std::string data(d.data());
            switch (e) {
            case frame_event::data:
                if (!in_message)
                    told += d.is_compressed() ? "{" : "[";
                told += data;
                in_message = !d.ends_message();
                if (!in_message)
                    told += d.is_compressed() ? "}" : "]";
                break;
            case frame_event::ping: told += "ping(" + data + ")"; break;
            case frame_event::pong: told += "pong(" + data + ")"; break;
            case frame_event::close:
                told += "close(" + std::to_string(d.close_status()) + ")";
                break;
            default:
                told += "fault(" + std::to_string(static_cast<int>(d.fault())) + ")";
                return told;
            }
        }
    }
    return told;
}

/// The same, however the input is cut.
std::string tell_all(const std::string& input, bool compression = false,
                     std::size_t max_frame = 1'000'000) {
    frame_decoder whole(max_frame, compression);
    const auto told = tell(whole, input, input.size());
    for (const std::size_t step : {1U, 2U, 3U, 5U, 100U}) {
        frame_decoder d(max_frame, compression);
        CHECK(tell(d, input, step) == told);
    }
    return told;
}

std::string fault(websocket_fault f) {
    return "fault(" + std::to_string(static_cast<int>(f)) + ")";
}

} // namespace

TEST_CASE("G01 messages come out of frames, whole, in fragments and around control frames") {
    CHECK(tell_all(server_frame(0x82, "abc")) == "[abc]");
    CHECK(tell_all(server_frame(0x82, "")) == "[]");
    CHECK(tell_all(server_frame(0x81, "text") + server_frame(0x82, "bin")) == "[text][bin]");
    CHECK(tell_all(server_frame(0x02, "a") + server_frame(0x00, "b") + server_frame(0x80, "c")) ==
          "[abc]");
    CHECK(tell_all(server_frame(0x02, "a") + server_frame(0x89, "now") + server_frame(0x80, "b") +
                   server_frame(0x8a, "")) == "[aping(now)b]pong()");
    for (const std::size_t size : {125U, 126U, 127U, 65535U, 65536U, 70000U}) {
        const std::string payload(size, 'x');
        frame_decoder d(1'000'000, false);
        CHECK(tell(d, server_frame(0x82, payload) + server_frame(0x82, "y"), 1000) ==
              "[" + payload + "][y]");
    }
    CHECK(tell_all(server_frame(0xc2, "a") + server_frame(0x82, "b"), true) == "{a}[b]");
    CHECK(tell_all(server_frame(0x42, "a") + server_frame(0x80, "b"), true) == "{ab}");
}

TEST_CASE("G01 a close frame tells its status, and nothing counts behind it") {
    CHECK(tell_all(server_frame(0x88, "")) == "close(1005)");
    CHECK(tell_all(server_frame(0x88, "\x03\xe8"s) + server_frame(0x82, "x")) == "close(1000)");
    CHECK(tell_all(server_frame(0x88, "\x03\xf0"
                                      "no entry"s)) == "close(1008)");
    CHECK(tell_all(server_frame(0x88, "\x0f\xa0"s)) == "close(4000)");
    for (const auto& bad : {"\x03"s, "\x03\xe7"s, "\x03\xec"s, "\x03\xed"s, "\x03\xee"s,
                            "\x03\xf7"s, "\x13\x88"s, "\xff\xff"s})
        CHECK(tell_all(server_frame(0x88, bad)) == fault(websocket_fault::malformed_close));
    CHECK(impl::closed_with(1000) == boost::asio::error::eof);
    CHECK(impl::closed_with(1005) == boost::asio::error::eof);
    CHECK(impl::closed_with(1008).message() ==
          "the server closed the WebSocket with status 1008 (policy violation)");
    CHECK(impl::closed_with(4000).message() == "the server closed the WebSocket with status 4000");
    CHECK(impl::closed_with(1008) == condition::disconnected);
}

TEST_CASE("G06 what breaks the WebSocket protocol is found, and a frame above the limit") {
    struct row {
        std::string input;
        websocket_fault fault;
        bool compression = false;
        row(std::string i, websocket_fault f, bool c = false)
            : input(std::move(i)),
              fault(f),
              compression(c) {}
    };
    std::string masked = "\x82\x81"
                         "abcdx";
    for (const auto& r : {
             row(masked, websocket_fault::masked_frame),
             row(server_frame(0xa2, ""), websocket_fault::reserved_bits, true),
             row(server_frame(0x92, ""), websocket_fault::reserved_bits, true),
             row(server_frame(0xc2, ""), websocket_fault::unexpected_compression),
             row(server_frame(0xc9, ""), websocket_fault::unexpected_compression, true),
             row(server_frame(0x02, "") + server_frame(0xc0, ""),
                 websocket_fault::unexpected_compression, true),
             row(server_frame(0x83, ""), websocket_fault::unknown_opcode),
             row(server_frame(0x8b, ""), websocket_fault::unknown_opcode),
             row(server_frame(0x09, ""), websocket_fault::fragmented_control),
             row(server_frame(0x89, std::string(126, 'x')), websocket_fault::long_control),
             row(server_frame(0x80, ""), websocket_fault::unexpected_continuation),
             row(server_frame(0x82, "") + server_frame(0x00, ""),
                 websocket_fault::unexpected_continuation),
             row(server_frame(0x02, "") + server_frame(0x82, ""),
                 websocket_fault::unfinished_message),
             row("\x82\x7e\x00\x7d"s, websocket_fault::padded_length),
             row("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"s, websocket_fault::padded_length),
             row(server_frame(0x82, std::string(1001, 'x')), websocket_fault::huge_frame),
             row("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"s, websocket_fault::huge_frame),
         }) {
        CAPTURE(r.input.substr(0, 20));
        const auto told = tell_all(r.input, r.compression, 1000);
        CHECK(told.substr(told.find("fault")) == fault(r.fault));
        const auto code = make_error_code(r.fault);
        CHECK(code == condition::protocol);
        CHECK(code.message().starts_with("the server "));
    }
    CHECK(tell_all(server_frame(0x82, std::string(1000, 'x')), false, 1000).size() == 1002);
}

TEST_CASE("G01 a client's frames are masked and have the shortest header") {
    const frame_mask mask{0x12, 0x34, 0x56, 0x78};
    std::string out;
    impl::append_frame(out, opcode::pong, false, "Hello", mask);
    CHECK(out == "\x8a\x85\x12\x34\x56\x78"
                 "\x5a\x51\x3a\x14\x7d"s);
    auto frames = take_client_frames(out);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].payload == "Hello");
    CHECK(out.empty());

    impl::append_close(out, 1002, mask);
    frames = take_client_frames(out);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].first == 0x88);
    CHECK(frames[0].payload == "\x03\xea"s);

    for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 125U, 126U, 65535U, 65536U}) {
        std::string payload(size, '\0');
        for (std::size_t i = 0; i != size; ++i)
            payload[i] = static_cast<char>(i * 7);
        std::string in_place(impl::max_frame_header, '?');
        in_place += payload;
        const auto begin = impl::frame_in_place(in_place, 0, opcode::binary, true, mask);
        std::size_t header = 6;
        if (size > 125)
            header = size > 65535 ? 14 : 8;
        CHECK(begin == impl::max_frame_header - header);
        in_place.erase(0, begin);
        std::string appended;
        impl::append_frame(appended, opcode::binary, true, payload, mask);
        CHECK(appended == in_place);
        frames = take_client_frames(in_place);
        REQUIRE(frames.size() == 1);
        CHECK(frames[0].first == 0xc2);
        CHECK(frames[0].is_masked);
        CHECK(frames[0].payload == payload);
    }
}
