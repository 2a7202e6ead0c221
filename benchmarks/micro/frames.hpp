// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace bench {

/// 64 KiB of frames, as a reader shows them to a parser.
class frames {
public:
    template <class Make>
    explicit frames(Make make) {
        while (bytes_.size() < chunk_size) {
            bytes_ += make();
            ++count_;
        }
        size_ = bytes_.size();
        bytes_.append(64, '\0'); // may be read, and means nothing
    }
    [[nodiscard]] char* begin() { return bytes_.data(); }
    [[nodiscard]] const char* begin() const { return bytes_.data(); }
    [[nodiscard]] const char* end() const { return bytes_.data() + size_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t count() const { return count_; }

private:
    static constexpr std::size_t chunk_size = std::size_t{64} << 10U;

    std::string bytes_;
    std::size_t size_ = 0;
    std::size_t count_ = 0;
};

inline std::string msg(const std::string& subject, std::uint64_t sid, const std::string& reply,
                       std::size_t payload) {
    return "MSG " + subject + ' ' + std::to_string(sid) + ' ' + reply + (reply.empty() ? "" : " ") +
           std::to_string(payload) + "\r\n" + std::string(payload, 'p') + "\r\n";
}

/// All frames equal, so that branch prediction is perfect.
inline frames constant_frames(std::size_t payload) {
    return frames([=] { return msg("foo.bar", 1, "", payload); });
}

/// Subjects of 8-32 bytes, ids of 1-4 digits, payloads of 0.5-1.5 times the size, a reply on every
/// second frame.
inline frames varied_frames(std::size_t payload) {
    std::mt19937 random(1);
    bool with_reply = false;
    return frames([&] {
        with_reply = !with_reply;
        return msg(std::string(8 + random() % 25, 's'), random() % 10'000,
                   with_reply ? "_INBOX.abcdefghij.12" : "",
                   payload / 2 + random() % (payload + 1));
    });
}

} // namespace bench
