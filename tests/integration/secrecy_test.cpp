// SPDX-License-Identifier: Apache-2.0
// Where secrets are, and where they are not.
#include "integration/outcome.hpp"
#include "integration/scratch_directory.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

constexpr std::string_view token = "s3cr3t-t0k3n";

bool tells(std::string_view text) {
    return text.find("s3cr3t") != std::string_view::npos ||
           text.find("t0k3n") != std::string_view::npos;
}

/// All that an error can be asked for.
std::string all_of(const conats::error& e) {
    std::ostringstream out;
    out << e << e.what() << e.text() << e.subject() << e.server() << e.code() << e.code().message()
        << conats::system_error(e).what();
    return out.str();
}

/// All that a client can be asked for in text.
std::string all_of(const conats::client& nc) {
    const auto info = nc.server_info();
    std::ostringstream out;
    out << nc.status() << all_of(nc.close_reason()) << nc.connected_url() << nc.local_address()
        << nc.remote_address() << nc.new_inbox() << info.server_id << info.server_name << info.host
        << info.nonce << info.client_ip;
    return out.str();
}

std::string all_of(const conats::event& e) {
    std::ostringstream out;
    out << e << all_of(e.what());
    return out.str();
}

/// A failed attempt, whose error is of the expected code and shows no secret.
void fails_discreetly(const conats::connect_options& o, conats::error_code expected) {
    const auto e = outcome_of(o);
    CAPTURE(e.code(), expected);
    CHECK(e.code() == expected);
    CHECK_FALSE(tells(all_of(e)));
}

} // namespace

TEST_CASE("A25 no token in the error of any attempt that fails") {
    nats_server server("authorization { token: other }");
    scripted_peer silent([](peer_session& s) { s.stop_reading(); });
    scripted_peer demands_tls([](peer_session& s) {
        s.info().tls_required(true);
        s.send_info();
        s.send("no TLS");
        s.wait_closed();
    });
    const std::string t(token);
    const auto by_option = [&](const std::string& url) {
        conats::connect_options o(url);
        o.token(token).connect_timeout(200ms);
        return o;
    };
    const auto in_url = [&](const std::string& rest) {
        conats::connect_options o(t + "@" + rest);
        o.connect_timeout(200ms);
        return o;
    };
    const auto nowhere = [](std::string host) -> asio::awaitable<std::vector<std::string>> {
        throw std::runtime_error(host + " is unknown");
        co_return std::vector<std::string>();
    };
    fails_discreetly(by_option(server.url()), errc::authorization_violation);
    fails_discreetly(in_url(server.address()), errc::authorization_violation);
    fails_discreetly(in_url("127.0.0.1:1"), errc::connection_refused);
    fails_discreetly(by_option("127.0.0.1:1"), errc::connection_refused);
    fails_discreetly(in_url("h.test").resolver(nowhere), errc::host_not_found);
    fails_discreetly(conats::connect_options(silent.url(token)).connect_timeout(50ms),
                     errc::timeout);
    fails_discreetly(demands_tls.url(token), errc::tls_handshake_failed);
    fails_discreetly("ws://" + t + "@127.0.0.1", errc::transport_unavailable);
    fails_discreetly(in_url(server.address()).name(std::string(5000, 'n')),
                     errc::connect_too_large);
    fails_discreetly(by_option(server.url()).user("u"), errc::invalid_options);
    fails_discreetly(in_url("127.0.0.1:1, " + t + "@" + server.address()),
                     errc::authorization_violation);
    // Unknown names, by the system's resolver: there may be none, or it takes long.
    const auto unknown = outcome_of(in_url("no-such-host.invalid").connect_timeout(2s));
    CHECK((unknown.code() == errc::host_not_found || unknown.code() == errc::timeout));
    CHECK_FALSE(tells(all_of(unknown)));
}

TEST_CASE("A25 no token in the error of a malformed address") {
    const std::string t(token);
    for (const std::string& address : {t + "%zz@127.0.0.1",
                                       t + "%4@127.0.0.1",
                                       t + "%@127.0.0.1",
                                       "u:" + t + "%@127.0.0.1",
                                       t + "@127.0.0.1:99999",
                                       t + "@127.0.0.1:abc",
                                       t + "@127.0.0.1:0",
                                       t + "@127.0.0.1/path",
                                       t + "@127.0.0.1?query",
                                       t + "@127.0.0.1#fragment",
                                       t + "/x@127.0.0.1",
                                       "u:" + t + "@x@127.0.0.1",
                                       "u:" + t + "/w@127.0.0.1",
                                       t + " x@127.0.0.1",
                                       t + "\x01@127.0.0.1",
                                       "nats://" + t + "@[::1",
                                       "http://" + t + "@h",
                                       t + "@::1",
                                       "u:" + t + ":x@127.0.0.1:99999",
                                       "nats://nats://" + t + "@127.0.0.1:x"}) {
        INFO(address);
        const auto e = outcome_of(address);
        CHECK(e.code() == errc::invalid_address);
        CHECK_FALSE(tells(all_of(e)));
    }
}

TEST_CASE("A25 no token in what a client shows, in no event and no stream output") {
    nats_server server("authorization { token: s3cr3t-t0k3n }");
    std::ostringstream printed;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url("another-s3cr3t"));
        o.token(token).add_server("u:s3cr3t@127.0.0.1:1").retain_order(true);
        o.max_reconnects(2).reconnect_wait(1ms).reconnect_jitter(0ms);
        printed << o << o.token() << o.servers().front();
        auto nc = co_await conats::connect(o);
        printed << all_of(nc);
        auto events = nc.events();
        conats::error e;
        auto none = co_await nc.request("nobody", "", 5s, e);
        printed << all_of(e) << all_of(nc.try_publish("a b", ""));
        server.stop();
        bool told = false;
        while (auto event = co_await events.next()) {
            printed << all_of(*event);
            told = told || event->kind() == conats::event_kind::userinfo_ignored;
        }
        CHECK(told);
        printed << all_of(nc);
        CHECK(nc.close_reason().code() == errc::no_servers);
    });
    conats::connect_options by_user("u:s3cr3t@127.0.0.1:1");
    by_user.user("s3cr3t").password("s3cr3t");
    printed << by_user;
    INFO(printed.str());
    CHECK(printed.str().find("***") != std::string::npos);
    CHECK_FALSE(tells(printed.str()));
    CHECK(tells(std::string(token))); // the check can fail
}

namespace {

enum class way { option, url, provider, password };

conats::connect_options options_with(way by, const std::string& address,
                                     const masked_secret& hidden) {
    conats::connect_options o(address);
    std::string text = hidden.reveal();
    if (by == way::option)
        o.token(text);
    if (by == way::password)
        o.user("u").password(text);
    if (by == way::url) {
        std::string url = text + "@" + address;
        o.servers(url);
        wipe(url);
    }
    if (by == way::provider)
        o.token_provider([&hidden](conats::auth_request) -> asio::awaitable<conats::secret> {
            std::string answer = hidden.reveal();
            conats::secret result(answer);
            wipe(answer);
            co_return result;
        });
    wipe(text);
    return o;
}

/// A server with that secret, of which this process keeps no copy.
std::string config_with(way by, const scratch_directory& scratch, const masked_secret& hidden) {
    std::string text = hidden.reveal();
    std::string config = "authorization { ";
    config.reserve(200);
    config += by == way::password ? "user: u, password: \"" : "token: \"";
    config += text; // quoted: some hexadecimal texts are half a number to the server
    config += "\" }";
    scratch.write("auth.conf", config);
    wipe(config);
    wipe(text);
    return "include \"../" + scratch.path().filename().string() + "/auth.conf\"";
}

} // namespace

TEST_CASE("A26 one copy of a secret while connected, and none after") {
    const way by = GENERATE(way::option, way::url, way::provider, way::password);
    CAPTURE(static_cast<int>(by));
    const masked_secret hidden;
    const scratch_directory scratch;
    nats_server server(config_with(by, scratch, hidden));
    CHECK(find_in_memory(hidden).empty());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options_with(by, server.address(), hidden));
        // What a provider hands out is not kept at all: it is asked again.
        CHECK(find_in_memory(hidden).size() == (by == way::provider ? 0 : 1));
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", "x");
        auto m = co_await sub.next(5s);
        CHECK(find_in_memory(hidden).size() == (by == way::provider ? 0 : 1));
        {
            auto o = options_with(by, server.address(), hidden);
            if (by != way::provider)
                CHECK(find_in_memory(hidden).size() == 2);
        }
        co_await nc.close();
    });
    CHECK(find_in_memory(hidden).empty());
}

TEST_CASE("A26 no copy of a secret after an attempt that failed or was abandoned") {
    const way by = GENERATE(way::option, way::url, way::provider, way::password);
    CAPTURE(static_cast<int>(by));
    const masked_secret hidden;
    nats_server refuses("authorization { token: other }");
    CHECK(outcome_of(options_with(by, refuses.address(), hidden)).code() ==
          errc::authorization_violation);
    CHECK(find_in_memory(hidden).empty());
    // The context goes before the PONG. The peer reads nothing, since it would keep it.
    scripted_peer no_pong([](peer_session& s) {
        s.send_info();
        s.wait_for_test();
    });
    {
        asio::io_context context;
        const auto connect = [&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(options_with(by, no_pong.url().substr(7), hidden));
        };
        asio::co_spawn(context, connect(), asio::detached);
        while (no_pong.connections() == 0)
            context.run_one_for(10ms);
        while (context.run_one_for(100ms) != 0) {}
        CHECK(find_in_memory(hidden).size() <= 2); // and the line of CONNECT, while it is written
    }
    CHECK(find_in_memory(hidden).empty());
}
