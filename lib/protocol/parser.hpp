// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol/message_line.hpp"

#include <conats/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a server sends. `msg` covers HMSG, whose `header_size` is not 0.
enum class operation_kind : std::uint8_t { info, msg, ping, pong, ok, err };

struct parser_limits {
    std::size_t max_info = std::size_t{1} << 20U;     ///< bytes of an INFO line
    std::size_t max_line = std::size_t{64} << 10U;    ///< bytes of any other line, at least 130
    std::size_t max_payload = std::size_t{64} << 20U; ///< bytes of headers and payload
};

enum class parse_status : std::uint8_t { complete, need_more, failed };

/// Finds the operations in what a server sends. Sans-IO: it is shown a range that starts at an
/// operation, and on `need_more` the same bytes again (at whatever address) with more behind
/// them. Nothing is copied: what it returns are views into the range. What it looked at once it
/// does not look at again, so that a line arriving byte by byte costs linear time.
///
/// The range is followed by at least `parser::padding` readable bytes, whatever they hold.
class parser {
public:
    static constexpr std::size_t padding = message_line_padding;

    explicit parser(parser_limits limits = {}) noexcept;

    /// Parses one operation at `first`. After `failed` only `reset` helps.
    [[gnu::always_inline]] parse_status parse(const char* first, const char* last) {
        std::size_t size = 0;
        if (fresh_ && parse_message(first, last, limits_.max_payload, frame_, size)) [[likely]] {
            size_ = size;
            kind_ = operation_kind::msg;
            return parse_status::complete;
        }
        return parse_slowly(first, last);
    }

    [[nodiscard]] operation_kind kind() const noexcept { return kind_; }
    /// How many bytes the operation took.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const message_frame& message() const noexcept { return frame_; }
    /// INFO's JSON, or -ERR's text without its quotes.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    /// After `need_more`: the whole operation's size if its line is complete, else 0.
    [[nodiscard]] std::size_t needed() const noexcept { return needed_; }
    [[nodiscard]] const error& failure() const noexcept { return failure_; }

    /// Back to the start of an operation, on a new connection say.
    void reset() noexcept;

private:
    parse_status parse_slowly(const char* first, const char* last);
    parse_status await_line(std::string_view begun);
    parse_status parse_line(std::string_view line, const char* last);
    parse_status parse_message_line(std::string_view line, std::string_view arguments,
                                    bool with_headers, const char* last);
    parse_status read_sizes(std::string_view line, std::string_view header, std::string_view total);
    parse_status finish_message(std::string_view line, const char* last);
    parse_status finish_line(operation_kind kind, std::string_view line);
    parse_status need_more(std::size_t needed) noexcept;
    parse_status fail(std::string what, std::string_view line);

    parser_limits limits_;
    message_frame frame_;
    std::string_view text_;
    std::size_t size_ = 0;
    std::size_t needed_ = 0;
    std::size_t scanned_ = 0; // bytes of an unfinished line that hold no LF
    operation_kind kind_ = operation_kind::ok;
    bool fresh_ = true; // at the start of an operation
    bool failed_ = false;
    error failure_;
};

} // namespace impl
} // namespace v0
} // namespace conats
