// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "environment.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace tool {

enum class style : std::uint8_t { subject, header, faint, good, bad };

/// Whoever read our stdout has gone: the program ends without a word.
class reader_gone : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "nobody reads the output"; }
};

/// What the program says: results go to stdout, everything else to stderr. Colours where that is a
/// terminal and NO_COLOR is not set. It outlives the io_context.
class output {
public:
    output(int out, int err, const environment& env);

    /// A result, byte by byte as it is; kept until it is flushed.
    void print(std::string_view text) { buffer_ += text; }
    /// Writes what is kept. Throws reader_gone, or a failure where it cannot be written.
    void flush();
    /// Writes it when the executor has done what it has to do now.
    void flush_soon(const boost::asio::any_io_executor& executor);

    /// A line about what goes on; none where it has to be quiet.
    void note(std::string_view line);
    void quiet(bool on) { quiet_ = on; }
    /// A line about what went wrong.
    void error(std::string_view line);
    /// A line that the next one replaces, on a terminal alone.
    void progress(std::string_view line);

    [[nodiscard]] bool on_terminal() const { return out_is_terminal_; }
    [[nodiscard]] bool shows_progress() const { return err_is_terminal_; }
    /// The text as it is to be printed to stdout.
    [[nodiscard]] std::string painted(style s, std::string_view text) const;

private:
    void say(std::string_view line);

    std::string buffer_;
    int out_;
    int err_;
    bool out_is_terminal_;
    bool err_is_terminal_;
    bool out_has_colours_;
    bool err_has_colours_;
    bool quiet_ = false;
    bool progress_shown_ = false;
    bool flush_posted_ = false;
};

} // namespace tool
