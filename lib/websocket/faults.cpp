// SPDX-License-Identifier: Apache-2.0
#include "websocket/faults.hpp"

#include <boost/asio/error.hpp>

#include <array>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::uint16_t normal_closure = 1000;

constexpr std::array<std::string_view, 13> fault_words{
    "no fault",
    "the server sent a masked frame",
    "the server sent a frame with reserved bits",
    "the server sent a compressed frame that was not agreed on",
    "the server sent a frame of an unknown kind",
    "the server sent a control frame in fragments",
    "the server sent a control frame above 125 bytes",
    "the server continued a message that it had not begun",
    "the server began a message within another",
    "the server sent a frame whose length is not written the shortest way",
    "the server sent a frame larger than max_frame_size",
    "the server sent a malformed close frame",
    "the server sent a compressed message that does not unpack",
};

std::string_view words_of_status(int status) {
    switch (status) {
    case 1001: return "going away";
    case 1002: return "protocol error";
    case 1003: return "unacceptable data";
    case 1007: return "malformed data";
    case 1008: return "policy violation";
    case 1009: return "message too big";
    case 1011: return "internal error";
    case 1012: return "service restart";
    case 1013: return "try again later";
    case 1014: return "bad gateway";
    default: return {};
    }
}

class websocket_category_type final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "conats.websocket"; }
    [[nodiscard]] std::string message(int value) const override {
        const auto index = static_cast<std::size_t>(value);
        if (index < fault_words.size())
            return std::string(fault_words.at(index));
        std::string text = "the server closed the WebSocket with status " + std::to_string(value);
        if (const auto words = words_of_status(value); !words.empty())
            text.append(" (").append(words).append(")");
        return text;
    }
    [[nodiscard]] boost::system::error_condition default_error_condition(
        int value) const noexcept override {
        auto c = condition::protocol;
        if (value >= normal_closure)
            c = condition::disconnected;
        return make_error_condition(c);
    }
};

const boost::system::error_category& category() noexcept {
    static const websocket_category_type instance;
    return instance;
}

} // namespace

error_code make_error_code(websocket_fault f) noexcept {
    return {static_cast<int>(f), category()};
}

error_code closed_with(std::uint16_t status) noexcept {
    if (status == normal_closure || status == no_close_status)
        return boost::asio::error::eof;
    return {status, category()};
}

} // namespace impl
} // namespace v0
} // namespace conats
