// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/measure.h"
#include "common/result.h"
#include "scenarios/scenarios.hpp"
#include "scenarios/together.hpp"

#include <conats/message.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace bench {

/// What one consumer has got. On lines of its own: consumers may run in threads of their own.
class alignas(64) tally {
public:
    /// Returns true for the last.
    bool add(const conats::message& m, std::uint64_t expected) {
        if (count_ == 0)
            first_ = bench_now();
        bytes_ += m.text().size();
        if (++count_ != expected)
            return false;
        last_ = bench_now();
        return true;
    }

    [[nodiscard]] const std::uint64_t& count() const { return count_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] bench_mark first() const { return first_; }
    [[nodiscard]] bench_mark last() const { return last_; }

private:
    std::uint64_t count_ = 0;
    std::uint64_t bytes_ = 0;
    bench_mark first_{};
    bench_mark last_{};
};

/// Several consumers, and what they have got in all.
class consumers {
public:
    explicit consumers(setting& s) : s_(s) {}
    consumers(const consumers&) = delete;
    consumers& operator=(const consumers&) = delete;
    ~consumers() { s_.watch_none(); }

    /// Subscribes in the call; its work takes `count` messages in the form that is wanted.
    void add(const conats::client& nc, const std::string& subject, std::uint64_t count,
             std::vector<work>& works);
    /// Sums up; throws where payloads are of another size.
    void report(bench_result& result) const;
    /// The same, for what began before the first message.
    void report(bench_result& result, bench_mark began) const;

private:
    setting& s_;
    std::deque<tally> tallies_;
};

} // namespace bench
