// SPDX-License-Identifier: Apache-2.0

// Frames appended to a buffer that has room.

#include "micro/publications.hpp"
#include "protocol/encoder.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using conats::impl::byte_buffer;

constexpr std::size_t room = std::size_t{64} << 10U;

/// Runs `append(buffer, i)` and empties the buffer when the next frame might not fit.
template <class Append>
void fill(benchmark::State& state, Append append) {
    byte_buffer buffer(room * 2);
    std::size_t i = 0;
    for ([[maybe_unused]] auto _ : state) {
        if (buffer.size() > room) {
            buffer.clear();
        }
        append(buffer, i++);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void publish_constant(benchmark::State& state) {
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'p');
    fill(state, [&](byte_buffer& to, std::size_t) {
        conats::impl::append_publish(to, "foo.bar", "", payload);
    });
}
BENCHMARK(publish_constant)->Arg(0)->Arg(16)->Arg(1024);

void publish_varied(benchmark::State& state) {
    const bench::varied_publications varied;
    fill(state, [&](byte_buffer& to, std::size_t i) { varied.append(to, i); });
}
BENCHMARK(publish_varied);

void publish_with_headers(benchmark::State& state) {
    conats::headers headers;
    headers.add("Nats-Msg-Id", "1").add("Trace", "0123456789abcdef");
    const std::string payload(16, 'p');
    fill(state, [&](byte_buffer& to, std::size_t) {
        conats::impl::append_publish(to, "foo.bar", "", headers, payload);
    });
}
BENCHMARK(publish_with_headers);

void subscribe(benchmark::State& state) {
    fill(state, [](byte_buffer& to, std::size_t i) {
        conats::impl::append_subscribe(to, "foo.bar", "", i);
    });
}
BENCHMARK(subscribe);

} // namespace

BENCHMARK_MAIN();
