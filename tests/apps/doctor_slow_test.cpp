// SPDX-License-Identifier: Apache-2.0
#include "apps/doctor_examined.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/timing.hpp"

#include <conats/testing/fault_proxy.hpp>

#include <chrono>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::testing::fault_proxy;
using conats::testing::faults;

TEST_CASE("M04 doctor: a slow link is a warning, which --strict takes for a failure") {
    const nats_server server;
    fault_proxy proxy(server.host(), server.port());
    proxy.to_server(faults().latency(60ms));
    proxy.to_client(faults().latency(60ms));
    const examined slow({"-s", proxy.url(), "--count", "3", "--timeout", scaled_text(20s)});
    slow.check_remark("round_trip", "warning", "slow_link", "--slow");
    CHECK(slow.step("round_trip").at("min_ns").to_number<std::int64_t>() >= 120'000'000);
    CHECK(slow.says("round_trip", "more than 100.00 ms"));

    const examined strict(
        {"-s", proxy.url(), "--count", "3", "--timeout", scaled_text(20s), "--strict"});
    CHECK(strict.code() == 1);
    CHECK(strict.verdict("round_trip") == "warning slow_link");

    const examined patient(
        {"-s", proxy.url(), "--count", "3", "--timeout", scaled_text(20s), "--slow", "100s"});
    CHECK(patient.verdict("round_trip") == "ok");
    CHECK(patient.code() == 0);
}

TEST_CASE("M04 doctor: a link too slow for all round trips is judged by those there is time for") {
    const nats_server server;
    fault_proxy proxy(server.host(), server.port());
    proxy.to_client(faults().latency(scaled(120ms)));
    const examined found({"-s", proxy.url(), "--count", "1000", "--timeout", scaled_text(2s)});
    found.check_remark("round_trip", "warning", "slow_link", "nearer");
    CHECK(found.step("round_trip").at("count").to_number<int>() < 20);
}
