// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace bench {

/// A bar on stderr for runs longer than a second, drawn by a thread of its own; nothing where
/// stderr is no terminal.
class progress {
public:
    explicit progress(std::uint64_t all);
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    ~progress();

    /// From one thread only, which is why it needs no atomic addition.
    void add(std::uint64_t n = 1) {
        done_.store(done_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

private:
    void draw_until_stopped();
    void draw() const;

    const std::uint64_t all_;
    std::atomic<std::uint64_t> done_{0};
    std::mutex mutex_;
    std::condition_variable stopping_;
    bool stopped_ = false;
    std::thread drawer_;
};

} // namespace bench
