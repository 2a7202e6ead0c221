// SPDX-License-Identifier: Apache-2.0
#include "macro/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

namespace bench {

namespace {

constexpr std::uint64_t width = 40;

} // namespace

progress::progress(std::uint64_t all) : all_(std::max<std::uint64_t>(all, 1)) {
    if (isatty(STDERR_FILENO) != 0)
        drawer_ = std::thread([this] { draw_until_stopped(); });
}

progress::~progress() {
    if (!drawer_.joinable())
        return;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    stopping_.notify_one();
    drawer_.join();
}

void progress::draw_until_stopped() {
    std::unique_lock lock(mutex_);
    bool drawn = false;
    while (!stopping_.wait_for(lock, std::chrono::seconds(1), [this] { return stopped_; })) {
        draw();
        drawn = true;
    }
    if (drawn)
        std::cerr << "\r\x1b[K" << std::flush; // wipes the line
}

void progress::draw() const {
    const std::uint64_t done = std::min(done_.load(std::memory_order_relaxed), all_);
    const auto filled = static_cast<std::size_t>(done * width / all_);
    std::cerr << "\r[" << std::string(filled, '#') << std::string(width - filled, '.') << "] "
              << done * 100 / all_ << " % of " << all_ << std::flush;
}

} // namespace bench
