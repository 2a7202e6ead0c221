// SPDX-License-Identifier: Apache-2.0
// Credentials that change or expire while the client lives.
#include "integration/helpers.hpp"
#include "integration/outcome.hpp"
#include "integration/scratch_directory.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;
using conats::event_kind;
using conats::status;

namespace {

/// Tries again after a moment, for ever.
conats::connect_options soon_again(const std::string& url) {
    conats::connect_options o(url);
    o.reconnect_wait(20ms).reconnect_jitter(5ms).max_reconnects(-1).connect_timeout(scaled(5s));
    return o;
}

asio::awaitable<bool> comes_back(conats::client nc, std::uint64_t reconnects = 1) {
    const bool back = co_await async_eventually(
        [&] {
            return nc.statistics().reconnects >= reconnects && nc.status() == status::connected;
        },
        20s);
    co_return back;
}

/// Whose JWT the server accepted last.
std::string user_at(const nats_server& server, std::string_view name) {
    const auto all = server.monitor().get("/connz?auth=1").at("connections").as_array();
    for (const auto& each : all)
        if (each.at("name").as_string() == name)
            return std::string(claims_of(each.at("jwt").as_string().c_str()).at("sub").as_string());
    return "nobody";
}

bool told(const std::vector<conats::event>& all, errc code) {
    for (const auto& e : all)
        if (e.what() == code)
            return true;
    return false;
}

/// What the client was told when it lost the connection.
conats::error why_lost(const std::vector<conats::event>& all) {
    for (const auto& e : all)
        if (e.kind() == event_kind::status_changed && e.status() == status::disconnected)
            return e.what();
    return conats::error();
}

} // namespace

TEST_CASE("E10 a replaced credentials file takes effect at the next reconnect") {
    const test_operator owner;
    const test_nkey first;
    const test_nkey second;
    const scratch_directory files;
    nats_server server(owner.config());
    const auto path =
        files.write("user.creds", credentials_text(owner.user_jwt(first), first.seed_text()));
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        auto nc = co_await conats::connect(o.credentials_file(path.string()).name("swapped"));
        CHECK(user_at(server, "swapped") == first.public_key());
        files.write("user.creds", credentials_text(owner.user_jwt(second), second.seed_text()));
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await comes_back(nc);
        REQUIRE(back);
        CHECK(user_at(server, "swapped") == second.public_key());
    });
}

TEST_CASE("E10 S11 a file that cannot be read does not end reconnecting, and is told each time") {
    const test_operator owner;
    const test_nkey user;
    const scratch_directory files;
    nats_server server(owner.config());
    const auto text = credentials_text(owner.user_jwt(user), user.seed_text());
    const auto path = files.write("user.creds", text);
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        auto nc = co_await conats::connect(o.credentials_file(path.string()));
        auto events = nc.events();
        std::filesystem::remove(path);
        CHECK_FALSE(nc.force_reconnect());
        std::size_t failures = 0;
        conats::error last;
        while (failures < 4) {
            const auto e = co_await events.next();
            REQUIRE(e);
            if (e->kind() == event_kind::connect_failed) {
                failures += e->count();
                last = e->what();
            }
        }
        CHECK(last.code() == errc::credentials_unreadable);
        CHECK(last.text() ==
              "the credentials file '" + path.string() + "': No such file or directory");
        CHECK(last.server() == server.url());
        CHECK(nc.status() == status::reconnecting);
        files.write("user.creds", text);
        const bool back = co_await comes_back(nc);
        CHECK(back);
    });
}

TEST_CASE("E14 E10 a JWT that expires ends the connection, and the next one is presented") {
    const test_operator owner;
    const test_nkey user;
    const scratch_directory files;
    nats_server server(owner.config());
    const auto with = [&](const std::string& jwt) {
        return files.write("user.creds", credentials_text(jwt, user.seed_text()));
    };
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        // Long enough to connect in time, on a slow machine as well.
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(scaled(2s));
        o.credentials_file(with(owner.user_jwt(user, user_claims().expires(seconds))).string());
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        with(owner.user_jwt(user, user_claims().expires(1h)));
        const bool back = co_await comes_back(nc);
        REQUIRE(back);
        CHECK(told(take_events(events), errc::authentication_expired));
        co_await nc.publish("a", "still there");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "still there");
    });
}

TEST_CASE("E14 a JWT that is not replaced ends the client when it was refused twice") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(owner.config());
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(scaled(2s));
        o.jwt(owner.user_jwt(user, user_claims().expires(seconds)), user.seed());
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        while (co_await events.next()) {}
        CHECK(nc.status() == status::closed);
        CHECK(nc.close_reason().code() == condition::auth);
    });
}

TEST_CASE("E14 E11 a provider's JWT is renewed before it expires") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(owner.config());
    std::size_t asked = 0;
    const auto provider = [&](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
        std::chrono::seconds lifetime = 1h;
        if (asked++ == 0)
            lifetime = std::chrono::ceil<std::chrono::seconds>(scaled(5s));
        const auto jwt = owner.user_jwt(user, user_claims().expires(lifetime));
        co_return conats::user_jwt(jwt, user.seed());
    };
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        // Renewing does not wait for the pause between attempts.
        auto nc = co_await conats::connect(o.jwt_provider(provider).reconnect_wait(1h));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        const bool back = co_await comes_back(nc);
        REQUIRE(back);
        CHECK(asked == 2);
        const auto all = take_events(events);
        CHECK_FALSE(told(all, errc::authentication_expired));
        bool said = false;
        for (const auto& e : all)
            said = said || e.what().text() == "the credentials are about to expire";
        CHECK(said);
        co_await nc.publish("a", "still there");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "still there");
    });
}

TEST_CASE("E14 without reconnecting nothing is renewed, and the end is the server's word") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(owner.config());
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(scaled(3s));
    const auto provider = [&](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
        const auto jwt = owner.user_jwt(user, user_claims().expires(seconds));
        co_return conats::user_jwt(jwt, user.seed());
    };
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        auto nc = co_await conats::connect(o.jwt_provider(provider).max_reconnects(0));
        auto events = nc.events();
        while (co_await events.next()) {}
        CHECK(nc.close_reason().code() == errc::authentication_expired);
    });
}

TEST_CASE("E14 P2.9 a user who is revoked is told so, and the next credentials are presented") {
    test_operator owner;
    const test_nkey first;
    const test_nkey second;
    const scratch_directory files;
    nats_server server(owner.config());
    const auto first_jwt = owner.user_jwt(first);
    const auto path = files.write("user.creds", credentials_text(first_jwt, first.seed_text()));
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        auto nc = co_await conats::connect(o.credentials_file(path.string()).name("revoked"));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        files.write("user.creds", credentials_text(owner.user_jwt(second), second.seed_text()));
        server.reload(owner.revoke(first).config());
        const bool back = co_await comes_back(nc);
        REQUIRE(back);
        const auto all = take_events(events);
        REQUIRE(why_lost(all).code() == errc::authentication_revoked);
        CHECK(why_lost(all).code() == condition::auth);
        CHECK(why_lost(all).text() == "User Authentication Revoked");
        CHECK(why_lost(all).server() == server.url());
        CHECK(user_at(server, "revoked") == second.public_key());
        co_await nc.publish("a", "still there");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "still there");
    });
    // It was not the connection alone that was refused.
    CHECK(outcome_of(soon_again(server.url()).jwt(first_jwt, first.seed())).code() ==
          errc::authorization_violation);
}

TEST_CASE("E14 P2.9 a user who is revoked for good ends the client") {
    test_operator owner;
    const test_nkey user;
    nats_server server(owner.config());
    run([&]() -> asio::awaitable<void> {
        auto o = soon_again(server.url());
        auto nc = co_await conats::connect(o.jwt(owner.user_jwt(user), user.seed()));
        auto events = nc.events();
        server.reload(owner.revoke(user).config());
        std::vector<conats::event> all;
        while (auto e = co_await events.next())
            all.push_back(*e);
        CHECK(why_lost(all).code() == errc::authentication_revoked);
        CHECK(nc.status() == status::closed);
        CHECK(nc.close_reason().code() == condition::auth);
    });
}

TEST_CASE(
    "E14 P2.9 an account that expires is told apart from its user, and renewed is returned to") {
    test_operator owner;
    const test_nkey first;
    const test_nkey second;
    nats_server server(owner.config());
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        gate renewed(executor);
        renewed.open();
        std::size_t asked = 0;
        const auto provider = [&](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
            const test_nkey& user = asked++ == 0 ? first : second;
            co_await renewed.pass();
            const auto jwt = owner.user_jwt(user);
            co_return conats::user_jwt(jwt, user.seed());
        };
        auto o = soon_again(server.url());
        o.jwt_provider(provider).name("expired").connect_timeout(scaled(10s));
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        renewed.close();
        // Long enough for the server to read it in time, on a slow machine as well.
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(scaled(2s));
        server.reload(owner.account_expires(seconds).config());
        const bool waits = co_await async_eventually([&] { return renewed.waiting() == 1; }, 20s);
        REQUIRE(waits);
        const auto all = take_events(events);
        REQUIRE(why_lost(all).code() == errc::account_authentication_expired);
        CHECK(why_lost(all).code() == condition::auth);
        CHECK(why_lost(all).text() == "Account Authentication Expired");
        server.reload(owner.account_expires(0s).config());
        renewed.open();
        const bool back = co_await comes_back(nc);
        REQUIRE(back);
        CHECK(asked >= 2); // a reload may turn away who is about to connect
        CHECK(user_at(server, "expired") == second.public_key());
        co_await nc.publish("a", "still there");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "still there");
    });
}

TEST_CASE("E03 a password that was rotated is asked for at the reconnect") {
    const auto config = [](const std::string& password) {
        return "authorization { user: u, password: \"" + password + "\" }";
    };
    std::string password = "the first";
    nats_server server(config(password));
    const bool by_restart = GENERATE(false, true);
    CAPTURE(by_restart);
    run([&]() -> asio::awaitable<void> {
        std::vector<std::uint64_t> attempts;
        const auto provider = [&](conats::auth_request r) -> asio::awaitable<conats::user_login> {
            attempts.push_back(r.attempt());
            co_return conats::user_login("u", password);
        };
        auto o = soon_again(server.url());
        auto nc = co_await conats::connect(o.user_provider(provider));
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        password = "the second";
        server.write_config(config(password));
        if (by_restart)
            server.restart();
        else
            server.reload(); // sends who came with the first one away
        const bool back = co_await comes_back(nc);
        REQUIRE(back);
        REQUIRE(attempts.size() >= 2);
        CHECK(attempts.back() > attempts.front());
        co_await nc.publish("a", "still there");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "still there");
    });
    // The first one is good for nothing any more.
    CHECK(outcome_of(server.url("u:the%20first")).code() == errc::authorization_violation);
}
