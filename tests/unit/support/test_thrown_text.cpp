// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/thrown_text.hpp"

#include <stdexcept>
#include <string>

namespace {

template <class T>
std::string thrown_by(T thrown) {
    try {
        throw thrown; // NOLINT(misc-throw-by-value-catch-by-reference): the type is the caller's
    } catch (...) {
        return conats::impl::thrown_text();
    }
}

} // namespace

TEST_CASE("what was thrown is told, and never by nothing") {
    CHECK(thrown_by(std::runtime_error("oops")) == "oops");
    CHECK(thrown_by(std::runtime_error("")) == "an exception without words was thrown");
    CHECK(thrown_by(7) == "something was thrown that is no std::exception");
}
