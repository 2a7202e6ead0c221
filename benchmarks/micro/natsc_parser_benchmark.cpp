// SPDX-License-Identifier: Apache-2.0

// nats.c's parser over the frames of parser_benchmark. What it finds is counted here in place of
// being delivered: the functions of the library that are defined here take precedence over its own.
// Needs a server to make a connection with: NATS_URL, say of `conats_bench_raw serve sink`.

#include "micro/frames.hpp"

#include <benchmark/benchmark.h>
#include <nats/nats.h>

#include <cstdint>
#include <cstdlib>

// Not in its headers, but among its symbols.
extern "C" natsStatus natsParser_Parse(natsConnection* nc, char* bytes, int size);

namespace {

std::uint64_t found = 0;

natsConnection* connection() {
    static natsConnection* const nc = [] {
        natsConnection* made = nullptr;
        const char* url = std::getenv("NATS_URL");
        natsConnection_ConnectTo(&made, url != nullptr ? url : NATS_DEFAULT_URL);
        return made;
    }();
    return nc;
}

void parse(benchmark::State& state, bench::frames chunk) {
    if (connection() == nullptr) {
        state.SkipWithError("there is no server at NATS_URL");
        return;
    }
    const std::uint64_t before = found;
    for ([[maybe_unused]] auto _ : state) {
        natsParser_Parse(connection(), chunk.begin(), static_cast<int>(chunk.size()));
    }
    const auto runs = static_cast<std::uint64_t>(state.iterations());
    if (found - before != runs * chunk.count())
        state.SkipWithError("it does not find the messages");
    state.SetItemsProcessed(static_cast<std::int64_t>(found - before));
    state.counters["per_frame"] = benchmark::Counter(static_cast<double>(chunk.count()),
                                                     benchmark::Counter::kIsIterationInvariantRate |
                                                         benchmark::Counter::kInvert);
}

void constant(benchmark::State& state) {
    parse(state, bench::constant_frames(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(constant)->Arg(16)->Arg(1024);

void varied(benchmark::State& state) {
    parse(state, bench::varied_frames(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(varied)->Arg(16)->Arg(1024);

} // namespace

extern "C" natsStatus natsConn_processMsg(natsConnection* /*nc*/, char* /*bytes*/, int /*size*/) {
    ++found;
    return NATS_OK;
}

BENCHMARK_MAIN();
