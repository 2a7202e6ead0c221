// SPDX-License-Identifier: Apache-2.0
// JWTs of users, from options, providers and credentials files, on servers in operator mode.
#include "integration/outcome.hpp"
#include "integration/scratch_directory.hpp"
#include "support/base64.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using conats::condition;
using conats::errc;

namespace {

conats::connect_options options_for(const std::string& server) {
    conats::connect_options o(server);
    o.connect_timeout(scaled(10s));
    return o;
}

conats::nkey_signer_function signer_of(const test_nkey& user) {
    return [&user](conats::auth_request request) -> asio::awaitable<std::string> {
        co_return user.sign(request.nonce());
    };
}

std::string with_crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n')
            out += '\r';
        out += c;
    }
    return out;
}

/// Gives INFO with a nonce, checks CONNECT and accepts.
scripted_peer accepting(const std::string& nonce, const std::string& jwt, const std::string& sig) {
    peer_options options;
    options.info(info_builder().auth_required(true));
    if (!nonce.empty())
        options.info(info_builder().auth_required(true).set("nonce", nonce));
    return scripted_peer(options, [jwt, sig](peer_session& s) {
        const auto connect = s.handshake();
        if (connect.at("jwt").as_string() != jwt)
            s.fail("another JWT");
        if (sig.empty() ? connect.contains("sig") : connect.at("sig").as_string() != sig)
            s.fail("another signature");
        for (const char* const other : {"nkey", "user", "pass", "auth_token"})
            if (connect.contains(other))
                s.fail(other);
        s.serve();
    });
}

} // namespace

TEST_CASE("E07 a JWT and its seed, or its signer") {
    const test_operator owner;
    const test_nkey user;
    const test_nkey stranger;
    nats_server server(owner.config());
    const auto jwt = owner.user_jwt(user);
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt(jwt, user.seed())));
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt(conats::user_jwt(jwt, user.seed()))));
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt(conats::user_jwt(jwt, signer_of(user)))));

    const auto refused = [&](conats::connect_options& o) {
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::authorization_violation);
        CHECK_THAT(e.what(), !Contains(jwt.substr(0, 10)));
    };
    refused(options_for(server.url()).jwt(jwt, stranger.seed()));
    refused(options_for(server.url()).jwt(jwt));
    refused(options_for(server.url()).jwt(test_operator().user_jwt(user), user.seed()));
    refused(options_for(server.url()).jwt("not.a.jwt", user.seed()));
    auto none = options_for(server.url());
    refused(none);
}

TEST_CASE("E07 P2.22 CONNECT states the JWT and the signature, where there is a nonce") {
    const test_nkey user;
    const std::string sig = conats::impl::base64url_encode(user.sign("a nonce"));
    {
        const auto peer = accepting("a nonce", "h.c.s", sig);
        CHECK_FALSE(outcome_of(options_for(peer.url()).jwt("h.c.s", user.seed())));
        CHECK(peer.result() == "ok");
    }
    {
        const auto peer = accepting("", "h.c.s", "");
        CHECK_FALSE(outcome_of(options_for(peer.url()).jwt("h.c.s", user.seed())));
        CHECK(peer.result() == "ok");
    }
    {
        const auto peer = accepting("a nonce", "h.c.s", "");
        CHECK_FALSE(outcome_of(options_for(peer.url()).jwt("h.c.s")));
        CHECK(peer.result() == "ok");
    }
}

TEST_CASE("E08 P2.23 S11 a credentials file") {
    const test_operator owner;
    const test_nkey user;
    const scratch_directory files;
    nats_server server(owner.config());
    const auto jwt = owner.user_jwt(user);
    const auto text = credentials_text(jwt, user.seed_text());
    const auto accepted = [&](const std::string& content) {
        const auto path = files.write("user.creds", content);
        CHECK_FALSE(outcome_of(options_for(server.url()).credentials_file(path.string())));
    };
    accepted(text);
    accepted(with_crlf(text));
    accepted("\xef\xbb\xbf" + text);
    accepted("\n\n" + text + "\n\n");
    accepted(jwt + "\n" + user.seed_text() + "\n");

    // The JWT in one file and the seed in another.
    const auto jwt_file = files.write("user.jwt", jwt + "\n");
    const auto seed_file = files.write("user.nk", user.seed_text() + "\n");
    auto o = options_for(server.url());
    o.credentials_files(jwt_file.string(), seed_file.string());
    CHECK(o.credentials_file() == jwt_file.string());
    CHECK(o.seed_file() == seed_file.string());
    CHECK_FALSE(outcome_of(o));
    // The second file's seed counts, also where the first has one.
    const auto other = files.write("other.creds", credentials_text(jwt, test_nkey().seed_text()));
    CHECK_FALSE(outcome_of(
        options_for(server.url()).credentials_files(other.string(), seed_file.string())));
    CHECK(outcome_of(options_for(server.url()).credentials_file(other.string())).code() ==
          errc::authorization_violation);
}

TEST_CASE("E08 S11 a file that cannot be used is named with the reason, and nothing of it") {
    const test_nkey user;
    const scratch_directory files;
    const std::string jwt = test_operator().user_jwt(user);
    const std::string seed = user.seed_text();
    const std::string text = credentials_text(jwt, seed);
    peer_options options;
    options.info(info_builder().auth_required(true).set("nonce", "n"));
    scripted_peer peer(options, [](peer_session& s) {
        s.send_info();
        s.wait_closed();
    });
    const auto fault_of = [&](conats::connect_options& o) {
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::credentials_unreadable);
        CHECK(e.server() == peer.url());
        CHECK_THAT(e.what(), !Contains(seed.substr(4, 8)));
        CHECK_THAT(e.what(), !Contains(jwt.substr(0, 8)));
        return e.text();
    };
    const auto fault = [&](const std::string& path) {
        return fault_of(options_for(peer.url()).credentials_file(path));
    };
    const auto none = (files.path() / "none.creds").string();
    CHECK(fault(none) == "the credentials file '" + none + "': No such file or directory");
    const auto broken =
        files.write("a.creds", text.substr(0, text.find("------END USER"))).string();
    CHECK(fault(broken) ==
          "the credentials file '" + broken + "': the section USER NKEY SEED does not end");
    CHECK_THAT(fault(files.write("b.creds", text.substr(text.find("****"))).string()),
               Contains("there is no JWT"));
    CHECK_THAT(fault(files.write("c.creds", credentials_text(jwt, seed.substr(0, 50))).string()),
               Contains("the seed: it is too short"));
    CHECK_THAT(fault(files
                         .write("d.creds", "-----BEGIN NATS ACCOUNT JWT-----\n" + jwt +
                                               "\n------END NATS ACCOUNT JWT------\n")
                         .string()),
               Contains("neither a section NATS USER JWT nor a USER NKEY SEED"));
    const auto good = files.write("e.creds", text).string();
    CHECK_THAT(fault_of(options_for(peer.url()).credentials_files(good, none)),
               Contains("the seed file '" + none + "': No such file or directory"));
    const auto no_seed = files.write("f.jwt", jwt).string();
    CHECK_THAT(fault_of(options_for(peer.url()).credentials_files(no_seed, no_seed)),
               Contains("the seed file '" + no_seed + "': there is no seed"));
    CHECK(peer.result() == "ok");
    CHECK_THAT(peer.received(), !Contains("CONNECT"));
}

TEST_CASE("E09 credentials from memory") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(owner.config());
    const auto text = credentials_text(owner.user_jwt(user), user.seed_text());
    CHECK_FALSE(outcome_of(options_for(server.url()).credentials(text)));
    CHECK_FALSE(outcome_of(options_for(server.url()).credentials(with_crlf(text))));
    const auto other = credentials_text(owner.user_jwt(user), test_nkey().seed_text());
    CHECK(outcome_of(options_for(server.url()).credentials(other)).code() ==
          errc::authorization_violation);
}

TEST_CASE("E10 files are read on every attempt") {
    const test_operator owner;
    const test_nkey user;
    const scratch_directory files;
    nats_server server(owner.config());
    const auto path = (files.path() / "user.creds").string();
    // Not there yet.
    auto o = options_for(server.url());
    o.credentials_file(path);
    CHECK(outcome_of(o).code() == errc::credentials_unreadable);
    files.write("user.creds", credentials_text(owner.user_jwt(user), user.seed_text()));
    CHECK_FALSE(outcome_of(o));
    // Replaced, and replaced again, under the same options.
    files.write("user.creds", credentials_text(owner.user_jwt(user), test_nkey().seed_text()));
    CHECK(outcome_of(o).code() == errc::authorization_violation);
    files.write("user.creds", credentials_text(owner.user_jwt(user), user.seed_text()));
    CHECK_FALSE(outcome_of(o));
    // Within one walk over the servers: the first refuses what the file held then.
    const test_nkey second;
    peer_options options;
    options.info(info_builder().auth_required(true).set("nonce", "n"));
    scripted_peer swaps(options, [&](peer_session& s) {
        s.send_info();
        s.expect_connect();
        files.write("user.creds", credentials_text(owner.user_jwt(second), second.seed_text()));
        s.send("-ERR 'Authorization Violation'\r\n");
    });
    o.servers({swaps.url(), server.url()}).retain_order(true).name("after the swap");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(o);
        CHECK(nc.connected_url() == server.url());
        const auto all = server.monitor().get("/connz?auth=1").at("connections").as_array();
        REQUIRE(all.size() == 1);
        const auto presented = claims_of(all[0].at("jwt").as_string().c_str());
        CHECK(presented.at("sub").as_string() == second.public_key());
    });
}

TEST_CASE("E11 a JWT provider is asked on each attempt and told about it") {
    const test_operator owner;
    const test_nkey user;
    nats_server refuses(test_operator().config());
    nats_server accepts(owner.config());
    std::vector<conats::auth_request> asked;
    bool by_signer = GENERATE(false, true);
    CAPTURE(by_signer);
    const auto provider = [&](conats::auth_request request) -> asio::awaitable<conats::user_jwt> {
        asked.push_back(request);
        conats::user_jwt answer(owner.user_jwt(user), user.seed());
        if (by_signer)
            answer = conats::user_jwt(owner.user_jwt(user), signer_of(user));
        co_return answer;
    };
    auto o = options_for(refuses.url());
    o.add_server(accepts.url()).retain_order(true).jwt_provider(provider);
    CHECK_FALSE(outcome_of(o));
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].server() == refuses.url());
    CHECK(asked[1].server() == accepts.url());
    CHECK(asked[1].attempt() == 2);
    CHECK_FALSE(asked[0].nonce().empty());
    CHECK(asked[0].nonce() != asked[1].nonce());
}

TEST_CASE("E11 what a JWT provider gives can be a credentials file's text") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(owner.config());
    const auto text = credentials_text(owner.user_jwt(user), user.seed_text());
    const auto provider = [&](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
        const conats::secret fetched(text);
        co_return conats::user_jwt::from_credentials(fetched);
    };
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt_provider(provider)));
    CHECK_THROWS_WITH(conats::user_jwt::from_credentials("x"),
                      "credentials_unreadable: there is neither a JWT nor a seed");
    CHECK_THROWS_WITH(conats::user_jwt::from_credentials(user.seed()),
                      "credentials_unreadable: there is no section NATS USER JWT");
}

TEST_CASE("E11 a JWT provider that fails, or gives what is no JWT, is an error of its own") {
    const test_nkey user;
    peer_options options;
    options.info(info_builder().auth_required(true).set("nonce", "n"));
    scripted_peer peer(options, [](peer_session& s) {
        s.send_info();
        s.wait_closed();
    });
    const auto fault = [&](const conats::user_jwt& answer) {
        const auto provider = [answer](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
            co_return answer;
        };
        const auto e = outcome_of(options_for(peer.url()).jwt_provider(provider));
        CHECK(e.code() == errc::provider_failed);
        return e.text();
    };
    CHECK(fault(conats::user_jwt()) == "the JWT provider failed: it gave no JWT");
    CHECK_THAT(fault(conats::user_jwt("a.b.c\n")), Contains("a line end"));
    CHECK_THAT(fault(conats::user_jwt("a.b.c", "SU")), Contains("the seed: it is too short"));
    const auto short_signer = [](conats::auth_request) -> asio::awaitable<std::string> {
        co_return "short";
    };
    CHECK_THAT(fault(conats::user_jwt("a.b.c", short_signer)), Contains("64 bytes, it gave 5"));
    const auto throws = [](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
        throw std::runtime_error("vault is sealed");
        co_return conats::user_jwt();
    };
    const auto e = outcome_of(options_for(peer.url()).jwt_provider(throws));
    CHECK(e.code() == errc::provider_failed);
    CHECK(e.text() == "the JWT provider failed: vault is sealed");
    CHECK(peer.result() == "ok");
    CHECK_THAT(peer.received(), !Contains("CONNECT"));
}

TEST_CASE("E12 a bearer JWT needs no seed, and is signed where there is one") {
    const test_operator owner;
    const test_nkey user;
    const scratch_directory files;
    nats_server server(owner.config());
    const auto jwt = owner.user_jwt(user, user_claims().bearer());
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt(jwt)));
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt(jwt, user.seed())));
    CHECK_FALSE(outcome_of(
        options_for(server.url()).credentials_file(files.write("bearer", jwt).string())));
    const auto provider = [&](conats::auth_request) -> asio::awaitable<conats::user_jwt> {
        co_return conats::user_jwt(jwt);
    };
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt_provider(provider)));
    const auto sig = conats::impl::base64url_encode(user.sign("a nonce"));
    const auto peer = accepting("a nonce", jwt, sig);
    CHECK_FALSE(outcome_of(options_for(peer.url()).jwt(jwt, user.seed())));
    CHECK(peer.result() == "ok");
}

TEST_CASE("E14 a JWT that has expired is an authentication error") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(owner.config());
    const auto fine = owner.user_jwt(user, user_claims().expires(1h));
    CHECK_FALSE(outcome_of(options_for(server.url()).jwt(fine, user.seed())));
    const auto expired = owner.user_jwt(user, user_claims().expires(-60s));
    const auto e = outcome_of(options_for(server.url()).jwt(expired, user.seed()));
    CAPTURE(e.what());
    CHECK(e.code() == condition::auth);
    CHECK_THAT(e.text(), Contains(": the JWT has expired at 20"));
    CHECK_THAT(e.what(), !Contains(expired.substr(0, 10)));
    // Another reason is not taken for that.
    const auto foreign = test_operator().user_jwt(user, user_claims().expires(1h));
    const auto other = outcome_of(options_for(server.url()).jwt(foreign, user.seed()));
    CHECK(other.code() == errc::authorization_violation);
    CHECK_THAT(other.text(), !Contains("expired"));
}

TEST_CASE("A27 E07 a JWT that makes CONNECT too long is refused before it is sent") {
    const test_operator owner;
    const test_nkey user;
    const auto jwt = owner.user_jwt(user, user_claims().name(std::string(4000, 'n')));
    REQUIRE(jwt.size() > 4096);
    nats_server server(owner.config());
    const auto e = outcome_of(options_for(server.url()).jwt(jwt, user.seed()));
    CHECK(e.code() == errc::connect_too_large);
    CHECK_THAT(e.text(), Contains("4096"));
    CHECK_THAT(e.what(), !Contains(jwt.substr(0, 10)));
    CHECK_THAT(server.log(), !Contains("maximum control line"));
    // Where the server takes more, it is for the client to know.
    nats_server larger(owner.config() + "max_control_line: 16384\n");
    CHECK_FALSE(
        outcome_of(options_for(larger.url()).jwt(jwt, user.seed()).max_control_line(16384)));
}
