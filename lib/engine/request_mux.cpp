// SPDX-License-Identifier: Apache-2.0
#include "engine/request_mux.hpp"

#include <array>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::string_view digits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::uint8_t no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i != digits.size(); ++i)
        values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
    return values;
}
constexpr auto digit_values = make_values();

// The generation stands in the low digits: consecutive tokens of one slot differ early.
std::uint64_t token_of(const request_slot& s) {
    return std::uint64_t{s.index} << 32U | s.generation;
}

void append_token(std::string& to, std::uint64_t token) {
    do {
        to.push_back(digits[token % digits.size()]);
        token /= digits.size();
    } while (token != 0);
}

std::optional<std::uint64_t> parse_token(std::string_view text) {
    if (text.empty() || text.size() > request_mux::max_token_size)
        return std::nullopt;
    std::uint64_t token = 0;
    for (std::size_t i = text.size(); i-- != 0;) {
        const std::uint8_t value = digit_values[static_cast<unsigned char>(text[i])];
        if (value == no_digit)
            return std::nullopt;
        token = token * digits.size() + value;
    }
    return token;
}

} // namespace

request_mux::~request_mux() {
    for (const auto& s : slots_)
        if (s->reply.memory != nullptr)
            release_reference(s->reply.memory);
}

request_slot& request_mux::acquire(std::string_view subject) {
    if (free_.empty()) {
        const std::size_t index = slots_.size();
        if (free_.capacity() == index)
            free_.reserve(2 * index + 8); // so that release cannot fail
        slots_.push_back(std::make_unique<request_slot>());
        slots_.back()->index = static_cast<std::uint32_t>(index);
        free_.push_back(slots_.back()->index);
    }
    request_slot& s = *slots_[free_.back()];
    s.subject = subject;
    free_.pop_back();
    s.active = true;
    ++s.generation;
    ++active_;
    return s;
}

void request_mux::release(request_slot& s) noexcept {
    wait_list::unlink(s.node);
    if (s.reply.memory != nullptr)
        release_reference(s.reply.memory);
    s.reply = record{};
    s.failure = error();
    s.node.outcome = wake::pending;
    s.active = false;
    free_.push_back(s.index);
    --active_;
}

std::string_view request_mux::reply_subject(const request_slot& s) {
    reply_subject_ = prefix_;
    append_token(reply_subject_, token_of(s));
    return reply_subject_;
}

request_slot* request_mux::find(std::string_view subject) noexcept {
    if (prefix_.empty() || !subject.starts_with(prefix_))
        return nullptr;
    const auto token = parse_token(subject.substr(prefix_.size()));
    if (!token || (*token >> 32U) >= slots_.size())
        return nullptr;
    request_slot& s = *slots_[static_cast<std::size_t>(*token >> 32U)];
    if (!s.active || s.generation != static_cast<std::uint32_t>(*token) ||
        s.node.outcome != wake::pending)
        return nullptr;
    return &s;
}

request_slot* request_mux::find_by_subject(std::string_view subject) noexcept {
    request_slot* oldest = nullptr;
    for_each_pending([&](request_slot& s) {
        if (s.subject == subject && (oldest == nullptr || s.begin < oldest->begin))
            oldest = &s;
    });
    return oldest;
}

} // namespace impl
} // namespace v0
} // namespace conats
