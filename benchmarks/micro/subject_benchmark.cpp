// SPDX-License-Identifier: Apache-2.0

// What each publish costs for the check of its subject, and matching.

#include "values/subject_rules.hpp"

#include <conats/subject.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace {

using conats::impl::check_publish_subject;

void check_constant(benchmark::State& state) {
    std::string subject(static_cast<std::size_t>(state.range(0)), 's');
    subject[subject.size() / 2] = '.';
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(subject);
        benchmark::DoNotOptimize(check_publish_subject(subject));
    }
}
BENCHMARK(check_constant)->Arg(3)->Arg(7)->Arg(10)->Arg(20)->Arg(30)->Arg(64)->Arg(100);

void check_varied(benchmark::State& state) {
    std::mt19937 random(1);
    std::vector<std::string> subjects(1024);
    for (std::string& subject : subjects) {
        subject.assign(8 + random() % 25, 's');
        subject[1 + random() % (subject.size() - 2)] = '.';
    }
    std::size_t i = 0;
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(check_publish_subject(subjects[i++ % 1024]));
    }
}
BENCHMARK(check_varied);

void match(benchmark::State& state) {
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(
            conats::subject_matches("orders.*.created.>", "orders.eu.created.x.y"));
    }
}
BENCHMARK(match);

} // namespace

BENCHMARK_MAIN();
