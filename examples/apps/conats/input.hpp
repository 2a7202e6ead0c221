// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "output.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>
#include <string>

namespace tool {

/// All of stdin; blocks until its end. A note asks for it where a person has to type it.
[[nodiscard]] std::string read_stdin(output& out);

/// The lines of stdin, one by one as they come.
class line_reader {
public:
    explicit line_reader(const boost::asio::any_io_executor& executor);

    /// The next one without its line feed; none at the end.
    [[nodiscard]] boost::asio::awaitable<std::optional<std::string>> next();
    /// Makes `next` return none.
    void stop();

private:
    [[nodiscard]] std::optional<std::string> take();

    std::string buffer_;
    // Watches stdin in its place: Asio would make stdin non-blocking, and with it a terminal that
    // is our stdout too.
    boost::asio::posix::stream_descriptor ready_;
    bool always_ready_ = false; // a file
    bool ended_ = false;
};

} // namespace tool
