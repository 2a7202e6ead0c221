// SPDX-License-Identifier: Apache-2.0
#include "simulation.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

namespace simulation = conats::simulation;

constexpr std::uint64_t parts = 4; // so that several cores share them

std::uint64_t seeds() {
    const char* const text = std::getenv("CONATS_SIMULATION_SEEDS");
    const std::uint64_t wanted = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
    return wanted == 0 ? CONATS_SIMULATION_SEEDS : wanted;
}

void run_part(std::uint64_t part) {
    const std::uint64_t count = (seeds() + parts - 1) / parts;
    const simulation::tally t = simulation::run_many(1 + part * count, count);
    if (!t.failure.empty())
        FAIL("seed " << t.failed_seed << ": " << t.failure << '\n'
                     << simulation::explain(t.failed_seed));
    CHECK(t.runs == count);
}

} // namespace

TEST_CASE("simulation: the first quarter of the seeds") {
    run_part(0);
}

TEST_CASE("simulation: the second quarter of the seeds") {
    run_part(1);
}

TEST_CASE("simulation: the third quarter of the seeds") {
    run_part(2);
}

TEST_CASE("simulation: the last quarter of the seeds") {
    run_part(3);
}

TEST_CASE("simulation: a seed does the same each time") {
    for (const std::uint64_t seed : {11U, 12U, 13U, 14U, 15U, 16U, 17U, 18U}) {
        const simulation::verdict first = simulation::run(seed, true);
        const simulation::verdict second = simulation::run(seed, true);
        INFO(seed);
        CHECK(first.transcript.size() > 20);
        CHECK(first.transcript == second.transcript);
    }
    CHECK(simulation::run(11, true).transcript != simulation::run(12, true).transcript);
}
