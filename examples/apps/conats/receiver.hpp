// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session.hpp"

#include <conats/client.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tool {

/// Hands the messages of some subjects to a function, with their numbers from 1, until so many have
/// come; then it reaches the end. What the function throws ends it, too.
class receiver {
public:
    using consumer = std::function<void(const conats::message&, std::uint64_t number)>;

    /// `count` 0: without end.
    receiver(std::shared_ptr<ending> end, std::uint64_t count, consumer take);
    receiver(const receiver&) = delete;
    receiver& operator=(const receiver&) = delete;

    void subscribe(const conats::client& nc, const std::string& subject, const std::string& queue);
    /// Throws where the server has refused one, or has not answered by then.
    [[nodiscard]] asio::awaitable<void> confirm(conats::client nc,
                                                std::chrono::nanoseconds limit) const;
    /// When it had nothing to do last.
    [[nodiscard]] steady_time idle_since() const { return idle_since_; }

private:
    void on_message(const conats::message& m);

    std::shared_ptr<ending> end_;
    std::uint64_t left_;
    std::uint64_t number_ = 0;
    consumer take_;
    steady_time idle_since_ = std::chrono::steady_clock::now();
    bool counts_;
    std::vector<conats::subscription> subscriptions_;
};

/// Drains the connection, so that what has come is handled and what was sent has arrived. A
/// connection that is lost meanwhile has nothing left to drain.
[[nodiscard]] asio::awaitable<void> drain(conats::client nc);

} // namespace tool
