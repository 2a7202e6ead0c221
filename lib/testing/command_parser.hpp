// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

/// What a client says.
enum class command_kind : std::uint8_t {
    connect,
    ping,
    pong,
    publish,
    publish_with_headers,
    subscribe,
    unsubscribe,
    info,
    ok,
    err,
};

enum class command_status : std::uint8_t {
    need_more,
    line,          ///< a whole line; for a publish `expect_payload` has to follow
    payload,       ///< the payload of a publish; its line is still to be seen
    refused,       ///< something else than CONNECT, while nothing else may come
    unknown,       ///< no protocol; nothing can be read after it
    line_too_long, ///< likewise
};

/// Reads what clients send by the rules of nats-server, byte for byte and however it is split:
/// verbs in any case of letters, LF alone ends a line, CR is skipped wherever it stands in one.
class command_parser {
public:
    /// Takes the next step from the front of `in`, which shrinks by what was used up.
    command_status next(std::string_view& in, std::size_t max_line, bool connect_only);
    /// After the line of a publish: so many bytes follow, and CRLF.
    void expect_payload(std::size_t size) noexcept;

    [[nodiscard]] command_kind kind() const noexcept { return kind_; }
    // Both valid until the next call of `next`, and as long as what it was given.
    /// The line behind its verb.
    [[nodiscard]] std::string_view arguments() const noexcept { return arguments_; }
    [[nodiscard]] std::string_view payload() const noexcept { return payload_; }

private:
    enum class step : std::uint8_t { verb, blank, skip_blanks, arguments, rest, payload };

    command_status read_verb(std::string_view& in, bool connect_only);
    command_status read_blanks(std::string_view& in);
    command_status read_arguments(std::string_view& in, std::size_t max_line);
    command_status read_rest(std::string_view& in);
    command_status read_payload(std::string_view& in);
    void begin() noexcept;

    step step_ = step::verb;
    command_kind kind_ = command_kind::ok;
    std::array<char, 8> verb_{};
    std::size_t verb_size_ = 0;
    bool done_ = false;    ///< what was read last is an operation's end
    bool in_line_ = false; ///< `line_` holds the start of the arguments
    std::string line_;
    std::string body_;
    std::size_t payload_size_ = 0;
    std::string_view arguments_;
    std::string_view payload_;
};

/// The words of a line; more than `max` are told by a size of `max` + 1.
template <std::size_t Max>
class words {
public:
    /// `blanks` separate.
    words(std::string_view line, std::string_view blanks) noexcept {
        for (std::size_t at = line.find_first_not_of(blanks); at != std::string_view::npos;
             at = line.find_first_not_of(blanks, at)) {
            if (size_ == Max) {
                ++size_;
                return;
            }
            const std::size_t end = line.find_first_of(blanks, at);
            words_[size_++] = line.substr(at, end == std::string_view::npos ? end : end - at);
            if (end == std::string_view::npos) {
                return;
            }
            at = end;
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    std::string_view operator[](std::size_t i) const noexcept { return words_[i]; }

private:
    std::array<std::string_view, Max> words_;
    std::size_t size_ = 0;
};

/// The arguments of PUB or HPUB.
struct publish_line {
    std::string_view subject;
    std::string_view reply;
    std::string_view header_text; ///< sizes as they were written: they are passed on so
    std::string_view size_text;
    std::size_t header_size = 0;
    std::size_t size = 0;
    bool well_formed = false;
};

publish_line read_publish_line(std::string_view line, bool with_headers) noexcept;

/// A size as nats-server reads it: up to 9 digits. -1: it is none.
std::int64_t read_size(std::string_view text) noexcept;

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
