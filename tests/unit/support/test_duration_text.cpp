// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/duration_text.hpp"

using conats::impl::duration_text;
using conats::impl::timeout_fault;
using namespace std::chrono_literals;

TEST_CASE("a duration is told exactly, in the largest unit that does") {
    CHECK(duration_text(0s) == "0 s");
    CHECK(duration_text(2min) == "120 s");
    CHECK(duration_text(1500ms) == "1500 ms");
    CHECK(duration_text(-3us) == "-3 us");
    CHECK(duration_text(1000001ns) == "1000001 ns");
    CHECK(duration_text(std::chrono::nanoseconds::min()) == "-9223372036854775808 ns");
}

TEST_CASE("a timeout that is not positive is told with its name and value") {
    CHECK(timeout_fault("connect_timeout", 1ns).empty());
    CHECK(timeout_fault("connect_timeout", 0s) ==
          "connect_timeout is 0 s and has to be above zero");
    CHECK(timeout_fault("the timeout", -5ms) == "the timeout is -5 ms and has to be above zero");
}
