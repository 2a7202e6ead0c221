// SPDX-License-Identifier: Apache-2.0

// Calls one function of the library COUNT times, on the micro-benchmarks' input, for a counter of
// instructions: conats_gate_functions NAME COUNT.

#include "engine/request_mux.hpp"
#include "micro/frames.hpp"
#include "micro/publications.hpp"
#include "protocol/encoder.hpp"
#include "protocol/header_codec.hpp"
#include "protocol/parser.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using conats::impl::byte_buffer;
using conats::impl::parse_status;
using conats::impl::parser;
using conats::impl::request_mux;

/// Something to print, so that no compiler takes the work away.
using result = std::uint64_t;

result parse(const bench::frames& chunk, std::size_t count) {
    parser p;
    result sum = 0;
    const char* at = chunk.begin();
    for (std::size_t i = 0; i != count; ++i) {
        if (p.parse(at, chunk.end()) != parse_status::complete)
            throw p.failure();
        sum += p.message().sid + p.message().total_size;
        at += p.size();
        if (at == chunk.end())
            at = chunk.begin();
    }
    return sum;
}

/// Calls `append(buffer, i)` for each, with a buffer that has room.
template <class Append>
result encode(std::size_t count, Append append) {
    constexpr std::size_t room = std::size_t{64} << 10U;
    byte_buffer buffer(2 * room);
    result sum = 0;
    for (std::size_t i = 0; i != count; ++i) {
        if (buffer.size() > room) {
            sum += buffer.size();
            buffer.clear();
        }
        append(buffer, i);
    }
    return sum + buffer.size();
}

result encode_constant(std::size_t count) {
    const std::string payload(16, 'p');
    return encode(count, [&](byte_buffer& to, std::size_t) {
        conats::impl::append_publish(to, "foo.bar", "", payload);
    });
}

result encode_varied(std::size_t count) {
    const bench::varied_publications varied;
    return encode(count, [&](byte_buffer& to, std::size_t i) { varied.append(to, i); });
}

result decode_headers(std::size_t count) {
    const std::string block = "NATS/1.0\r\nNats-Msg-Id: 1\r\nTrace: 0123456789abcdef\r\n\r\n";
    result sum = 0;
    for (std::size_t i = 0; i != count; ++i)
        sum += conats::impl::decode_header_block(block).well_formed ? 1 : 0;
    return sum;
}

result request_slot(std::size_t count) {
    request_mux mux;
    mux.prefix("_INBOX.abcdefghijklmnopqrstuv.");
    result sum = 0;
    for (std::size_t i = 0; i != count; ++i) {
        conats::impl::request_slot& slot = mux.acquire("service");
        sum += mux.find(mux.reply_subject(slot)) == &slot ? 1 : 0;
        mux.release(slot);
    }
    return sum;
}

const std::map<std::string_view, std::function<result(std::size_t)>> functions{
    {"parse_constant", [](std::size_t count) { return parse(bench::constant_frames(16), count); }},
    {"parse_varied", [](std::size_t count) { return parse(bench::varied_frames(16), count); }},
    {"encode_constant", encode_constant},
    {"encode_varied", encode_varied},
    {"decode_headers", decode_headers},
    {"request_slot", request_slot},
};

} // namespace

int main(int argc, char** argv) {
    try {
        const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
        std::cout << functions.at(arguments.at(0))(std::stoul(arguments.at(1))) << '\n';
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "conats_gate_functions NAME COUNT: " << e.what() << '\n';
        return 2;
    }
}
