// SPDX-License-Identifier: Apache-2.0

// The parser over 64 KiB of frames, as a reader shows them to it. "constant": all frames equal, so
// that branch prediction is perfect. "varied": subjects of 8-32 bytes, ids of 1-4 digits, payloads
// of 0.5-1.5 times the size, a reply on every second frame.

#include "protocol/parser.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace {

using conats::impl::parse_status;
using conats::impl::parser;

constexpr std::size_t chunk_size = std::size_t{64} << 10U;

class frames {
public:
    template <class Make>
    explicit frames(Make make) {
        while (bytes_.size() < chunk_size) {
            bytes_ += make();
            ++count_;
        }
        size_ = bytes_.size();
        bytes_.append(parser::padding, '\0');
    }
    [[nodiscard]] const char* begin() const { return bytes_.data(); }
    [[nodiscard]] const char* end() const { return bytes_.data() + size_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t count() const { return count_; }

private:
    std::string bytes_;
    std::size_t size_ = 0;
    std::size_t count_ = 0;
};

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

std::string msg(const std::string& subject, std::uint64_t sid, const std::string& reply,
                std::size_t payload) {
    return "MSG " + subject + ' ' + std::to_string(sid) + ' ' + reply + ' ' +
           std::to_string(payload) + "\r\n" + std::string(payload, 'p') + "\r\n";
}

void constant(benchmark::State& state) {
    const auto payload = static_cast<std::size_t>(state.range(0));
    parse(state, frames([=] { return msg("foo.bar", 1, "", payload); }));
}
BENCHMARK(constant)->Arg(0)->Arg(16)->Arg(1024);

void varied(benchmark::State& state) {
    const auto payload = static_cast<std::size_t>(state.range(0));
    std::mt19937 random(1);
    bool with_reply = false;
    parse(state, frames([&] {
              with_reply = !with_reply;
              return msg(std::string(8 + random() % 25, 's'), random() % 10'000,
                         with_reply ? "_INBOX.abcdefghij.12" : "",
                         payload / 2 + random() % (payload + 1));
          }));
}
BENCHMARK(varied)->Arg(16)->Arg(1024);

void varied_subject_and_id(benchmark::State& state) {
    std::mt19937 random(1);
    parse(state, frames([&] {
              return msg(std::string(8 + random() % 25, 's'), random() % 10'000, "", 16);
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
              return msg("orders.created", 12,
                         "$JS.ACK.orders.worker.1.123456.123456.1700000000000000000.0", 16);
          }));
}
BENCHMARK(long_reply);

} // namespace

BENCHMARK_MAIN();
