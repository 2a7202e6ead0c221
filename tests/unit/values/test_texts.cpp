// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/enumerators.hpp"

#include <conats/conats.hpp>
#include <conats/observability.hpp>
#include <conats/transport.hpp>

using conats::test::faults_of_texts;

namespace {

using texts = std::vector<std::string>;

} // namespace

namespace test_texts {

enum class broken { one, two, three };

static std::string_view to_string(broken b) noexcept {
    return b == broken::three ? "" : "one";
}

static std::ostream& operator<<(std::ostream& os, broken b) {
    return os << (b == broken::one ? "1" : to_string(b));
}

} // namespace test_texts

// scripts/check-enums sees to it that none is missing here.
TEST_CASE("texts: every enumerator has one of its own, every other value is unknown") {
    CHECK(faults_of_texts<conats::condition>() == texts());
    CHECK(faults_of_texts<conats::connect_phase>() == texts());
    CHECK(faults_of_texts<conats::end_of_replies>() == texts());
    CHECK(faults_of_texts<conats::errc, 512>() == texts());
    CHECK(faults_of_texts<conats::event_kind>() == texts());
    CHECK(faults_of_texts<conats::ip_order>() == texts());
    CHECK(faults_of_texts<conats::lame_duck_policy>() == texts());
    CHECK(faults_of_texts<conats::log_level>() == texts());
    CHECK(faults_of_texts<conats::offline_policy>() == texts());
    CHECK(faults_of_texts<conats::overflow>() == texts());
    CHECK(faults_of_texts<conats::status>() == texts());
    CHECK(faults_of_texts<conats::subscription_status>() == texts());
    CHECK(faults_of_texts<conats::tls_version>() == texts());
    CHECK(faults_of_texts<conats::wire_direction>() == texts());
    CHECK(faults_of_texts<conats::wire_kind>() == texts());
}

TEST_CASE("texts: one that is missing, printed otherwise or given twice is found") {
    CHECK(faults_of_texts<test_texts::broken, 4>() == texts{"operator<< of 0: 1", "1 two: \"one\"",
                                                            "2 three: \"\"", "3 : \"one\"",
                                                            "no enumerators found"});
    CHECK(faults_of_texts<conats::overflow, 3>() ==
          texts{"the last value looked at is an enumerator"});
}
