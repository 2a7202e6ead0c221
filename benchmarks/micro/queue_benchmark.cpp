// SPDX-License-Identifier: Apache-2.0

// What a message costs between parser and consumer: one read of messages is staged, committed and
// taken. "varied": among many subscriptions, in random order.

#include "engine/subscription_state.hpp"
#include "support/chunk_pool.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using conats::impl::chunk;
using conats::impl::record;
using conats::impl::subscription_state;

constexpr std::size_t messages_of_a_read = 2048;

record in(chunk& memory) {
    record r;
    r.memory = &memory;
    r.subject(memory.data());
    r.subject_size = 7;
    r.body_offset = 10;
    r.payload_size = 16;
    return r;
}

void stage(subscription_state& s, chunk& memory) {
    conats::impl::message_queue& q = s.staging();
    record& r = q.place();
    r = in(memory);
    q.stage(r);
}

void take_all(subscription_state& s) {
    record r;
    while (s.take(r)) {
        benchmark::DoNotOptimize(r);
        conats::impl::release_reference(r.memory);
    }
}

void one(benchmark::State& state) {
    subscription_state s("foo.bar", "", {});
    chunk* const memory = conats::impl::make_chunk(1024, nullptr);
    for ([[maybe_unused]] auto _ : state) {
        for (std::size_t i = 0; i != messages_of_a_read; ++i) {
            stage(s, *memory);
        }
        s.commit(*memory, {});
        take_all(s);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * messages_of_a_read));
    conats::impl::release_reference(memory);
}
BENCHMARK(one);

void varied(benchmark::State& state) {
    std::vector<std::unique_ptr<subscription_state>> all;
    for (std::int64_t i = 0; i != state.range(0); ++i)
        all.push_back(
            std::make_unique<subscription_state>("foo.bar", "", conats::impl::pending_limits{}));
    chunk* const memory = conats::impl::make_chunk(1024, nullptr);
    std::mt19937 random(1);
    for ([[maybe_unused]] auto _ : state) {
        subscription_state& s = *all[random() % all.size()];
        stage(s, *memory);
        s.commit(*memory, {});
        take_all(s);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
    conats::impl::release_reference(memory);
}
BENCHMARK(varied)->Arg(1)->Arg(1000)->Arg(100'000);

} // namespace

BENCHMARK_MAIN();
