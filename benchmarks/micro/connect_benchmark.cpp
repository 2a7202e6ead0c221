// SPDX-License-Identifier: Apache-2.0

// What is read while connecting: a server's address and its INFO. "varied": another one each time.

#include "protocol/info_codec.hpp"
#include "transport/server_address.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using conats::impl::info_parser;

void parse(benchmark::State& state, const char* const* texts, std::size_t count) {
    conats::impl::server_address address;
    std::size_t i = 0;
    for ([[maybe_unused]] auto _ : state) {
        auto failure = conats::impl::parse_server_address(texts[i++ % count], address);
        benchmark::DoNotOptimize(failure);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void address_constant(benchmark::State& state) {
    const char* const text = "nats://s3cr3t@127.0.0.1:4222";
    parse(state, &text, 1);
}
BENCHMARK(address_constant);

void address_varied(benchmark::State& state) {
    constexpr std::array texts{"localhost", "tls://user:p%40ss@demo.nats.io:4443", "[::1]:4222",
                               "wss://token@a.example/path", "nats://10.0.0.1"};
    parse(state, texts.data(), texts.size());
}
BENCHMARK(address_varied);

std::string info_of(std::size_t servers) {
    std::string text =
        R"({"server_id":"NACDVKFBUW4C4XA24OOT6L4MDP56MW76J5RJDFXG7HLABSB46DCMWCOW","server_name":"n1",)"
        R"("version":"2.15.2","proto":1,"git_commit":"7d96b42","go":"go1.26.8","host":"0.0.0.0",)"
        R"("port":4222,"headers":true,"max_payload":1048576,"jetstream":true,"client_id":5,)"
        R"("client_ip":"127.0.0.1","nonce":"jmN5HI4Z7iSpnRY","xkey":"XDZA","connect_urls":[)";
    for (std::size_t i = 0; i != servers; ++i)
        text += (i == 0 ? "\"10.0.0." : ",\"10.0.0.") + std::to_string(i) + ":4222\"";
    return text + "]}";
}

void info(benchmark::State& state) {
    std::string text = info_of(static_cast<std::size_t>(state.range(0)));
    const std::size_t size = text.size();
    text.append(info_parser::padding, '\0');
    info_parser parser;
    conats::server_info out;
    for ([[maybe_unused]] auto _ : state) {
        auto failure = parser.parse(text.data(), size, out);
        benchmark::DoNotOptimize(failure);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * size));
}
BENCHMARK(info)->Arg(0)->Arg(3)->Arg(100);

} // namespace

BENCHMARK_MAIN();
