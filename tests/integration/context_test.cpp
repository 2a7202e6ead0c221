// SPDX-License-Identifier: Apache-2.0
// Contexts of the nats command line.
#include "integration/helpers.hpp"
#include "integration/outcome.hpp"
#include "integration/scratch_directory.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"
#include "support/test_proxy.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

// Of the bytes 0 to 31.
constexpr std::string_view seed = "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y";
constexpr std::string_view public_key = "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK";

/// A directory that contexts are in, for this process, while it lives.
class contexts {
public:
    contexts() { std::filesystem::create_directories(scratch.path() / "nats" / "context"); }

    void write(const std::string& name, std::string_view json) const {
        scratch.write("nats/context/" + name + ".json", json);
    }
    void select(std::string_view text) const { scratch.write("nats/context.txt", text); }

    scratch_directory scratch;

private:
    environment_variable config_home_{"XDG_CONFIG_HOME", scratch.path().string()};
    environment_variable directory_{"CONATS_TEST_DIRECTORY", scratch.path().string()};
};

/// `"name":"value"`, and a comma.
std::string json_field(std::string_view name, std::string_view value) {
    return "\"" + std::string(name) + "\":\"" + std::string(value) + "\",";
}

std::string object(std::string fields) {
    if (!fields.empty())
        fields.pop_back();
    return "{" + fields + "}";
}

conats::error fault_of(std::string_view name) {
    conats::error e;
    const conats::context c(name, e);
    return e;
}

} // namespace

TEST_CASE("B25 connects by a context's name, or by the selected one") {
    contexts all;
    nats_server server("authorization { token: s3cr3t }");
    all.write("orders",
              object(json_field("description", "of orders") + json_field("token", "s3cr3t") +
                     json_field("url", "nats://127.0.0.1:1," + server.url()) +
                     json_field("inbox_prefix", "_INBOX_o") +
                     json_field("jetstream_domain", "hub") +
                     json_field("jetstream_event_prefix", "EV.o")));
    all.select(" orders\n");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(conats::context("orders"));
        CHECK(nc.new_inbox().starts_with("_INBOX_o."));
        conats::context selected;
        CHECK(selected.name() == "orders");
        CHECK(selected.file() == (all.scratch.path() / "nats/context/orders.json").string());
        CHECK(selected.description() == "of orders");
        CHECK(selected.jetstream_domain() == "hub");
        CHECK(selected.jetstream_api_prefix().empty());
        CHECK(selected.jetstream_event_prefix() == "EV.o");
        conats::connect_options options = selected;
        options.name("changed");
        auto other = co_await conats::connect(options);
        CHECK(server.monitor().connection("changed"));
    });
    const conats::context by_file((all.scratch.path() / "nats/context/orders.json").string());
    CHECK(by_file.name() == "orders");
}

TEST_CASE("B25 every way to authenticate, the first one of several") {
    contexts all;
    all.scratch.write("user.nk", seed);
    nats_server server("authorization { users: [ { user: u, password: p }, { nkey: " +
                       std::string(public_key) + " } ] }");
    const std::string url = json_field("url", server.url());
    all.write("user", object(url + json_field("user", "u") + json_field("password", "p") +
                             json_field("token", "wrong") + json_field("nkey", "/none")));
    all.write("wrong", object(url + json_field("user", "u") + json_field("password", "x")));
    all.write("nkey", object(url + json_field("nkey", "$CONATS_TEST_DIRECTORY/user.nk") +
                             json_field("token", "wrong")));
    CHECK_FALSE(outcome_of(conats::context("user")));
    CHECK(outcome_of(conats::context("wrong")).code() == errc::authorization_violation);
    CHECK_FALSE(outcome_of(conats::context("nkey")));
}

TEST_CASE("B25 credentials files and JWTs, with and without a seed") {
    contexts all;
    all.scratch.write("user.nk", seed);
    all.scratch.write("user.creds", "-----BEGIN NATS USER JWT-----\nfile.of.creds\n"
                                    "------END NATS USER JWT------\n\n"
                                    "-----BEGIN USER NKEY SEED-----\n" +
                                        std::string(seed) + "\n------END USER NKEY SEED------\n");
    info_builder info;
    info.set("nonce", "abcdef").auth_required(true);
    for (const auto& [fields, jwt, is_signed] :
         {std::tuple(json_field("creds", "${CONATS_TEST_DIRECTORY}/user.creds"), "file.of.creds",
                     true),
          std::tuple(json_field("user_jwt", "of.the.context") +
                         json_field("nkey", "$CONATS_TEST_DIRECTORY/user.nk"),
                     "of.the.context", true),
          std::tuple(json_field("user_jwt", "of.the.context"), "of.the.context", false)}) {
        CAPTURE(fields);
        peer_options o;
        o.info(info);
        const std::string wanted = jwt;
        const bool wants_signature = is_signed;
        scripted_peer peer(o, [wanted, wants_signature](peer_session& s) {
            const auto connect = s.handshake();
            if (connect.at("jwt").as_string() != wanted)
                s.fail("another JWT");
            const auto* sig = connect.if_contains("sig");
            if ((sig != nullptr && !sig->as_string().empty()) != wants_signature)
                s.fail("signed or not");
            s.serve();
        });
        all.write("jwt", object(json_field("url", peer.url()) + fields));
        CHECK_FALSE(outcome_of(conats::context("jwt")));
        CHECK(peer.result() == "ok");
    }
}

TEST_CASE("B25 credentials files and JWTs let a server with an operator in") {
    contexts all;
    const test_operator owner;
    const test_nkey user;
    const test_nkey stranger;
    nats_server server(owner.config());
    const auto jwt = owner.user_jwt(user);
    const auto with = [&](const std::string& fields) {
        all.write("jwt", object(json_field("url", server.url()) + fields));
        return outcome_of(conats::context("jwt"));
    };
    const auto key = [&](const test_nkey& of) {
        return json_field("nkey", all.scratch.write("user.nk", of.seed_text()).string());
    };
    const auto creds = [&](const test_nkey& signs) {
        const auto text = credentials_text(jwt, signs.seed_text());
        return json_field("creds", all.scratch.write("user.creds", text).string());
    };
    CHECK_FALSE(with(creds(user)));
    CHECK_FALSE(with(json_field("user_jwt", jwt) + key(user)));
    CHECK_FALSE(with(json_field("user_jwt", owner.user_jwt(user, user_claims().bearer()))));

    const auto refused = [&](const std::string& fields) {
        return with(fields).code() == errc::authorization_violation;
    };
    CHECK(refused(creds(stranger)));
    CHECK(refused(json_field("user_jwt", jwt) + key(stranger)));
    CHECK(refused(json_field("user_jwt", jwt))); // nobody shows that it is his
    CHECK(refused(json_field("user_jwt", test_operator().user_jwt(user)) + key(user)));
    CHECK(refused(""));
}

TEST_CASE("B25 E21 a context's tls_first connects to a server that sends no INFO in plain") {
    require_server({2, 10, 4});
    contexts all;
    const tls_files files;
    nats_server server(files.config("handshake_first: true"));
    sniffing_proxy wire(server.host(), server.port());
    const std::string trust =
        json_field("url", wire.url()) + json_field("ca", files.path("ca.pem"));
    all.write("first", object(trust + R"("tls_first":true,)"));
    all.write("later", object(trust));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(conats::context("first"));
        co_await nc.flush();
        CHECK(nc.tls_info().verified);
    });
    CHECK(wire.lines_from_server("INFO ") == 0);
    conats::connect_options later = conats::context("later");
    CHECK(outcome_of(later.connect_timeout(scaled(500ms))));
}

TEST_CASE("B25 G09 a context's socks_proxy is connected through, as whom its address says") {
    contexts all;
    nats_server server("authorization { token: s3cr3t }");
    proxy_behaviour b;
    b.user = "u";
    b.password = "p";
    test_proxy proxy(b);
    const std::string rest = json_field("url", server.url()) + json_field("token", "s3cr3t");
    all.write("proxied", object(rest + json_field("socks_proxy", proxy.url("u:p"))));
    all.write("refused", object(rest + json_field("socks_proxy", proxy.url("u:q"))));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(conats::context("proxied"));
        co_await nc.flush();
        CHECK(nc.connected_url() == server.url());
    });
    REQUIRE(proxy.requests().size() == 1);
    CHECK(proxy.requests().front() == "ipv4 " + server.address());
    CHECK(outcome_of(conats::context("refused")).code() == errc::proxy_failed);
    CHECK(proxy.requests().size() == 1);
}

TEST_CASE("B25 a CA, a certificate, a key, and TLS first") {
    contexts all;
    const tls_files files;
    nats_server server(files.config("verify: true"));
    const auto own = files.ca.client("someone");
    files.scratch.write("client.pem", own.pem);
    files.scratch.write("client.key", own.key);
    const std::string trust =
        json_field("url", server.url()) + json_field("ca", files.path("ca.pem"));
    all.write("own", object(trust + json_field("cert", files.path("client.pem")) +
                            json_field("key", files.path("client.key"))));
    all.write("no_own", object(trust));
    all.write("half", object(trust + json_field("cert", files.path("client.pem"))));
    CHECK_FALSE(outcome_of(conats::context("own")));
    CHECK(outcome_of(conats::context("no_own")));
    CHECK(fault_of("half").code() == errc::invalid_context);
    all.write("first", R"({"tls_first":true})");
    const conats::context first("first");
    REQUIRE(first.options().tls());
    CHECK(first.options().tls()->handshake_first());
    all.write("plain", "{}");
    CHECK_FALSE(conats::context("plain").options().tls());
    all.write("proxy", object(json_field("socks_proxy", "socks5://127.0.0.1:1")));
    CHECK(conats::context("proxy").options().proxy().reveal() == "socks5://127.0.0.1:1");
}

TEST_CASE("B25 what is wrong is told with file and field, and without content") {
    contexts all;
    const auto tells = [&](std::string_view name, std::string_view word) {
        const conats::error e = fault_of(name);
        CAPTURE(name, e.what());
        return e.code() == errc::invalid_context && e == conats::condition::invalid_use &&
               e.what().find(word) != std::string::npos &&
               e.what().find("s3cr3t") == std::string::npos;
    };
    CHECK(tells("", "no context is selected"));
    CHECK(tells("", "context.txt"));
    CHECK(tells("unknown", "nats/context/unknown.json"));
    CHECK(tells("../unknown", "'../unknown'"));
    CHECK(tells("/none/of/these.json", "/none/of/these.json"));
    all.select("../s3cr3t");
    CHECK(tells("", "context.txt"));
    all.write("token", R"({"token":["s3cr3t"]})");
    CHECK(tells("token", "token.json': field 'token'"));
    all.write("json", R"({"token":"s3cr3t)");
    CHECK(tells("json", "json.json"));
    all.write("creds", object(json_field("creds", "$CONATS_NO_s3cr3t/a") +
                              json_field("password", "s3cr3t")));
    CHECK(tells("creds", "field 'creds'"));
    all.write("password", object(json_field("password", "s3cr3t") + json_field("token", "t")));
    CHECK_FALSE(fault_of("password")); // without a user it is not used
    all.write("jwt", object(json_field("user_jwt", "s3cr3t") + json_field("nkey", "/none")));
    CHECK(tells("jwt", "field 'nkey': '/none'"));
    all.write("inbox", object(json_field("inbox_prefix", "a.*")));
    CHECK(tells("inbox", "inbox.json"));
    {
        const environment_variable no_config_home("XDG_CONFIG_HOME", std::nullopt);
        const environment_variable no_home("HOME", std::nullopt);
        CHECK(tells("a", "HOME"));
        const environment_variable home("HOME", all.scratch.path().string());
        CHECK(tells("a", (all.scratch.path() / ".config/nats/context/a.json").string()));
    }
    bool thrown = false;
    try {
        const conats::context c("../x");
    } catch (const conats::system_error& e) {
        thrown = e.code() == errc::invalid_context;
    }
    CHECK(thrown);
}

TEST_CASE("B26 a context has a domain of JetStream or a prefix of its subjects, not both") {
    contexts all;
    const std::string domain = json_field("jetstream_domain", "hub");
    const std::string prefix = json_field("jetstream_api_prefix", "JS.o");
    all.write("domain", object(domain + json_field("jetstream_api_prefix", "")));
    CHECK(conats::context("domain").jetstream_domain() == "hub");
    all.write("prefix", object(prefix + json_field("jetstream_domain", "")));
    CHECK(conats::context("prefix").jetstream_api_prefix() == "JS.o");
    all.write("both", object(domain + prefix + json_field("token", "s3cr3t")));
    const conats::error e = fault_of("both");
    CHECK(e.code() == errc::invalid_context);
    CHECK(e.text() == "'" + (all.scratch.path() / "nats/context/both.json").string() +
                          "': fields 'jetstream_domain' and 'jetstream_api_prefix' exclude each "
                          "other");
}

TEST_CASE("B25, A26 nothing of a context's token stays in memory") {
    if (sanitized)
        skip_test("a sanitizer keeps what is freed, the buffers of the file's writer too");
    contexts all;
    const masked_secret token;
    nats_server server;
    {
        std::string text = token.reveal();
        std::string json = "{\"token\":\"" + text + "\",\"description\":\"\\u00e9\"}";
        all.write("secret", json);
        wipe(json);
        wipe(text);
        const conats::context c("secret");
        CHECK(find_in_memory(token).size() == 1);
        CHECK(c.description() == "\xc3\xa9");
    }
    CHECK(find_in_memory(token).empty());
}
