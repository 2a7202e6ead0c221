// SPDX-License-Identifier: Apache-2.0

// The parser over 64 KiB of frames, as a reader shows them to it.

#include "micro/frames.hpp"
#include "protocol/parser.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace {

using bench::frames;
using conats::impl::parse_status;
using conats::impl::parser;

void parse(benchmark::State& state, const frames& chunk) {
    parser p;
    std::uint64_t sum = 0;
    for ([[maybe_unused]] auto _ : state) {
        for (const char* at = chunk.begin(); at != chunk.end(); at += p.size()) {
            if (p.parse(at, chunk.end()) != parse_status::complete) {
                state.SkipWithError(p.failure().what().c_str());
                return;
            }
            sum += p.message().sid + p.message().total_size;
        }
    }
    benchmark::DoNotOptimize(sum);
    const auto runs = static_cast<std::int64_t>(state.iterations());
    state.SetItemsProcessed(runs * static_cast<std::int64_t>(chunk.count()));
    state.SetBytesProcessed(runs * static_cast<std::int64_t>(chunk.size()));
    state.counters["per_frame"] = benchmark::Counter(static_cast<double>(chunk.count()),
                                                     benchmark::Counter::kIsIterationInvariantRate |
                                                         benchmark::Counter::kInvert);
}

void constant(benchmark::State& state) {
    parse(state, bench::constant_frames(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(constant)->Arg(0)->Arg(16)->Arg(1024);

void varied(benchmark::State& state) {
    parse(state, bench::varied_frames(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(varied)->Arg(16)->Arg(1024);

void varied_subject_and_id(benchmark::State& state) {
    std::mt19937 random(1);
    parse(state, frames([&] {
              return bench::msg(std::string(8 + random() % 25, 's'), random() % 10'000, "", 16);
          }));
}
BENCHMARK(varied_subject_and_id);

void with_headers(benchmark::State& state) {
    const std::string block = "NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\n";
    std::string frame = "HMSG foo.bar 1 " + std::to_string(block.size()) + ' ' +
                        std::to_string(block.size() + 16) + "\r\n" + block + std::string(16, 'p') +
                        "\r\n";
    parse(state, frames([&] { return frame; }));
}
BENCHMARK(with_headers);

void long_reply(benchmark::State& state) {
    parse(state, frames([] {
              return bench::msg("orders.created", 12,
                                "$JS.ACK.orders.worker.1.123456.123456.1700000000000000000.0", 16);
          }));
}
BENCHMARK(long_reply);

} // namespace

BENCHMARK_MAIN();
