// SPDX-License-Identifier: Apache-2.0
#include "engine/logger.hpp"
#include "support/catch.hpp"

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conats;
using conats::impl::log_limiter;
using conats::impl::logger;
using namespace std::chrono_literals;

namespace {

constexpr logger::time_point log_start{1000s};

template <class T>
std::string text(const T& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

std::string lines(const logger::records& all) {
    std::string out;
    for (const log_record& r : all)
        out += text(r) + '\n';
    return out;
}

std::string line_of(const event& e) {
    return text(impl::to_record(e, "nats://now:4222"));
}

event status_event(status s, error why = error()) {
    return event(event_kind::status_changed, std::move(why)).status(s);
}

} // namespace

TEST_CASE("L05 log limiter: ten in a second, then how many were left out") {
    log_limiter limiter;
    for (int i = 0; i != 10; ++i)
        CHECK(limiter.admit("a", log_level::warning, log_start + i * 1ms));
    CHECK(limiter.next_due() == log_limiter::time_point::max());
    for (int i = 10; i != 15; ++i)
        CHECK_FALSE(limiter.admit("a", log_level::warning, log_start + i * 1ms));
    CHECK(limiter.admit("b", log_level::warning, log_start + 20ms)); // another event is on its own
    CHECK(limiter.next_due() == log_start + 1s);                     // since the first of them
    CHECK_FALSE(limiter.take_due(log_start + 999ms));
    const auto s = limiter.take_due(log_start + 1s);
    REQUIRE(s);
    CHECK(s->event == "a");
    CHECK(s->level == log_level::warning);
    CHECK(s->left_out == 5);
    CHECK_FALSE(limiter.take_due(log_start + 1s));
    CHECK(limiter.next_due() == log_limiter::time_point::max());
    CHECK(limiter.admit("a", log_level::warning, log_start + 1s)); // a new window
    CHECK_FALSE(limiter.take_due(log_start + 10s));
}

TEST_CASE("L05 log limiter: ten a second for ever") {
    log_limiter limiter;
    std::uint64_t told = 0;
    std::uint64_t left_out = 0;
    for (int i = 0; i != 1000; ++i) {
        const auto now = log_start + i * 10ms;
        while (const auto s = limiter.take_due(now))
            left_out += s->left_out;
        told += limiter.admit("a", log_level::info, now) ? 1U : 0U;
    }
    while (const auto s = limiter.take_due(log_limiter::time_point::max()))
        left_out += s->left_out;
    CHECK(told == 100);
    CHECK(told + left_out == 1000); // none is lost silently
}

TEST_CASE("L05 logger: the threshold, and a flood with its summary in place") {
    logger log(log_level::warning, [](const log_record&) {});
    CHECK(log.wants(log_level::error));
    CHECK(log.wants(log_level::warning));
    CHECK_FALSE(log.wants(log_level::info));
    logger::records out;
    log.add({log_level::info, "connected"}, log_start, out);
    CHECK(out.empty());
    for (int i = 0; i != 25; ++i)
        log.add({log_level::warning, "server_error", std::to_string(i)}, log_start, out);
    CHECK(out.size() == 10);
    CHECK(log.next_due() == log_start + 1s);
    out.clear();
    log.add({log_level::error, "closed", "the end"}, log_start + 2s, out);
    CHECK(lines(out) == "warning server_error: 15 more of these were left out\n"
                        "error closed: the end\n");
    out.clear();
    log.add_due(log_start + 3s, out);
    CHECK(out.empty());
}

TEST_CASE("L05 logger: what the sink throws reaches nobody") {
    std::vector<std::string> seen;
    const logger log(log_level::debug, [&](const log_record& r) {
        seen.emplace_back(r.event());
        if (seen.size() == 1)
            throw std::runtime_error("full");
        if (seen.size() == 2)
            throw 7;
    });
    log.tell({{log_level::info, "a"}, {log_level::info, "b"}, {log_level::info, "c"}});
    CHECK(seen == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("L05 log records: every event has a name, a level and its server") {
    const error refused = error(errc::connection_refused, "10.0.0.1:4222 refused the connection")
                              .server("nats://h:4222");
    CHECK(line_of(event(event_kind::connect_failed, refused)) ==
          "warning connect_failed nats://h:4222: connection_refused: 10.0.0.1:4222 refused the "
          "connection");
    CHECK(line_of(event(event_kind::connect_failed,
                        error(errc::authorization_violation, "Authorization Violation")
                            .server("nats://h:4222"))) ==
          "error auth_failed nats://h:4222: authorization_violation: Authorization Violation");
    CHECK(line_of(status_event(status::connected)) == "info connected nats://now:4222");
    CHECK(line_of(status_event(status::disconnected,
                               error(errc::disconnected, "the server closed the connection"))) ==
          "warning disconnected nats://now:4222: disconnected: the server closed the connection");
    CHECK(line_of(status_event(status::disconnected, errc::drained)) ==
          "info disconnected nats://now:4222: drained: all its messages were delivered");
    CHECK(line_of(status_event(status::closed, error(errc::closed, "as asked"))) ==
          "info closed nats://now:4222: closed: as asked");
    CHECK(line_of(status_event(status::closed, error(errc::no_servers, "none is left"))) ==
          "error closed nats://now:4222: no_servers: none is left");
    CHECK(line_of(status_event(status::draining_subs)) == "info draining nats://now:4222");
    CHECK(line_of(status_event(status::draining_pubs)) == "debug closing nats://now:4222");
    CHECK(line_of(event(event_kind::slow_consumer,
                        error(errc::messages_dropped, "pending limit exceeded").subject("a"))) ==
          "warning slow_consumer nats://now:4222: messages_dropped: pending limit exceeded [a]");
    CHECK(line_of(event(event_kind::servers_discovered).count(3)) ==
          "info servers_discovered nats://now:4222: 3 new servers");
    CHECK(line_of(event(event_kind::servers_discovered).count(1)) ==
          "info servers_discovered nats://now:4222: 1 new server");
    CHECK(line_of(event(event_kind::subscription_changed, error().subject("a"))
                      .subscription_state(subscription_status::draining)) ==
          "debug subscription_changed nats://now:4222: draining [a]");
    CHECK(line_of(event(event_kind::lame_duck, error())) == "info lame_duck nats://now:4222");
    for (int kind = 0; kind <= static_cast<int>(event_kind::events_dropped); ++kind) {
        const auto r = impl::to_record(event(static_cast<event_kind>(kind)), "");
        CHECK(r.level() != log_level::off);
        CHECK_FALSE(r.event().empty());
        CHECK(r.event() != "unknown");
    }
}

TEST_CASE("L05 log levels have names") {
    CHECK(text(log_level::off) == "off");
    CHECK(text(log_level::error) == "error");
    CHECK(text(log_level::warning) == "warning");
    CHECK(text(log_level::info) == "info");
    CHECK(text(log_level::debug) == "debug");
    CHECK(log_record().level() == log_level::off);
}
