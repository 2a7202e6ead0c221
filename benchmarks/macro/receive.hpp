// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/measure.h"
#include "macro/progress.hpp"
#include "macro/together.hpp"

#include <conats/client.hpp>
#include <conats/message.hpp>

#include <cstdint>
#include <string>

namespace bench {

/// Counts what arrives, and takes the time of the first and of the last message.
class receipts {
public:
    receipts(const asio::any_io_executor& executor, std::uint64_t expected, progress& bar)
        : expected_(expected),
          bar_(bar),
          complete_(executor) {}

    void add(const conats::message& m) {
        if (count_ == 0)
            first_ = bench_now();
        bytes_ += m.text().size();
        bar_.add();
        if (++count_ == expected_) {
            last_ = bench_now();
            complete_.open();
        }
    }

    [[nodiscard]] asio::awaitable<void> complete() { return complete_.wait(); }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] bench_mark first() const { return first_; }
    [[nodiscard]] bench_mark last() const { return last_; }

private:
    const std::uint64_t expected_;
    std::uint64_t count_ = 0;
    std::uint64_t bytes_ = 0;
    bench_mark first_{};
    bench_mark last_{};
    progress& bar_;
    gate complete_;
};

/// Subscribes in the call; the awaitable takes `count` messages in the given form.
asio::awaitable<void> receive(const conats::client& nc, const std::string& subject,
                              const std::string& form, std::uint64_t count, receipts& to);

} // namespace bench
