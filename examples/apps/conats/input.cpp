// SPDX-License-Identifier: Apache-2.0
#include "input.hpp"

#include "exit_code.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace tool {

namespace asio = boost::asio;

namespace {

/// Appends what is there; returns whether anything was.
bool read_some(std::string& to) {
    std::array<char, 64 << 10> bytes;
    for (;;) {
        const ssize_t size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (size >= 0) {
            to.append(bytes.data(), static_cast<std::size_t>(size));
            return size != 0;
        }
        if (errno != EINTR)
            throw failure(failed, "cannot read stdin: " + std::generic_category().message(errno));
    }
}

} // namespace

std::string read_stdin(output& out) {
    if (::isatty(STDIN_FILENO) == 1)
        out.note("Reading the payload from stdin; Ctrl-D ends it");
    std::string payload;
    while (read_some(payload)) {}
    return payload;
}

line_reader::line_reader(const asio::any_io_executor& executor) : ready_(executor) {
    ready_.assign(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    always_ready_ = ::epoll_ctl(ready_.native_handle(), EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0;
}

asio::awaitable<std::optional<std::string>> line_reader::next() {
    for (;;) {
        if (auto line = take())
            co_return line;
        if (ended_)
            co_return std::optional<std::string>();
        if (!always_ready_)
            co_await ready_.async_wait(asio::posix::descriptor_base::wait_read,
                                       asio::as_tuple(asio::deferred));
        if (!ended_)
            ended_ = !read_some(buffer_);
    }
}

void line_reader::stop() {
    ended_ = true;
    buffer_.clear();
    ready_.cancel();
}

std::optional<std::string> line_reader::take() {
    const std::size_t end = buffer_.find('\n');
    if (end == buffer_.npos && (!ended_ || buffer_.empty()))
        return {};
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end == buffer_.npos ? end : end + 1);
    return line;
}

} // namespace tool
