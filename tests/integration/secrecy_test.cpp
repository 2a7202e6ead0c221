// SPDX-License-Identifier: Apache-2.0
// Where secrets are, and where they are not.
#include "integration/outcome.hpp"
#include "integration/scratch_directory.hpp"
#include "protocol/nkey.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

constexpr std::string_view secret_token = "s3cr3t-t0k3n";

bool tells(std::string_view text) {
    return text.find("s3cr3t") != std::string_view::npos ||
           text.find("t0k3n") != std::string_view::npos;
}

using conats::test::all_of; // of errors, beside those below

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
    const std::string t(secret_token);
    const auto by_option = [&](const std::string& url) {
        conats::connect_options o(url);
        o.token(secret_token).connect_timeout(200ms);
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
    fails_discreetly(conats::connect_options(silent.url(secret_token)).connect_timeout(50ms),
                     errc::timeout);
    fails_discreetly(demands_tls.url(secret_token), errc::tls_handshake_failed);
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
    const std::string t(secret_token);
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
        o.token(secret_token).add_server("u:s3cr3t@127.0.0.1:1").retain_order(true);
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
    CHECK(tells(std::string(secret_token))); // the check can fail
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

namespace {

/// An NKey of which this process keeps no copy in plain.
struct hidden_nkey {
    masked_secret bytes{conats::impl::nkey_size};
    masked_secret seed{std::size_t{0}};
    std::string public_key;

    hidden_nkey() {
        std::string plain = bytes.reveal();
        const conats::secret key(plain);
        wipe(plain);
        const auto text = conats::impl::encode_nkey_seed(conats::impl::nkey_kind::user_key, key);
        seed = masked_secret(text.reveal());
        conats::impl::nkey_pair pair;
        conats::impl::nkey_pair::from_private(conats::impl::nkey_kind::user_key, key, pair);
        public_key = pair.public_key();
    }
};

enum class seed_way { seed, seed_file, jwt, credentials, credentials_file, provider };

conats::connect_options options_with(seed_way by, const std::string& address,
                                     const hidden_nkey& hidden, const std::string& jwt,
                                     const scratch_directory& scratch) {
    conats::connect_options o(address);
    std::string seed = hidden.seed.reveal();
    std::string text = by == seed_way::seed_file ? seed : std::string();
    if (by == seed_way::credentials || by == seed_way::credentials_file)
        text = credentials_text(jwt, seed);
    switch (by) {
    case seed_way::seed: o.nkey_seed(seed); break;
    case seed_way::seed_file: o.nkey_file(scratch.write("user.nk", text).string()); break;
    case seed_way::jwt: o.jwt(jwt, seed); break;
    case seed_way::credentials: o.credentials(text); break;
    case seed_way::credentials_file:
        o.credentials_file(scratch.write("user.creds", text).string());
        break;
    case seed_way::provider:
        o.jwt_provider([&](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
            std::string plain = hidden.seed.reveal();
            conats::user_jwt answer(jwt, plain);
            wipe(plain);
            co_return answer;
        });
        break;
    }
    wipe(text);
    wipe(seed);
    return o;
}

} // namespace

TEST_CASE("E16 no copy of a seed, and of its key one at most while connected") {
    const auto by = GENERATE(seed_way::seed, seed_way::seed_file, seed_way::jwt,
                             seed_way::credentials, seed_way::credentials_file, seed_way::provider);
    CAPTURE(static_cast<int>(by));
    const hidden_nkey hidden;
    const test_operator owner;
    const scratch_directory scratch;
    const bool by_jwt = by != seed_way::seed && by != seed_way::seed_file;
    nats_server server(by_jwt ? owner.config()
                              : "authorization { users: [ { nkey: " + hidden.public_key + " } ] }");
    const std::string jwt = make_jwt(user_claims().made_for(hidden.public_key), owner.account());
    CHECK(find_in_memory(hidden.seed).empty());
    CHECK(find_in_memory(hidden.bytes).empty());
    const std::size_t kept =
        by == seed_way::seed_file || by == seed_way::credentials_file || by == seed_way::provider
            ? 0
            : 1;
    run([&]() -> asio::awaitable<void> {
        auto nc =
            co_await conats::connect(options_with(by, server.address(), hidden, jwt, scratch));
        CHECK(find_in_memory(hidden.seed).empty());
        CHECK(find_in_memory(hidden.bytes).size() == kept);
        co_await nc.close();
    });
    CHECK(find_in_memory(hidden.seed).empty());
    CHECK(find_in_memory(hidden.bytes).empty());
    // A refused attempt leaves none behind either.
    nats_server refuses(by_jwt ? test_operator().config()
                               : "authorization { users: [ { nkey: " + test_nkey().public_key() +
                                     " } ] }");
    CHECK(outcome_of(options_with(by, refuses.address(), hidden, jwt, scratch)).code() ==
          errc::authorization_violation);
    CHECK(find_in_memory(hidden.seed).empty());
    CHECK(find_in_memory(hidden.bytes).empty());
}

TEST_CASE("A25 S10 no secret in the error or the printed options, whatever the credentials") {
    const test_nkey user;
    const test_operator owner;
    const scratch_directory scratch;
    const std::string seed = user.seed_text();
    const std::string jwt = owner.user_jwt(user);
    const std::string text = credentials_text(jwt, seed);
    nats_server refuses_nkeys("authorization { users: [ { nkey: " + test_nkey().public_key() +
                              " } ] }");
    nats_server refuses_jwts(test_operator().config());
    nats_server refuses_users("authorization { user: u, password: p }");
    const std::string file = scratch.write("user.creds", text).string();
    const auto login = [](conats::auth_request) -> asio::awaitable<conats::user_login> {
        co_return conats::user_login("s3cr3t", "t0k3n");
    };
    const auto at = [](const nats_server& s) { return conats::connect_options(s.url()); };
    const std::vector<conats::connect_options> all{
        at(refuses_nkeys).nkey_seed(seed),
        at(refuses_nkeys).nkey_file(file),
        at(refuses_jwts).jwt(jwt, seed),
        at(refuses_jwts).jwt(jwt),
        at(refuses_jwts).credentials(text),
        at(refuses_jwts).credentials_file(file),
        at(refuses_users).user("s3cr3t").password("t0k3n"),
        at(refuses_users).user_provider(login)};
    for (const auto& o : all) {
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::authorization_violation);
        std::ostringstream printed;
        printed << o << all_of(e);
        INFO(printed.str());
        CHECK(printed.str().find("***") != std::string::npos);
        CHECK_FALSE(tells(printed.str()));
        CHECK(printed.str().find(seed.substr(2, 8)) == std::string::npos);
        CHECK(printed.str().find(jwt.substr(0, 8)) == std::string::npos);
    }
}
