// SPDX-License-Identifier: Apache-2.0
// NKeys: who signs the server's nonce, and what happens where it cannot be signed.
#include "integration/outcome.hpp"
#include "integration/scratch_directory.hpp"
#include "support/base64.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/conats.hpp>

#include <boost/asio/post.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using conats::condition;
using conats::errc;

namespace {

constexpr const char* nonce = "PXoWU7zWAMt75FY";

std::string config_for(const test_nkey& user) {
    return "authorization { users: [ { nkey: " + user.public_key() + " } ] }";
}

/// Signs as a security module does: elsewhere, and with the seed out of conats.
conats::nkey_signer_function nkey_signer(const test_nkey& user) {
    return [&user](conats::auth_request request) -> asio::awaitable<std::string> {
        auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        co_return user.sign(request.nonce());
    };
}

/// A server with a nonce that waits for what the client says.
peer_options with_nonce() {
    peer_options options;
    options.info(info_builder().auth_required(true).set("nonce", nonce));
    return options;
}

conats::connect_options nkey_options(const std::string& server) {
    conats::connect_options o(server);
    o.connect_timeout(scaled(10s));
    return o;
}

/// What stands behind a verb of the first line that begins with it.
boost::json::object json_behind(std::string_view verb, const std::string& bytes) {
    const auto from = bytes.find(verb) + verb.size();
    return boost::json::parse(bytes.substr(from, bytes.find('\r', from) - from)).as_object();
}

} // namespace

TEST_CASE("E04 an NKey's seed signs the nonce") {
    const test_nkey user;
    const test_nkey stranger;
    const scratch_directory files;
    nats_server server(config_for(user));
    CHECK_FALSE(outcome_of(nkey_options(server.url()).nkey_seed(user.seed())));
    CHECK_FALSE(outcome_of(nkey_options(server.url()).nkey_seed(user.seed_text() + "\n")));
    const auto lone = files.write("lone.nk", user.seed_text() + "\n");
    CHECK_FALSE(outcome_of(nkey_options(server.url()).nkey_file(lone.string())));
    const auto section = files.write("section.nk", credentials_text("x.y.z", user.seed_text()));
    CHECK_FALSE(outcome_of(nkey_options(server.url()).nkey_file(section.string())));

    CHECK(outcome_of(nkey_options(server.url()).nkey_seed(stranger.seed())).code() ==
          errc::authorization_violation);
    const auto other = files.write("other.nk", stranger.seed_text());
    CHECK(outcome_of(nkey_options(server.url()).nkey_file(other.string())).code() ==
          errc::authorization_violation);
    CHECK(outcome_of(nkey_options(server.url())).code() == errc::authorization_violation);
}

TEST_CASE("E04 P2.22 CONNECT states public key and signature, and nothing else of who we are") {
    const test_nkey user;
    scripted_peer peer(with_nonce(), [&](peer_session& s) {
        const auto connect = s.handshake();
        if (connect.at("nkey").as_string() != user.public_key())
            s.fail("another key");
        // Ed25519 is deterministic.
        if (connect.at("sig").as_string() != conats::impl::base64url_encode(user.sign(nonce)))
            s.fail("another signature");
        for (const char* const other : {"jwt", "user", "pass", "auth_token"})
            if (connect.contains(other))
                s.fail(other);
        s.serve();
    });
    CHECK_FALSE(outcome_of(nkey_options(peer.url("u:p")).nkey_seed(user.seed())));
    CHECK(peer.result() == "ok");
    CHECK_THAT(peer.received(), !Contains(user.seed_text()));
}

TEST_CASE("P2.22 E04 E07 a server is sent base64url without padding, with an NKey and with a JWT") {
    const test_operator owner;
    const test_nkey user;
    const bool by_jwt = GENERATE(false, true);
    CAPTURE(by_jwt);
    nats_server server(by_jwt ? owner.config() : config_for(user));
    // Often enough for bytes that standard base64 writes as '+' or '/'.
    for (int i = 0; i != 5; ++i) {
        sniffing_proxy wire(server.host(), server.port());
        auto options = nkey_options(wire.url());
        if (by_jwt)
            options.jwt(owner.user_jwt(user), user.seed());
        else
            options.nkey_seed(user.seed());
        REQUIRE_FALSE(outcome_of(options));
        const auto info = json_behind("INFO ", wire.from_server());
        const auto connect = json_behind("CONNECT ", wire.from_client());
        const std::string given(info.at("nonce").as_string());
        const std::string signature(connect.at("sig").as_string());
        CHECK(signature.size() == 86);
        CHECK(signature.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789-_") == std::string::npos);
        // Ed25519 is deterministic.
        CHECK(signature == conats::impl::base64url_encode(user.sign(given)));
    }
}

TEST_CASE("E04 a seed file that cannot be used is named with the reason, and nothing of it") {
    const test_nkey user;
    const scratch_directory files;
    scripted_peer peer(with_nonce(), [](peer_session& s) {
        s.send_info();
        s.wait_closed();
    });
    const auto fault = [&](const std::string& path) {
        const auto e = outcome_of(nkey_options(peer.url()).nkey_file(path));
        CHECK(e.code() == errc::credentials_unreadable);
        CHECK(e.code() == condition::auth);
        CHECK(e.server() == peer.url());
        CHECK_THAT(e.text(), Contains("the nkey file '" + path + "': "));
        CHECK_THAT(e.what(), !Contains(user.seed_text().substr(4, 8)));
        return e.text();
    };
    const std::string seed = user.seed_text();
    CHECK_THAT(fault((files.path() / "none").string()), Contains("No such file or directory"));
    CHECK_THAT(fault(files.path().string()), Contains("no regular file"));
    CHECK_THAT(fault(files.write("empty", "").string()), Contains("neither a JWT nor a seed"));
    CHECK_THAT(fault(files.write("short", seed.substr(0, 57)).string()),
               Contains("neither a JWT nor a seed"));
    CHECK_THAT(fault(files.write("jwt", "eyJh.eyJi.c").string()), Contains("there is no seed"));
    std::string broken = seed;
    broken[30] = broken[30] == 'A' ? 'B' : 'A';
    CHECK_THAT(fault(files.write("broken", broken).string()), Contains("checksum"));
    const test_nkey account(conats::impl::nkey_kind::account_key);
    CHECK_THAT(fault(files.write("account", account.seed_text()).string()),
               Contains("not one of a user"));
    CHECK_THAT(fault(files.write("large", std::string((1 << 20) + 1, 'x')).string()),
               Contains("larger than 1 MiB"));
    CHECK(peer.result() == "ok");
    CHECK_THAT(peer.received(), !Contains("CONNECT"));
}

TEST_CASE("E05 a signer signs in the name of a public key") {
    const test_nkey user;
    const test_nkey stranger;
    nats_server server(config_for(user));
    auto o = nkey_options(server.url());
    o.nkey(user.public_key(), nkey_signer(user));
    CHECK_FALSE(outcome_of(o));
    o.nkey(stranger.public_key(), nkey_signer(stranger));
    CHECK(outcome_of(o).code() == errc::authorization_violation);
}

TEST_CASE("E05 a signer is told of the attempt") {
    const test_nkey user;
    nats_server refuses("authorization { users: [ { nkey: " + test_nkey().public_key() + " } ] }");
    nats_server accepts(config_for(user));
    std::vector<conats::auth_request> asked;
    const auto signer = [&](conats::auth_request request) -> asio::awaitable<std::string> {
        asked.push_back(request);
        co_return user.sign(request.nonce());
    };
    conats::connect_options o = nkey_options(refuses.url());
    o.add_server(accepts.url()).retain_order(true).nkey(user.public_key(), signer);
    CHECK_FALSE(outcome_of(o));
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].server() == refuses.url());
    CHECK(asked[1].server() == accepts.url());
    CHECK(asked[0].attempt() == 1);
    CHECK(asked[1].attempt() == 2);
    CHECK_FALSE(asked[0].nonce().empty());
    CHECK(asked[0].nonce() != asked[1].nonce());
    CHECK(asked[1].deadline() >= asked[0].deadline());
}

TEST_CASE("E06 an NKey is not presented to a server that gives no nonce") {
    const test_nkey user;
    const scratch_directory files;
    nats_server server("authorization { token: t }");
    sniffing_proxy proxy(server.host(), server.port());
    std::vector<conats::connect_options> each(3, nkey_options(proxy.url()));
    each[0].nkey_seed(user.seed());
    each[1].nkey_file(files.write("user.nk", user.seed_text()).string());
    bool asked = false;
    const auto signer = [&](conats::auth_request) -> asio::awaitable<std::string> {
        asked = true;
        co_return std::string();
    };
    each[2].nkey(user.public_key(), signer);
    for (const auto& o : each) {
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::nkeys_not_supported);
        CHECK(e.code() == condition::auth);
        CHECK_THAT(e.text(), Contains("no nonce"));
        CHECK(e.server() == proxy.url());
    }
    CHECK_FALSE(asked);
    CHECK(proxy.connections() == 3);
    CHECK(proxy.from_client().empty());
}

TEST_CASE("S12 E05 nothing is sent where the signer fails") {
    const test_nkey user;
    const test_nkey stranger;
    scripted_peer peer(with_nonce(), [](peer_session& s) {
        s.send_info();
        s.wait_closed();
    });
    const auto outcome = [&](const conats::nkey_signer_function& signer) {
        auto o = nkey_options(peer.url());
        const auto e = outcome_of(o.nkey(user.public_key(), signer));
        CHECK(e.server() == peer.url());
        return e;
    };
    const auto answers = [&](const std::string& signature) {
        const auto signer = [signature](conats::auth_request) -> asio::awaitable<std::string> {
            co_return signature;
        };
        const auto e = outcome(signer);
        CHECK(e.code() == errc::provider_failed);
        return e.text();
    };
    CHECK(answers(user.sign(nonce).substr(1)) ==
          "the signer failed: a signature has 64 bytes, it gave 63");
    CHECK(answers("") == "the signer failed: a signature has 64 bytes, it gave 0");
    CHECK_THAT(answers(conats::impl::base64url_encode(user.sign(nonce))), Contains("it gave 86"));
    CHECK_THAT(answers(stranger.sign(nonce)), Contains("not that of the NKey's owner"));
    CHECK_THAT(answers(user.sign("another nonce")), Contains("not that of the NKey's owner"));

    const auto throws = [](conats::auth_request) -> asio::awaitable<std::string> {
        throw std::runtime_error("the token is locked");
        co_return std::string();
    };
    CHECK(outcome(throws).text() == "the signer failed: the token is locked");
    CHECK(outcome(throws).code() == errc::provider_failed);
    const auto no_coroutine = [](conats::auth_request) -> asio::awaitable<std::string> {
        throw 1; // anything can be thrown
    };
    CHECK(outcome(no_coroutine).code() == errc::provider_failed);

    CHECK(peer.result() == "ok");
    CHECK_THAT(peer.received(), !Contains("CONNECT"));
}

TEST_CASE("S12 E05 a signer that does not answer is cancelled, and one that does not listen left") {
    const test_nkey user;
    scripted_peer peer(with_nonce(), [](peer_session& s) {
        s.send_info();
        s.wait_closed();
    });
    conats::connect_options o(peer.url());
    o.connect_timeout(100ms);
    bool cancelled = false;
    const auto waits = [&](conats::auth_request) -> asio::awaitable<std::string> {
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer forever(executor, asio::steady_timer::time_point::max());
        try {
            co_await forever.async_wait(asio::use_awaitable);
        } catch (const boost::system::system_error& e) {
            cancelled = e.code() == asio::error::operation_aborted;
            throw;
        }
        co_return std::string();
    };
    CHECK(outcome_of(o.nkey(user.public_key(), waits)).code() == errc::timeout);
    CHECK(cancelled);

    // The signer of a provider's JWT is in nobody's options, and what it captures is still used.
    const auto kept = std::make_shared<std::string>("kept");
    bool ended = false;
    const auto provider = [&](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
        const auto deaf = [kept, &ended](conats::auth_request) -> asio::awaitable<std::string> {
            auto executor = co_await asio::this_coro::executor;
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            asio::steady_timer timer(executor, scaled(400ms));
            co_await timer.async_wait(asio::use_awaitable);
            ended = *kept == "kept";
            co_return *kept;
        };
        co_return conats::user_jwt("a.b.c", deaf);
    };
    conats::connect_options by_provider(peer.url());
    by_provider.connect_timeout(100ms).jwt_provider(provider);
    const auto e = outcome_of(by_provider);
    CHECK(e.code() == errc::timeout);
    CHECK_THAT(e.text(), Contains("the signer took longer"));
    CHECK(ended);
    CHECK(kept.use_count() == 1);
    CHECK_THAT(peer.received(), !Contains("CONNECT"));
}
