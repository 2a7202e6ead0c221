// SPDX-License-Identifier: Apache-2.0
#include "engine/context_file.hpp"
#include "support/catch.hpp"

#include <map>

namespace {

using namespace conats::impl;

/// An environment of its own.
environment variables(std::map<std::string, std::string> all) {
    return [all = std::move(all)](const std::string& name) {
        const auto found = all.find(name);
        return found == all.end() ? nullptr : found->second.c_str();
    };
}

/// What is wrong with a context.
std::string fault_of(std::string_view text) {
    context_fields fields;
    return parse_context(text, fields);
}

/// A path, or in brackets what is wrong with it.
std::string expanded(std::string path, const environment& env) {
    const std::string why = expand_path(path, env);
    return why.empty() ? path : "(" + why + ")";
}

} // namespace

TEST_CASE("B25 context: every field that is used") {
    context_fields f;
    REQUIRE(
        parse_context(R"({"description":"d\u00e9","url":"nats://a,nats://b","token":"t","user":"u",
                              "password":"p\"","creds":"c","nkey":"n","cert":"ce","key":"k","ca":"ca",
                              "nsc":"","jetstream_domain":"jd","jetstream_api_prefix":"ja",
                              "jetstream_event_prefix":"je","inbox_prefix":"i","user_jwt":"j",
                              "color_scheme":"x","tls_first":true,"windows_cert_store":"",
                              "windows_ca_certs_match":[],"socks_proxy":"s","later":{"a":[1]}})",
                      f)
            .empty());
    CHECK(f.description == "d\xc3\xa9");
    CHECK(f.url.reveal() == "nats://a,nats://b");
    CHECK(f.token.reveal() == "t");
    CHECK(f.user.reveal() == "u");
    CHECK(f.password.reveal() == "p\"");
    CHECK(f.user_jwt.reveal() == "j");
    CHECK(f.socks_proxy.reveal() == "s");
    CHECK(f.creds == "c");
    CHECK(f.nkey == "n");
    CHECK(f.cert == "ce");
    CHECK(f.key == "k");
    CHECK(f.ca == "ca");
    CHECK(f.inbox_prefix == "i");
    CHECK(f.jetstream_domain == "jd");
    CHECK(f.jetstream_api_prefix == "ja");
    CHECK(f.jetstream_event_prefix == "je");
    CHECK(f.tls_first);
}

TEST_CASE("B25 context: nothing in it, or a byte order mark before it, is fine") {
    CHECK(fault_of("{}").empty());
    CHECK(fault_of(" \r\n{ }\n").empty());
    CHECK(fault_of("\xef\xbb\xbf{}").empty());
}

TEST_CASE("B25 context: what is wrong is told by its field, without its content") {
    for (const char* text :
         {R"({"token":5})", R"({"token":["s3cr3t"]})", R"({"token":{"s3cr3t":1}})"}) {
        CAPTURE(text);
        CHECK(fault_of(text) == "field 'token' is not a text");
    }
    CHECK(fault_of(R"({"tls_first":"s3cr3t"})") == "field 'tls_first' is not true or false");
    CHECK(fault_of(R"({"nsc":"nsc://s3cr3t"})") == "field 'nsc' is not supported");
    CHECK(fault_of(R"({"windows_cert_store":"windowscurrentuser"})") ==
          "field 'windows_cert_store' is not supported");
    CHECK(fault_of(R"({"windows_ca_certs_match":["a"]})") ==
          "field 'windows_ca_certs_match' is not supported");
    for (const char* text : {"", "{", R"(["s3cr3t"])", R"("s3cr3t")", R"({"token":"s3cr3t)",
                             R"({"token":"s3cr3t"} x)", R"({"token":"s3cr3t",})", "s3cr3t"}) {
        CAPTURE(text);
        const std::string fault = fault_of(text);
        CHECK_FALSE(fault.empty());
        CHECK(fault.find("s3cr3t") == std::string::npos);
    }
    context_fields kept;
    kept.creds = "kept";
    CHECK_FALSE(parse_context(R"({"creds":"new","tls_first":1})", kept).empty());
    CHECK(kept.creds == "kept");
}

TEST_CASE("B25 context: names of files with the home directory and variables") {
    const auto env = variables({{"HOME", "/home/me"}, {"DIR", "/d"}, {"A_1", "x"}, {"EMPTY", ""}});
    CHECK(expanded("", env).empty());
    CHECK(expanded("/a/b.creds", env) == "/a/b.creds");
    CHECK(expanded("~", env) == "/home/me");
    CHECK(expanded("~/b", env) == "/home/me/b");
    CHECK(expanded("~other/b", env) == "~other/b");
    CHECK(expanded("/a/~/b", env) == "/a/~/b");
    CHECK(expanded("$DIR/b", env) == "/d/b");
    CHECK(expanded("${DIR}b$A_1", env) == "/dbx");
    CHECK(expanded("a$EMPTY.b", env) == "a.b");
    CHECK(expanded("~/$A_1/${A_1}", env) == "/home/me/x/x");
    const std::string unset = "(it uses an environment variable that is not set)";
    CHECK(expanded("$NONE/b", env) == unset);
    CHECK(expanded("${NONE}", env) == unset);
    const std::string malformed = "(a '$' is followed by no name of a variable)";
    for (const char* path : {"a$", "$/b", "${}", "${DIR", "$$DIR"})
        CHECK(expanded(path, env) == malformed);
    CHECK(expanded("~/b", variables({})) == "('~' is used and HOME is not set)");
    CHECK(expanded("~x", variables({})) == "~x");
}

TEST_CASE("B25 context: where contexts are") {
    CHECK(context_directory(variables({{"XDG_CONFIG_HOME", "/x"}, {"HOME", "/h"}})) == "/x/nats");
    CHECK(context_directory(variables({{"XDG_CONFIG_HOME", ""}, {"HOME", "/h"}})) ==
          "/h/.config/nats");
    CHECK(context_directory(variables({{"HOME", "/h"}})) == "/h/.config/nats");
    CHECK(context_directory(variables({})).empty());
}

TEST_CASE("B25 context: names that could lead out of the directory are none") {
    for (const char* name : {"ngs", "ngs.js", "a b", ".hidden", "\xc3\xa9"})
        CHECK(is_context_name(name));
    for (const char* name : {"", "..", "../a", "a/b", "a..b", "/a", "a\\b"})
        CHECK_FALSE(is_context_name(name));
    CHECK_FALSE(is_context_name(std::string_view("a\0b", 3)));
}
