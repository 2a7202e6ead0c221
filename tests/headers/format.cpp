// SPDX-License-Identifier: Apache-2.0

// Built with a standard library that has <format>, and what of conats the runtime half needs with
// it: see check_format.cmake.

#include <conats/format.hpp>
#include <conats/testing/format.hpp>

#include <chrono>
#include <concepts>
#include <iostream>

template <class T>
concept formattable = std::semiregular<std::formatter<T>>;

static_assert(!formattable<std::ostream>, "the check can fail");
static_assert(formattable<conats::end_of_replies>);
static_assert(formattable<conats::ip_order>);
static_assert(formattable<conats::tls_version>);
static_assert(formattable<conats::connect_options>);
static_assert(formattable<conats::tls_options>);
static_assert(formattable<conats::testing::broker_end>);
static_assert(formattable<conats::testing::broker_verdict>);
static_assert(formattable<conats::testing::script_failure>);

static int failures = 0;

static void check(const std::string& text, std::string_view expected) {
    if (text == expected)
        return;
    std::cout << "\"" << text << "\" instead of \"" << expected << "\"\n";
    ++failures;
}

static void check_enums() {
    check(std::format("{}", conats::status::connected), "connected");
    check(std::format("[{:>9}]", conats::status::closed), "[   closed]");
    check(std::format("[{:.4}]", conats::overflow::drop_oldest), "[drop]");
    check(std::format("{}", conats::errc::outbox_full), "outbox_full");
    check(std::format("{}", conats::condition::auth), "auth");
    check(std::format("{}", conats::connect_phase::tls), "tls");
    check(std::format("{}", conats::event_kind::lame_duck), "lame_duck");
    check(std::format("{}", conats::subscription_status::slow), "slow");
    check(std::format("{}", conats::lame_duck_policy::move), "move");
    check(std::format("{}", conats::offline_policy::fail), "fail");
    check(std::format("{}", conats::log_level::warning), "warning");
    check(std::format("{}", conats::wire_direction::out), "out");
    check(std::format("{}", conats::wire_kind::hpub), "HPUB");
    check(std::format("{}", static_cast<conats::status>(77)), "unknown");
}

static void check_values() {
    const conats::error e(conats::errc::timeout, "no PONG within 2 s");
    check(std::format("{}", e), "timeout: no PONG within 2 s");
    check(std::format("{:<10}|", conats::error()), "no error  |");
    conats::event closed(conats::event_kind::status_changed, e);
    check(std::format("{}", closed.status(conats::status::closed)),
          "status_changed closed: timeout: no PONG within 2 s");
    const conats::log_record record(conats::log_level::info, "connected", "as joe", "nats://h:1");
    check(std::format("{}", record), "info connected nats://h:1: as joe");
    const conats::wire_operation ping(conats::wire_direction::out, conats::wire_kind::ping, "PING");
    check(std::format("{}", ping), "-> PING");
    check(std::format("{}", conats::secret("s3cr3t")), "***");
    conats::latency_histogram latency;
    latency.record(std::chrono::microseconds(7));
    check(std::format("{:.7}", latency), "count 1");
    conats::connect_attempt attempt("nats://h:1", 1);
    check(std::format("{:.9}", attempt), "connected");
}

int main() {
    check_enums();
    check_values();
    return failures == 0 ? 0 : 1;
}
