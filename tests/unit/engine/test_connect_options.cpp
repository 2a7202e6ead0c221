// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"

#include <conats/connect_options.hpp>
#include <conats/log.hpp>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

namespace {

std::string refusal_of(const conats::connect_options& o) {
    const conats::error e = o.validate();
    CHECK((!e || e == conats::errc::invalid_options));
    return e.text();
}

conats::connect_options valid_options() {
    return conats::connect_options("nats://h");
}

} // namespace

TEST_CASE("connect_options: times that cannot be are refused with name and value") {
    CHECK(refusal_of(valid_options()).empty());
    CHECK(refusal_of(valid_options().connect_timeout(0s)) ==
          "connect_timeout is 0 s and has to be above zero");
    CHECK(refusal_of(valid_options().request_timeout(-1ms)) ==
          "request_timeout is -1 ms and has to be above zero");
    CHECK(refusal_of(valid_options().write_timeout(0s)) ==
          "write_timeout is 0 s and has to be above zero");
    CHECK(refusal_of(valid_options().drain_timeout(0s)) ==
          "drain_timeout is 0 s and has to be above zero");
    CHECK(refusal_of(valid_options().close_timeout(0s)) ==
          "close_timeout is 0 s and has to be above zero");
    CHECK(refusal_of(valid_options().offline_timeout(0s)) ==
          "offline_timeout is 0 s and has to be above zero");
    CHECK(refusal_of(valid_options().reconnect_wait(0s).reconnect_jitter(0s).ping_interval(0s))
              .empty());
    CHECK(refusal_of(valid_options().reconnect_wait(-5ms)) ==
          "reconnect_wait is -5 ms, a negative time");
    CHECK(refusal_of(valid_options().reconnect_jitter(-5s)) ==
          "reconnect_jitter is -5 s, a negative time");
    CHECK(refusal_of(valid_options().ping_interval(-1ns)) ==
          "ping_interval is -1 ns, a negative time");
}

TEST_CASE("connect_options: sizes that cannot be are refused with name, value and bounds") {
    CHECK(refusal_of(valid_options().high_water_mark(32767)) ==
          "high_water_mark is 32767 bytes; possible is at least 32 KiB");
    CHECK(refusal_of(valid_options().high_water_mark(32768)).empty());
    CHECK(refusal_of(valid_options().max_control_line(127)) ==
          "max_control_line is 127 bytes; possible is at least 128");
    CHECK(refusal_of(valid_options().max_control_line(128)).empty());
    CHECK(refusal_of(valid_options().max_inbound_payload(0)) ==
          "max_inbound_payload is 0 bytes; possible is 1 to 1 GiB");
    CHECK(refusal_of(valid_options().max_inbound_payload((std::size_t{1} << 30U) + 1)) ==
          "max_inbound_payload is 1073741825 bytes; possible is 1 to 1 GiB");
    CHECK(refusal_of(valid_options().max_inbound_payload(std::size_t{1} << 30U)).empty());
    CHECK(refusal_of(valid_options().max_pings_outstanding(0)) ==
          "max_pings_outstanding is 0; to send no PINGs set ping_interval to zero");
}

TEST_CASE("connect_options: what excludes or needs another option is refused with both names") {
    CHECK(refusal_of(valid_options().retry_on_failed_connect(true).max_reconnects(0)) ==
          "retry_on_failed_connect and max_reconnects(0) exclude each other");
    CHECK(refusal_of(
              valid_options().when_offline(conats::offline_policy::wait).reconnect_buffer(0)) ==
          "offline_policy::wait and reconnect_buffer(0) exclude each other: what waits lies in the "
          "buffer");
    CHECK(refusal_of(valid_options().log(conats::log_level::info, {})) ==
          "log: the level is info, and there is no function to tell");
    CHECK(refusal_of(valid_options().max_control_line(128).inbox_prefix(std::string(70, 'p'))) ==
          "inbox_prefix: with its 70 bytes no inbox fits into max_control_line");
}
