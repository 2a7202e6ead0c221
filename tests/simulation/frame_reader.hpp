// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace conats::simulation {

/// A command of either side. Views into the reader, good until it goes on.
struct frame {
    std::string_view line; ///< without CRLF
    std::string_view verb;
    std::vector<std::string_view> words; ///< behind the verb, split at blanks
    std::string_view headers;            ///< the block with its empty line
    std::string_view payload;

    [[nodiscard]] bool is(std::string_view v) const noexcept { return verb == v; }
};

/// Reads what a side of a connection says, independently of the library's parsers.
class frame_reader {
public:
    void feed(std::string_view bytes) { bytes_.append(bytes); }
    /// The next whole command. False: there is none yet, or `fault` says why there never will be.
    bool next(frame& out);

    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    /// What has begun and is not whole.
    [[nodiscard]] std::string_view rest() const noexcept {
        return std::string_view(bytes_).substr(at_);
    }

private:
    bool read_body(frame& out, std::size_t line_end);
    bool fail(std::string why);

    std::string bytes_;
    std::size_t at_ = 0;
    std::string fault_;
};

} // namespace conats::simulation
