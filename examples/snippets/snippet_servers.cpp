// SPDX-License-Identifier: Apache-2.0
#include "snippets.hpp"
#include "support/certificate_maker.hpp"
#include "support/jwt_maker.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace conats::test {

namespace {

/// The port at the end of a URL.
std::string port_of(const std::vector<std::string>& urls) {
    if (urls.empty())
        throw std::runtime_error("the server has no such port");
    return urls.front().substr(urls.front().rfind(':') + 1);
}

} // namespace

std::string snippet_servers::files_and_config(const std::string& kind) {
    const certificate_authority ca;
    certificate_request names("nats.example");
    names.name("DNS:localhost").name("IP:127.0.0.1");
    for (const char* host : {"nats", "demo", "a", "b", "backup", "third"})
        names.name(std::string("DNS:") + host + ".example");
    const auto own = ca.issue(names);
    const auto me = ca.client("me");
    const test_operator authority;
    const test_nkey user;
    const auto file = [this](const char* name) { return (scratch_.path() / name).string(); };
    std::filesystem::create_directories(scratch_.path() / "nats" / "context");
    scratch_.write("nats/context/orders.json", R"({"url": "nats://localhost:4222"})");
    scratch_.write("ca.pem", ca.pem());
    scratch_.write("server.pem", own.pem);
    scratch_.write("server.key", own.key);
    scratch_.write("me.pem", me.pem);
    scratch_.write("me.key", me.key);
    scratch_.write("service.nk", user.seed_text());
    scratch_.write("service.creds", credentials_text(authority.user_jwt(user), user.seed_text()));

    const std::string certificate =
        "cert_file: \"" + file("server.pem") + "\", key_file: \"" + file("server.key") + "\"";
    std::string config = "tls { " + certificate + ", ca_file: \"" + file("ca.pem") +
                         "\", timeout: 20" + (kind == "mutual" ? ", verify: true" : "") + " }\n";
    if (kind != "mutual")
        config += "allow_non_tls: true\n";
    config += "websocket { host: \"127.0.0.1\", port: -1, " +
              (kind == "wss" ? "tls { " + certificate + " }" : std::string("no_tls: true")) +
              ", token_cookie: \"token\" }\n";
    if (kind == "token")
        config += "authorization { token: s3cr3t }\n";
    if (kind == "users")
        config += "authorization { users: [ { user: joe, password: s3cr3t } ] }\n";
    if (kind == "nkey")
        config += "authorization { users: [ { nkey: " + user.public_key() +
                  " }, { user: joe, password: s3cr3t } ] }\n";
    if (kind == "jwt")
        config += authority.config();
    return config;
}

snippet_servers::snippet_servers(const std::string& kind) {
    if (kind != "any" && kind != "token" && kind != "users" && kind != "nkey" && kind != "jwt" &&
        kind != "mutual" && kind != "wss" && kind != "proxy")
        throw std::runtime_error("there is no server of the kind '" + kind + "'");
    std::string config = files_and_config(kind);
    // Cookies for tokens came with 2.11.
    if (binary_version() < server_version(2, 11))
        config.erase(config.find(", token_cookie"), sizeof ", token_cookie: \"token\"" - 1);
    server_ = std::make_unique<nats_server>(server_options(config));
    const std::string port = std::to_string(server_->port());
    const std::string websocket = port_of(server_->listening("websocket"));
    ports_ = "4222=" + port + ",4443=" + port + (kind == "wss" ? ",443=" : ",8080=") + websocket;
    if (kind == "token")
        url_ = "nats://s3cr3t@localhost:4222";
    if (kind == "users" || kind == "nkey")
        url_ = "nats://joe:s3cr3t@localhost:4222";
    with_credentials_ = kind == "jwt";
    if (kind == "mutual")
        url_ = "tls://localhost:4222";
    if (kind == "proxy") {
        proxy_behaviour behaviour;
        behaviour.user = "user";
        behaviour.password = "password";
        behaviour.names["nats.example"] = "127.0.0.1";
        // The proxy is in this process and goes the documents' ways, too.
        ::setenv("SNIPPET_PORTS", ports_.c_str(), 1);
        proxy_ = std::make_unique<test_proxy>(behaviour);
        ports_ += ",1080=" + std::to_string(proxy_->port());
    }
}

std::string snippet_servers::prefix() const {
    std::string words = "cd '" + scratch_.path().string() + "' && exec env SNIPPET_PORTS='" +
                        ports_ + "' SNIPPET_URL='" + url_ + "' XDG_CONFIG_HOME='" +
                        scratch_.path().string() + "' SSL_CERT_FILE='" +
                        (scratch_.path() / "ca.pem").string() + "' NATS_URL='" + url_ + "' ";
    if (with_credentials_)
        words += "SNIPPET_CREDENTIALS=service.creds ";
    if (url_.starts_with("tls"))
        words += "SNIPPET_CERTIFICATE=me ";
    return words;
}

} // namespace conats::test
