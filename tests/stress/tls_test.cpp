// SPDX-License-Identifier: Apache-2.0
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> connect_and_talk(conats::connect_options options, int id,
                                       std::atomic<int>& done) {
    auto nc = co_await conats::connect(std::move(options));
    const std::string subject = "own." + std::to_string(id);
    auto sub = co_await nc.subscribe(subject);
    for (int i = 0; i != 5; ++i) {
        co_await nc.publish(subject, std::to_string(i));
        auto m = co_await sub.next(60s);
        if (m->text() != std::to_string(i))
            throw std::runtime_error("not what was published");
    }
    if (!nc.tls_info())
        throw std::runtime_error("not encrypted");
    co_await nc.close();
    ++done;
}

void connect_many(const conats::connect_options& options, int count) {
    std::atomic<int> done{0};
    std::vector<asio::awaitable<void>> works;
    for (int i = 0; i != count; ++i)
        works.push_back(connect_and_talk(options, i, done));
    run_on_threads(2, std::move(works), 90s);
    CHECK(done == count);
}

/// Two cores make the handshakes one after the other: nobody is to lose patience.
conats::connect_options patient(const nats_server& server, conats::tls_options tls) {
    conats::connect_options o = with_tls(server.url(), std::move(tls));
    o.connect_timeout(scaled(60s));
    return o;
}

std::string patient_config(const tls_files& files) {
    return files.config("timeout: 60") + "authorization { timeout: 120 }";
}

} // namespace

TEST_CASE("E30 S97 200 connections with one context, their handshakes on two threads at once") {
    const tls_files files;
    nats_server server(patient_config(files));
    const conats::tls_context shared(files.trusting());
    connect_many(patient(server, conats::tls_options().context(shared)), 200);
}

TEST_CASE("E24 S97 100 connections on two threads, each of which reads the files") {
    const tls_files files;
    nats_server server(patient_config(files));
    std::atomic<int> asked{0};
    auto tls = files.trusting();
    tls.verify([&](const conats::tls_verification& v) {
        ++asked;
        return v.ok();
    });
    connect_many(patient(server, tls), 100);
    CHECK(asked == 100);
}
