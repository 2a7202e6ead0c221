// SPDX-License-Identifier: Apache-2.0
// Lines that are slow, that end in the middle, and that change or lose a byte.
#include "integration/reconnect_fixture.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"

#include <conats/testing/fault_proxy.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::testing::fault_proxy;
using conats::testing::faults;

namespace {

constexpr int load = 20;

/// The payload of this number: whatever else comes was not sent. Every second one has a frame in
/// it, which would be delivered by a client that goes on reading behind a fault.
std::string payload(int number) {
    std::mt19937 bytes(static_cast<unsigned>(number));
    std::string text = std::to_string(number) + ":";
    while (text.size() != 60)
        text += static_cast<char>('a' + bytes() % 26);
    if (number % 2 == 1)
        text.replace(20, 23, "\r\nMSG load 1 5\r\nwrong\r\n");
    return text;
}

/// Every third one as HMSG.
conats::publish_options with_headers(int number) {
    conats::publish_options o;
    if (number % 3 == 0)
        o.headers(conats::headers().add("Number", std::to_string(number)));
    return o;
}

bool was_sent(std::string_view text) {
    for (int i = 0; i != load; ++i)
        if (text == payload(i))
            return true;
    return text == "probe";
}

bool ends_as_sent(std::string_view text) {
    for (int i = 0; i != load; ++i)
        if (text.ends_with(payload(i)))
            return true;
    return false;
}

/// Whether all bits of one byte are turned and nothing else is.
bool has_one_byte_turned(std::string_view text) {
    for (int i = 0; i != load; ++i) {
        const std::string own = payload(i);
        if (own.size() != text.size())
            continue;
        const auto [at, there] = std::mismatch(own.begin(), own.end(), text.begin());
        if (at != own.end() && static_cast<char>(~*at) == *there &&
            std::equal(at + 1, own.end(), there + 1))
            return true;
    }
    return false;
}

enum class fault : std::uint8_t { corrupt, drop };

/// What came of a load with one fault in its line.
class line_tally {
public:
    line_tally() {} // not an aggregate, for g++ 12

    int faults = 0;        ///< injected
    int disconnected = 0;  ///< of them ended the connection
    int turned = 0;        ///< of them turned a byte of a payload; never where bytes are lost
    int moved = 0;         ///< payloads with their headers before them, where a byte is lost
    int foreign = 0;       ///< payloads nobody sent, where a turned byte is no excuse
    int not_recovered = 0; ///< clients that were not well afterwards
};

asio::awaitable<void> run_load(const nats_server& server, fault_proxy& proxy, faults f,
                               bool to_server, bool drops, line_tally& t) {
    ++t.faults;
    if (to_server)
        proxy.to_server(f);
    else
        proxy.to_client(f);
    auto direct = co_await conats::connect(server.url());
    auto o = fast(proxy.url());
    o.retry_on_failed_connect(true).ping_interval(200ms).connect_timeout(scaled(500ms));
    // Without waiting for the first connection, which may need several attempts.
    conats::client nc;
    conats::error lost;
    auto executor = co_await asio::this_coro::executor;
    const auto connect = [&]() -> asio::awaitable<void> { nc = co_await conats::connect(o); };
    auto done = asio::co_spawn(executor, connect(), asio::use_future);
    const auto connected = [&] { return done.wait_for(0s) == std::future_status::ready; };
    const bool first = co_await async_eventually(connected, 300ms);
    if (!first) // the fault is in what the server says of itself
        proxy.pass();
    const bool at_last = co_await async_eventually(connected, 10s);
    if (!at_last)
        throw timed_out("no connection over a line without faults");
    auto sub = co_await nc.subscribe("load");
    auto events = nc.events();
    co_await nc.flush(100ms, lost);
    for (int i = 0; i != load; ++i) {
        auto& sender = to_server ? nc : direct;
        (void)sender.try_publish("load", payload(i), with_headers(i));
    }
    co_await direct.flush();
    conats::error e;
    co_await nc.flush(scaled(300ms), e);
    const auto seen = nc.statistics();
    t.disconnected += lost || e || seen.failed_attempts + seen.reconnects != 0 ? 1 : 0;
    proxy.pass();
    (void)nc.force_reconnect(); // what the server took wrongly, a subject for one, is told anew
    const auto well = [&] {
        (void)direct.try_publish("load", "probe");
        return sub.statistics().pending_messages > load * 2;
    };
    const bool recovered = co_await async_eventually(well, 10s);
    t.not_recovered += recovered ? 0 : 1;
    // A digit that is lost from the size of the headers alone moves what is left of them into the
    // payload; no connection ends for malformed headers, which another client may have sent, but an
    // event tells. An HMSG that loses its H is a sound MSG whose reply is a number.
    auto malformed = count_events(take_events(events), conats::event_kind::malformed_headers);
    const auto has_headers_before = [&](const conats::message& m) {
        if (!drops || !m.headers().empty() || !ends_as_sent(m.text()))
            return false;
        const bool is_msg = m.text().starts_with("NATS/1.0\r\n") && !m.reply().empty();
        return is_msg || malformed-- != 0;
    };
    while (const auto m = sub.try_next())
        if (!was_sent(m->text())) {
            if (!drops && has_one_byte_turned(m->text()))
                ++t.turned;
            else if (has_headers_before(*m))
                ++t.moved;
            else
                ++t.foreign;
        }
}

} // namespace

TEST_CASE(
    "S40 a byte that is changed or lost on the way: a clean reconnect, or it was a payload's") {
    const bool to_server = GENERATE(false, true);
    const fault what = GENERATE(fault::corrupt, fault::drop);
    CAPTURE(to_server, static_cast<int>(what));
    nats_server server;
    fault_proxy proxy(server.host(), server.port());
    line_tally t;
    run(
        [&]() -> asio::awaitable<void> {
            // Some 600 bytes are said first, then come about 90 a message.
            std::mt19937 random(to_server ? 4711 : 4712);
            for (int n = 0; n != (sanitized ? 8 : 60); ++n) {
                const std::uint64_t at = random() % (600 + load * 90);
                faults f;
                if (what == fault::corrupt)
                    f.corrupt(at);
                else
                    f.drop(at);
                co_await run_load(server, proxy, f, to_server, what == fault::drop, t);
            }
        },
        60s);
    CAPTURE(t.faults, t.disconnected, t.turned, t.moved);
    CHECK(t.foreign == 0);
    CHECK(t.not_recovered == 0);
    // The rest hit a text in INFO or CONNECT, a subject, or lay behind all that was said.
    CHECK(t.turned + t.disconnected >= t.faults / 3);
}

TEST_CASE("S86 a slow line is not taken for a dead one; one that stands still is") {
    nats_server server("max_pending: 64MB\n");
    fault_proxy proxy(server.host(), server.port());
    run(
        [&]() -> asio::awaitable<void> {
            auto o = fast(proxy.url());
            auto nc = co_await conats::connect(o.ping_interval(500ms).max_pings_outstanding(2));
            auto other = co_await conats::connect(server.url());
            auto sub = co_await nc.subscribe("a");
            co_await nc.flush();
            // A PONG stands behind four seconds of these, longer than the three intervals after
            // which a silent server is given up.
            proxy.to_client(faults().rate(50'000));
            constexpr int count = 200;
            const std::string text(1'000, 'x');
            for (int i = 0; i != count; ++i)
                co_await other.publish("a", text);
            const auto begin = std::chrono::steady_clock::now();
            int came = 0;
            while (came != count) {
                const auto m = co_await sub.next(scaled(10s));
                REQUIRE(m);
                ++came;
            }
            CHECK(std::chrono::steady_clock::now() - begin > 3s);
            co_await nc.flush();
            CHECK(nc.statistics().reconnects == 0);
            // Nothing at all for longer than that is a dead line.
            auto events = nc.events();
            proxy.to_client(faults().stall());
            const bool lost = co_await async_eventually(
                [&] { return nc.status() != conats::status::connected; }, 10s);
            CHECK(lost);
            proxy.pass();
            const bool back = co_await reconnects(nc, 1);
            REQUIRE(back);
            co_await nc.flush();
            co_await other.publish("a", "again");
            const auto m = co_await sub.next(scaled(5s));
            REQUIRE(m);
            CHECK(m->text() == "again");
            const auto all = take_events(events);
            CHECK(std::any_of(all.begin(), all.end(), [](const conats::event& e) {
                return e.what().text().starts_with("the server answered no PING: ");
            }));
        },
        40s);
}

TEST_CASE("S94 a record of TLS that is cut in its middle is no message, and no end of all") {
    const tls_files files;
    nats_server server(files.config());
    fault_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto o = fast(tls_url(proxy.url()));
        auto nc = co_await conats::connect(o.tls(files.trusting()));
        auto other = co_await conats::connect(with_tls(server.url(), files.trusting()));
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        auto events = nc.events();
        // A record of TLS has 16 KiB: the second one is cut.
        proxy.to_client(faults().close_after(proxy.statistics().bytes_to_client + 20'000));
        co_await other.publish("a", std::string(100'000, 'x'));
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        CHECK(nc.tls_info().verified);
        proxy.pass();
        co_await nc.flush();
        co_await other.publish("a", "whole");
        const auto m = co_await sub.next(scaled(5s));
        REQUIRE(m);
        CHECK(m->text() == "whole");
        for (const conats::event& e : take_events(events)) {
            CHECK(e.what().what().find("truncated") == std::string::npos);
            CHECK(e.kind() != conats::event_kind::server_error);
        }
    });
}
