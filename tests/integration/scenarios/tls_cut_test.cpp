// SPDX-License-Identifier: Apache-2.0
// TLS connections that end without a word, and come again.
#include "integration/reconnect_fixture.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/sniffing_proxy.hpp"

#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

/// The one event that told of the loss.
conats::error loss_of(const std::vector<conats::event>& all) {
    conats::error found;
    for (const conats::event& e : all)
        if (e.kind() == conats::event_kind::status_changed &&
            e.status() == conats::status::disconnected)
            found = e.what();
    return found;
}

} // namespace

TEST_CASE("S94 what is cut under TLS is connected to anew, by a new stream, subscriptions too") {
    const tls_files files;
    nats_server server(files.config());
    sniffing_proxy wire(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto o = fast(tls_url(wire.url()));
        auto nc = co_await conats::connect(o.tls(files.trusting()));
        auto other = co_await conats::connect(with_tls(server.url(), files.trusting()));
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        std::uint64_t times = 0;
        for (const bool by_reset : {false, true, false, true}) {
            CAPTURE(by_reset, times);
            auto events = nc.events();
            wire.clear();
            if (by_reset)
                wire.reset();
            else
                wire.cut();
            const bool back = co_await reconnects(nc, ++times);
            REQUIRE(back);
            co_await nc.flush();
            const auto all = take_events(events);
            CHECK(statuses(all) == "connected disconnected reconnecting connected");
            CHECK(loss_of(all) == errc::disconnected);
            CHECK(loss_of(all).what().find("truncated") == std::string::npos);
            CHECK(failed_attempts(all) == 0);
            CHECK(nc.tls_info().verified);
            // A handshake of its own stands at the start of the new stream.
            CHECK(wire.from_client().find("\x16\x03") != std::string::npos);
            CHECK(wire.from_client().find("CONNECT {") == std::string::npos);
            co_await other.publish("a", std::to_string(times));
            const auto m = co_await sub.next(scaled(5s));
            REQUIRE(m);
            CHECK(m->text() == std::to_string(times));
        }
    });
}
