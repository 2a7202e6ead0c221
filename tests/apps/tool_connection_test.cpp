// SPDX-License-Identifier: Apache-2.0
// How the tool connects: options, environment, contexts, in this order; no secret is shown.
#include "apps/command_lines.hpp"
#include "connection.hpp"
#include "exit_code.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

using namespace conats::test;
using Catch::Matchers::Contains;

namespace {

/// An environment with a home in which contexts are.
class surroundings {
public:
    surroundings() { std::filesystem::create_directories(home.path() / "nats" / "context"); }

    surroundings& set(const std::string& name, const std::string& value) {
        values_[name] = value;
        return *this;
    }
    void context(const std::string& name, const std::string& json) const {
        home.write("nats/context/" + name + ".json", json);
    }
    void select(const std::string& name) const { home.write("nats/context.txt", name); }
    [[nodiscard]] tool::environment environment() const {
        return [this](const char* name) {
            const auto found = values_.find(name);
            return found == values_.end() ? nullptr : found->second.c_str();
        };
    }

    scratch_directory home;

private:
    std::map<std::string, std::string> values_{{"XDG_CONFIG_HOME", home.path()}};
};

/// conats::context reads the environment of this process.
class config_home {
public:
    explicit config_home(const surroundings& s) {
        ::setenv("XDG_CONFIG_HOME", s.home.path().c_str(), 1);
    }
    config_home(const config_home&) = delete;
    config_home& operator=(const config_home&) = delete;
    ~config_home() { ::unsetenv("XDG_CONFIG_HOME"); }
};

std::string only_server(const conats::connect_options& o) {
    REQUIRE(o.servers().size() == 1);
    return std::string(o.servers().front().reveal());
}

} // namespace

TEST_CASE("M01 options go before the environment, and that before the context") {
    surroundings around;
    const config_home home(around);
    around.context("one", R"({"url":"nats://one","token":"t1","inbox_prefix":"_I1"})");
    around.context("two", R"({"url":"nats://two","user":"u2","password":"p2","ca":"/ca2"})");
    const tool::environment env = around.environment();
    tool::connection_settings given;
    CHECK(tool::authentication_of(tool::resolve(given, env)) == "none"); // nothing is selected

    around.select("one\n");
    auto o = tool::resolve(given, env);
    CHECK(only_server(o) == "nats://one");
    CHECK(o.token() == "t1");
    CHECK(o.inbox_prefix() == "_I1");
    CHECK(o.request_timeout() == std::chrono::seconds(5));

    around.set("NATS_CONTEXT", "two");
    CHECK(tool::resolve(given, env).user() == "u2");
    given.context = "one";
    CHECK(tool::resolve(given, env).token() == "t1");
    given.no_context = true;
    CHECK(tool::resolve(given, env).token().empty());
    given = {};

    around.set("NATS_URL", "nats://env").set("NATS_TOKEN", "t3").set("NATS_TIMEOUT", "250ms");
    around.set("NATS_CA", "/ca3");
    o = tool::resolve(given, env);
    CHECK(only_server(o) == "nats://env");
    CHECK(o.token() == "t3");
    CHECK(o.user().empty());
    CHECK(o.request_timeout() == std::chrono::milliseconds(250));
    CHECK(o.tls()->ca_file() == "/ca3");

    given.server = "nats://option";
    given.creds = "/x.creds";
    given.timeout = std::chrono::seconds(1);
    given.inbox_prefix = "_I4";
    given.tlsfirst = true;
    o = tool::resolve(given, env);
    CHECK(only_server(o) == "nats://option");
    CHECK(o.credentials_file() == "/x.creds");
    CHECK(o.token().empty());
    CHECK(o.request_timeout() == std::chrono::seconds(1));
    CHECK(o.connect_timeout() == std::chrono::seconds(1));
    CHECK(o.inbox_prefix() == "_I4");
    CHECK(o.tls()->ca_file() == "/ca3");
    CHECK(o.tls()->handshake_first());
}

TEST_CASE("M01 who we are is taken as a whole, userinfo in an address included") {
    surroundings around;
    const config_home home(around);
    around.context("c", R"({"url":"nats://h","user":"u","password":"p"})");
    const tool::environment env = around.environment();
    tool::connection_settings given;
    given.context = "c";

    given.password = "other"; // completes the user of the context
    CHECK(tool::resolve(given, env).user() == "u");
    CHECK(tool::resolve(given, env).password() == "other");
    given.password.reset();
    around.set("NATS_PASSWORD", "from env"); // so does this one
    CHECK(tool::resolve(given, env).user() == "u");
    CHECK(tool::resolve(given, env).password() == "from env");
    given.token = "t"; // with this there is nothing to complete
    CHECK(tool::resolve(given, env).password().empty());
    given = {};
    CHECK(tool::authentication_of(tool::resolve(given, env)) == "none");
    around.set("NATS_PASSWORD", "");
    given.context = "c";
    given.server = "nats://joe:pw@h2";
    auto o = tool::resolve(given, env);
    CHECK(o.user().empty());
    CHECK(tool::authentication_of(o) == "userinfo in the address");
    around.set("NATS_TOKEN", "t");
    CHECK(tool::resolve(given, env).token().empty());
    given.server = "nats://h2";
    CHECK(tool::resolve(given, env).token() == "t");

    given = {};
    around.set("NATS_TOKEN", "").set("NATS_USER", "env").set("NATS_PASSWORD", "secret");
    o = tool::resolve(given, env);
    CHECK(o.user() == "env");
    CHECK(o.password() == "secret");
    given.user = "token"; // NATS_PASSWORD completes it
    CHECK(tool::resolve(given, env).user() == "token");
    around.set("NATS_PASSWORD", "");
    CHECK(tool::resolve(given, env).token() == "token"); // as the nats command line has it
    given.password = "p";
    CHECK(tool::authentication_of(tool::resolve(given, env)) == "user and password");
}

TEST_CASE("M01 options that cannot be right are told without their values") {
    surroundings around;
    const config_home home(around);
    const tool::environment env = around.environment();
    const auto fault = [&](const auto& change) -> std::string {
        tool::connection_settings given;
        change(given);
        try {
            (void)tool::resolve(given, env);
        } catch (const tool::failure& e) {
            CHECK(e.code() == tool::bad_usage);
            CHECK_THAT(e.what(), !Contains("s3cr3t"));
            return e.what();
        }
        return "nothing is wrong";
    };
    CHECK_THAT(fault([](auto& s) { s.password = "s3cr3t"; }), Contains("add --user"));
    CHECK_THAT(fault([](auto& s) {
                   s.token = "s3cr3t";
                   s.creds = "/x";
               }),
               Contains("token") && Contains("credentials"));
    CHECK_THAT(fault([](auto& s) { s.user = s.token = "s3cr3t"; }), Contains("--token"));
    CHECK_THAT(fault([](auto& s) { s.context = "absent"; }), Contains("absent.json"));
    CHECK_THAT(fault([](auto& s) { s.timeout = std::chrono::seconds(0); }), Contains("timeout"));
    CHECK_THAT(fault([](auto& s) { s.inbox_prefix = "a.>"; }), Contains("a.>"));
    around.select("gone");
    CHECK_THAT(fault([](auto&) {}), Contains("gone.json") && Contains("--no-context"));
    CHECK(fault([](auto& s) { s.no_context = true; }) == "nothing is wrong");
    around.set("NATS_TIMEOUT", "s3cr3t");
    CHECK_THAT(fault([](auto& s) { s.no_context = true; }), Contains("NATS_TIMEOUT"));
}

TEST_CASE("M01 tool: connects with users, tokens and contexts of the nats command line") {
    const nats_server server("authorization { user: joe, password: s3cr3t }");
    const nats_server other(server_options().token("t0ken"));
    const auto pub = [](std::vector<std::string> more) {
        return conats_tool({"pub", "a", "x", "-q"}).arguments(more);
    };
    CHECK(pub({"-s", server.url(), "--user", "joe", "--password", "s3cr3t"}).run().code == 0);
    CHECK(pub({"-s", server.url("joe:s3cr3t")}).run().code == 0);
    CHECK(pub({"-s", other.url(), "--user", "t0ken"}).run().code == 0);

    program selected = pub({});
    std::filesystem::create_directories(selected.home().path() / ".config/nats/context");
    selected.home().write(".config/nats/context/c.json",
                          R"({"url":")" + server.url() + R"(","user":"joe","password":"s3cr3t"})");
    const auto by_name = program(selected).arguments({"--context", "c"});
    CHECK(by_name.run().code == 0);
    selected.home().write(".config/nats/context.txt", "c");
    CHECK(selected.run().code == 0);
    CHECK(program(selected).arguments({"--no-context", "-s", server.url()}).run().code == 3);
    CHECK(program(selected).arguments({"-s", other.url(), "--token", "t0ken"}).run().code == 0);
    const auto file = selected.home().path() / ".config/nats/context/c.json";
    CHECK(pub({"--context", file}).run().code == 0);
}

TEST_CASE("M01 tool: connects with credentials files and NKeys") {
    const scratch_directory files;
    const test_operator owner;
    const test_nkey user;
    const nats_server server(owner.config());
    const auto creds =
        files.write("user.creds", credentials_text(owner.user_jwt(user), user.seed_text()));
    CHECK(conats_tool({"info", "-s", server.url(), "--creds", creds}).run().code == 0);
    const auto info =
        conats_tool({"info"}).set("NATS_URL", server.url()).set("NATS_CREDS", creds).run();
    CHECK_THAT(info.out, Contains("credentials in \"" + creds.string() + '"'));
    CHECK(conats_tool({"info", "-s", server.url()}).run().code == 3);
    const auto absent = conats_tool({"info", "-s", server.url(), "--creds", "/no.creds"}).run();
    CHECK(absent.code == 3);
    CHECK_THAT(absent.err, Contains("/no.creds"));

    const nats_server keys("authorization { users: [ { nkey: " + user.public_key() + " } ] }");
    const auto seed = files.write("user.nk", user.seed_text());
    CHECK(conats_tool({"info", "-s", keys.url(), "--nkey", seed}).run().code == 0);
    CHECK(conats_tool({"info", "-s", keys.url()}).set("NATS_NKEY", seed).run().code == 0);
}

TEST_CASE("M01 tool: connects by TLS, with a client's certificate") {
    const tls_files files;
    const certificate own = files.ca.client("tool");
    const auto cert = files.scratch.write("client.pem", own.pem);
    const auto key = files.scratch.write("client.key", own.key);
    const std::string ca = files.path("ca.pem");
    const auto code = [](const nats_server& server, std::vector<std::string> more) {
        return conats_tool({"pub", "a", "x", "-s", server.url()}).arguments(more).run().code;
    };
    {
        const nats_server server(files.config("verify: true"));
        CHECK(code(server, {"--tlsca", ca, "--tlscert", cert, "--tlskey", key}) == 0);
        CHECK(code(server, {"--tlsca", ca}) == 3);
        const auto unknown = conats_tool({"info", "-s", server.url()}).run();
        CHECK(unknown.code == 3);
        CHECK_THAT(unknown.err, Contains("tls_certificate_rejected") && Contains("--tlsca"));
        const auto info = conats_tool({"info"})
                              .set("NATS_URL", server.url())
                              .set("NATS_CA", ca)
                              .set("NATS_CERT", cert)
                              .set("NATS_KEY", key)
                              .run();
        CHECK_THAT(info.out, Contains("TLS: TLSv1.3") && Contains("Certificate verified: yes"));
    }
    const nats_server plain;
    const auto refused = conats_tool({"info", "-s", plain.url(), "--tlsca", ca}).run();
    CHECK(refused.code == 3);
    CHECK_THAT(refused.err, Contains("tls_not_offered"));
}

TEST_CASE("M01 tool: connects by TLS before the greeting") {
    require_server({2, 10, 4});
    const tls_files files;
    const std::string ca = files.path("ca.pem");
    const auto code = [](const nats_server& server, std::vector<std::string> more) {
        return conats_tool({"pub", "a", "x", "-s", server.url()}).arguments(more).run().code;
    };
    const nats_server first(files.config("handshake_first: true"));
    CHECK(code(first, {"--tlsca", ca, "--tlsfirst"}) == 0);
    CHECK(code(first, {"--tlsca", ca, "--timeout", "300ms"}) == 3);
}

TEST_CASE("M01 tool: no secret is in any output") {
    const nats_server server(server_options().token("right"));
    const std::vector<std::vector<std::string>> lines{
        {"pub", "a", "x", "--token", "s3cr3t"},
        {"sub", "a", "--user", "s3cr3t", "--trace"},
        {"info", "--user", "joe", "--password", "s3cr3t"},
        {"rtt", "-s", server.url("joe:s3cr3t")},
        {"req", "a", "x", "-s", "nats://s3cr3t@:x:y"},
        {"reply", "a", "--tokn", "s3cr3t"},
        {"reply", "a", "b", "s3cr3t"},
        {"info", "--tokn=s3cr3t"},
        {"pub", "a", "x", "-H", "s3cr3t"},
        {"pub", "a", "x", "--password", "s3cr3t", "--timeout", "s3cr3t"},
        {"pub", "a", "x", "--count", "s3cr3t"},
        {"bench", "s3cr3t", "a"},
        {"s3cr3t"}};
    for (const auto& line : lines) {
        const auto end = conats_tool(line).set("NATS_URL", server.url()).run();
        CAPTURE(line, end.out, end.err);
        CHECK((end.code == 2 || end.code == 3));
        CHECK_FALSE(end.err.empty());
        CHECK_THAT(end.out + end.err, !Contains("s3cr3t"));
    }
    const auto by_environment = conats_tool({"info"})
                                    .set("NATS_URL", server.url("s3cr3t"))
                                    .set("NATS_PASSWORD", "s3cr3t")
                                    .run();
    CHECK(by_environment.code == 3);
    CHECK_THAT(by_environment.err, Contains("authorization_violation") && !Contains("s3cr3t"));
}
