// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/enumerators.hpp"

#include <conats/testing/broker_core.hpp>
#include <conats/testing/scripted_peer.hpp>

using conats::test::faults_of_texts;

// As tests/unit/values/test_texts.cpp, for the enums of conats::testing.
TEST_CASE("testing texts: every enumerator has one of its own, every other value is unknown") {
    CHECK(faults_of_texts<conats::testing::broker_end>().empty());
    CHECK(faults_of_texts<conats::testing::broker_verdict>().empty());
    CHECK(faults_of_texts<conats::testing::script_failure>().empty());
}
