// SPDX-License-Identifier: Apache-2.0

// A request's slot: taken, its reply subject written and found again, and freed. "varied": so many
// under way, answered in random order.

#include "engine/request_mux.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using conats::impl::request_mux;
using conats::impl::request_slot;

void constant(benchmark::State& state) {
    request_mux mux;
    mux.prefix("_INBOX.abcdefghijklmnopqrstuv.");
    for ([[maybe_unused]] auto _ : state) {
        request_slot& s = mux.acquire("service");
        request_slot* const found = mux.find(mux.reply_subject(s));
        benchmark::DoNotOptimize(found);
        mux.release(s);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(constant);

void varied(benchmark::State& state) {
    request_mux mux;
    mux.prefix("_INBOX.abcdefghijklmnopqrstuv.");
    std::vector<std::string> replies;
    for (std::int64_t i = 0; i != state.range(0); ++i)
        replies.emplace_back(mux.reply_subject(mux.acquire("service")));
    std::mt19937 random(1);
    for ([[maybe_unused]] auto _ : state) {
        std::string& reply = replies[random() % replies.size()];
        mux.release(*mux.find(reply));
        reply = mux.reply_subject(mux.acquire("service"));
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(varied)->Arg(256)->Arg(100'000);

} // namespace

BENCHMARK_MAIN();
