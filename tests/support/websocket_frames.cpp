// SPDX-License-Identifier: Apache-2.0
#include "support/websocket_frames.hpp"

#include <cstdint>

namespace conats::test {

namespace {

/// Big-endian.
std::uint64_t number(std::string_view bytes) {
    std::uint64_t n = 0;
    for (const char c : bytes)
        n = n << 8U | static_cast<unsigned char>(c);
    return n;
}

std::string text_of(std::uint64_t n, std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = size; i-- != 0; n >>= 8U)
        text[i] = static_cast<char>(n & 0xffU);
    return text;
}

/// False if it is not whole.
bool take_one(std::string_view& bytes, client_frame& out) {
    if (bytes.size() < 2)
        return false;
    const auto second = static_cast<unsigned char>(bytes[1]);
    std::uint64_t size = second & 0x7fU;
    std::size_t at = 2;
    if (size >= 126) {
        const std::size_t more = size == 126 ? 2 : 8;
        if (bytes.size() < at + more)
            return false;
        size = number(bytes.substr(at, more));
        at += more;
    }
    out.is_masked = (second & 0x80U) != 0;
    const std::size_t mask_size = out.is_masked ? 4 : 0;
    if (bytes.size() < at + mask_size + size)
        return false;
    out.first = static_cast<unsigned char>(bytes[0]);
    out.mask = bytes.substr(at, mask_size);
    out.payload = bytes.substr(at + mask_size, size);
    for (std::size_t i = 0; out.is_masked && i != out.payload.size(); ++i)
        out.payload[i] = static_cast<char>(out.payload[i] ^ out.mask[i % 4]);
    bytes.remove_prefix(at + mask_size + size);
    return true;
}

} // namespace

std::string server_frame(unsigned first, std::string_view payload) {
    std::string frame(1, static_cast<char>(first));
    if (payload.size() > 0xffff)
        frame += '\x7f' + text_of(payload.size(), 8);
    else if (payload.size() > 125)
        frame += '\x7e' + text_of(payload.size(), 2);
    else
        frame += text_of(payload.size(), 1);
    return frame.append(payload);
}

std::vector<client_frame> take_client_frames(std::string& bytes) {
    std::vector<client_frame> all;
    std::string_view rest = bytes;
    for (client_frame one; take_one(rest, one); one = client_frame())
        all.push_back(one);
    bytes.erase(0, bytes.size() - rest.size());
    return all;
}

} // namespace conats::test
