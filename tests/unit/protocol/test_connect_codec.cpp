// SPDX-License-Identifier: Apache-2.0
#include "protocol/connect_codec.hpp"
#include "support/catch.hpp"

#include <conats/error.hpp>

#include <boost/json.hpp>

#include <string>
#include <string_view>

using conats::errc;
using conats::error;
using conats::secret;
using conats::impl::connect_fields;
using conats::impl::encode_connect;

namespace {

std::string line(const connect_fields& fields) {
    secret out;
    const error e = encode_connect(fields, out);
    REQUIRE_FALSE(e);
    return std::string(out.reveal());
}

boost::json::object sent(const connect_fields& fields) {
    const std::string text = line(fields);
    REQUIRE(text.starts_with("CONNECT {"));
    REQUIRE(text.ends_with("}\r\n"));
    return boost::json::parse(text.substr(8, text.size() - 10)).as_object();
}

} // namespace

TEST_CASE("P2.1 CONNECT states verbose, pedantic and echo always") {
    CHECK(line({}) == "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true,"
                      "\"tls_required\":false,\"headers\":true,\"no_responders\":true,"
                      "\"protocol\":1,\"lang\":\"conats\",\"version\":\"0.1.0\"}\r\n");
    connect_fields all;
    all.verbose = true;
    all.pedantic = true;
    all.echo = false;
    all.tls_required = true;
    all.headers = false;
    all.no_responders = false;
    all.protocol = 0;
    const auto json = sent(all);
    CHECK(json.at("verbose").as_bool());
    CHECK(json.at("pedantic").as_bool());
    CHECK_FALSE(json.at("echo").as_bool());
    CHECK(json.at("tls_required").as_bool());
    CHECK_FALSE(json.at("headers").as_bool());
    CHECK_FALSE(json.at("no_responders").as_bool());
    CHECK(json.at("protocol").as_int64() == 0);
}

TEST_CASE("A01 CONNECT with a token has neither user nor pass") {
    connect_fields fields;
    fields.auth_token = "s3cr3t";
    fields.name = "API Token Example";
    const auto json = sent(fields);
    CHECK(json.at("auth_token").as_string() == "s3cr3t");
    CHECK(json.at("name").as_string() == "API Token Example");
    CHECK_FALSE(json.contains("user"));
    CHECK_FALSE(json.contains("pass"));
    CHECK_FALSE(json.contains("jwt"));
    CHECK_FALSE(json.contains("nkey"));
    CHECK_FALSE(json.contains("sig"));
}

TEST_CASE("A15 a user is sent with its password, even an empty one") {
    connect_fields fields;
    fields.user = "u";
    CHECK(sent(fields).at("user").as_string() == "u");
    CHECK(sent(fields).at("pass").as_string().empty());
    fields.pass = "p";
    CHECK(sent(fields).at("pass").as_string() == "p");
    fields.user = "";
    CHECK_FALSE(sent(fields).contains("pass"));
    fields.has_user = true;
    CHECK(sent(fields).at("user").as_string().empty());
    CHECK(sent(fields).at("pass").as_string() == "p");
}

TEST_CASE("CONNECT with an nkey, a JWT and a signature") {
    connect_fields fields;
    fields.jwt = "J";
    fields.nkey = "N";
    fields.sig = "S";
    const auto json = sent(fields);
    CHECK(json.at("jwt").as_string() == "J");
    CHECK(json.at("nkey").as_string() == "N");
    CHECK(json.at("sig").as_string() == "S");
}

TEST_CASE("A17 P2.12 what is in a field arrives as it was") {
    std::string everything;
    for (int c = 0; c != 0x80; ++c) {
        everything += static_cast<char>(c);
    }
    everything +=
        "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80";
    connect_fields fields;
    fields.auth_token = everything;
    fields.user = "a\"b\\c";
    fields.pass = everything;
    fields.name = "\",\"verbose\":true,\"x\":\"";
    const auto json = sent(fields);
    CHECK(json.at("auth_token").as_string() == boost::json::string_view(everything));
    CHECK(json.at("user").as_string() == "a\"b\\c");
    CHECK(json.at("pass").as_string() == boost::json::string_view(everything));
    CHECK_FALSE(json.at("verbose").as_bool());
    const std::string text = line(fields);
    CHECK(text.find_first_of("\r\n") == text.size() - 2); // nothing breaks out of the line
}

TEST_CASE("A17 a field that is not UTF-8 is refused by its name, without what is in it") {
    for (const std::string_view bad :
         {"\xff", "a\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
          "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x80\x80\x80",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x9f\x98",
          "\xf0\x9f\x28\x80", "\xe2\x82\x28"}) {
        const std::string token = "geheim" + std::string(bad);
        connect_fields fields;
        fields.auth_token = token;
        secret out("unchanged");
        const error e = encode_connect(fields, out);
        CAPTURE(bad);
        CHECK(e.code() == errc::invalid_options);
        CHECK(e.text() == "the token is not valid UTF-8");
        CHECK(out.reveal() == "unchanged");
    }
    connect_fields fields;
    secret out;
    fields.pass = "\xff";
    CHECK(encode_connect(fields, out).text() == "the password is not valid UTF-8");
    fields.name = "\xff";
    CHECK(encode_connect(fields, out).text() == "the name is not valid UTF-8");
}

TEST_CASE("A27 P2.11 the size the server counts is that of the JSON") {
    connect_fields fields;
    const std::string name(5000, 'n');
    fields.name = name;
    secret out;
    REQUIRE_FALSE(encode_connect(fields, out));
    CHECK(conats::impl::connect_line_size(out) == out.size() - 10);
    CHECK(conats::impl::connect_line_size(out) > 5000);
    CHECK(conats::impl::connect_line_size(secret()) == 0);
}
