// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "testing/fault_line.hpp"

#include <string>
#include <string_view>

using namespace conats::testing;
using conats::testing::impl::fault_action;
using conats::testing::impl::fault_line;

namespace {

struct outcome {
    std::string out;
    fault_action action = fault_action::none;
    std::string rest;
};

/// Feeds in parts of `size` bytes until something ends or stalls it.
outcome feed(const faults& f, std::string_view bytes, std::size_t size) {
    fault_line line;
    outcome o;
    o.rest = bytes;
    const auto first = line.feed(f, {});
    o.action = first.action;
    while (!o.rest.empty() && o.action != fault_action::close && o.action != fault_action::reset &&
           o.action != fault_action::stall) {
        const auto r = line.feed(f, std::string_view(o.rest).substr(0, size));
        o.out += r.out;
        o.rest.erase(0, r.used);
        if (r.action != fault_action::none)
            o.action = r.action;
    }
    return o;
}

void check(const faults& f, std::string_view out, fault_action action, std::string_view rest) {
    for (std::size_t size = 1; size <= 8; ++size) {
        INFO("in parts of " << size);
        const outcome o = feed(f, "abcdefgh", size);
        CHECK(o.out == out);
        CHECK(o.action == action);
        CHECK(o.rest == rest);
    }
}

} // namespace

TEST_CASE("A fault comes at its byte however the bytes are split") {
    check(faults(), "abcdefgh", fault_action::none, "");
    check(faults().close_after(3), "abc", fault_action::close, "defgh");
    check(faults().close_after(0), "", fault_action::close, "abcdefgh");
    check(faults().reset_after(8), "abcdefgh", fault_action::reset, "");
    check(faults().reset_after(9), "abcdefgh", fault_action::none, "");
    check(faults().stall_after(2), "ab", fault_action::stall, "cdefgh");
    check(faults().stall(), "", fault_action::stall, "abcdefgh");
    check(faults().half_close_after(2), "ab", fault_action::half_close, "");
    check(faults().corrupt(0),
          "\x9e"
          "bcdefgh",
          fault_action::none, "");
    check(faults().corrupt(7), "abcdefg\x97", fault_action::none, "");
    check(faults().drop(3), "abcefgh", fault_action::none, "");
    check(faults().drop(3).corrupt(4),
          "abc\x9a"
          "fgh",
          fault_action::none, "");
    check(faults().blackhole(), "", fault_action::none, "");
    check(faults().blackhole().close_after(4), "", fault_action::close, "efgh");
    // The first of several.
    check(faults().close_after(5).reset_after(3), "abc", fault_action::reset, "defgh");
}

TEST_CASE("Faults that change apply from where the bytes are") {
    fault_line line;
    CHECK(line.feed(faults().stall_after(2), "abcd").used == 2);
    CHECK(line.feed(faults().stall_after(2), "cd").used == 0);
    const auto r = line.feed(faults().corrupt(2).close_after(3), "cd");
    CHECK(r.out == "\x9c");
    CHECK(r.action == fault_action::close);
    // What lies behind already ends it at once.
    fault_line other;
    CHECK(other.feed(faults(), "abcd").used == 4);
    CHECK(other.feed(faults().reset_after(1), "").action == fault_action::reset);
}
