// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include "exit_code.hpp"

#include <boost/asio/post.hpp>

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tool {

namespace {

constexpr std::string_view reset = "\x1b[0m";
constexpr std::string_view erase_line = "\r\x1b[K";

constexpr std::string_view code_of(style s) {
    switch (s) {
    case style::subject: return "\x1b[1;36m";
    case style::header: return "\x1b[33m";
    case style::faint: return "\x1b[2m";
    case style::good: return "\x1b[32m";
    case style::bad: return "\x1b[31m";
    }
    return {};
}

std::string with_colour(style s, std::string_view text) {
    return std::string(code_of(s)).append(text).append(reset);
}

/// The number of what went wrong; 0 if nothing did.
int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written >= 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

} // namespace

output::output(int out, int err, const environment& env)
    : out_(out),
      err_(err),
      out_is_terminal_(::isatty(out) == 1),
      err_is_terminal_(::isatty(err) == 1),
      out_has_colours_(out_is_terminal_ && !value_of(env, "NO_COLOR")),
      err_has_colours_(err_is_terminal_ && !value_of(env, "NO_COLOR")) {}

void output::flush() {
    if (buffer_.empty())
        return;
    progress({});
    const int fault = write_all(out_, buffer_);
    buffer_.clear();
    if (fault == EPIPE)
        throw reader_gone();
    if (fault != 0)
        throw failure(failed, "cannot write the output: " + std::generic_category().message(fault));
}

void output::flush_soon(const boost::asio::any_io_executor& executor) {
    if (flush_posted_)
        return;
    flush_posted_ = true;
    boost::asio::post(executor, [this] {
        flush_posted_ = false;
        flush();
    });
}

void output::note(std::string_view line) {
    if (!quiet_)
        say(err_has_colours_ ? with_colour(style::faint, line) : std::string(line));
}

void output::error(std::string_view line) {
    const std::string_view name = "conats: ";
    const std::string whole = std::string(name).append(line);
    say(err_has_colours_ ? with_colour(style::bad, whole) : whole);
}

void output::progress(std::string_view line) {
    if (!err_is_terminal_ || (line.empty() && !progress_shown_))
        return;
    write_all(err_, std::string(erase_line).append(line));
    progress_shown_ = !line.empty();
}

std::string output::painted(style s, std::string_view text) const {
    return out_has_colours_ ? with_colour(s, text) : std::string(text);
}

// Whoever does not read stderr misses it; that is no reason to end.
void output::say(std::string_view line) {
    progress({});
    write_all(err_, std::string(line) + '\n');
}

} // namespace tool
