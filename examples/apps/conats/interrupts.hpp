// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>

namespace tool {

/// SIGINT and SIGTERM: the first one does in the context what it is told to, any further one ends
/// the program at once, also while its thread is blocked. One object at a time.
class interrupts {
public:
    interrupts(boost::asio::io_context& context, std::function<void()> on_first);
    interrupts(const interrupts&) = delete;
    interrupts& operator=(const interrupts&) = delete;
    ~interrupts();

    /// Replaces what the first one does.
    void on_first(std::function<void()> f) { on_first_ = std::move(f); }
    /// Whether there was one.
    [[nodiscard]] bool seen() const;
    /// The exit code for it, 128 and its number.
    [[nodiscard]] int code() const;
    /// Looks for none any more, so that the context can end.
    void stop() { pipe_.close(); }

private:
    boost::asio::posix::stream_descriptor pipe_;
    std::function<void()> on_first_;
    char number_ = 0;
};

} // namespace tool
