// SPDX-License-Identifier: Apache-2.0

// Header blocks: taken apart, looked into, built.

#include "protocol/header_codec.hpp"

#include <conats/headers.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace {

using conats::headers;
using conats::headers_view;
using conats::impl::decode_header_block;

std::string block_of(std::size_t count, std::size_t value_size) {
    std::string block = "NATS/1.0\r\n";
    for (std::size_t i = 0; i != count; ++i) {
        block += "Header-" + std::to_string(i) + ": " + std::string(value_size, 'v') + "\r\n";
    }
    return block + "\r\n";
}

void decode(benchmark::State& state) {
    const std::string block = block_of(static_cast<std::size_t>(state.range(0)), 16);
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(decode_header_block(block));
    }
}
BENCHMARK(decode)->Arg(0)->Arg(1)->Arg(2)->Arg(8);

void decode_varied(benchmark::State& state) {
    std::mt19937 random(1);
    std::vector<std::string> blocks(1024);
    for (std::string& block : blocks) {
        block = block_of(1 + random() % 4, random() % 40);
    }
    std::size_t i = 0;
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(decode_header_block(blocks[i++ % 1024]));
    }
}
BENCHMARK(decode_varied);

void decode_status(benchmark::State& state) {
    const std::string block = "NATS/1.0 503\r\n\r\n";
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(decode_header_block(block));
    }
}
BENCHMARK(decode_status);

void get_last_of_eight(benchmark::State& state) {
    const std::string block = block_of(8, 16);
    const headers_view view(decode_header_block(block).lines);
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(view.get("Header-7"));
    }
}
BENCHMARK(get_last_of_eight);

void build_two(benchmark::State& state) {
    for ([[maybe_unused]] auto _ : state) {
        headers h;
        h.add("Nats-Msg-Id", "1").add("Trace", "0123456789abcdef");
        benchmark::DoNotOptimize(h);
    }
}
BENCHMARK(build_two);

} // namespace

BENCHMARK_MAIN();
