// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "transport/server_address.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats;
using impl::parse_server_address;
using impl::parse_server_list;
using impl::scheme;
using impl::server_address;

struct good {
    std::string_view text;
    std::string_view redacted;
    std::string_view userinfo = "none"; // "token:..." or "user:.../..."
    std::string_view path = "/";
};

std::string userinfo_of(const server_address& a) {
    if (a.has_token()) {
        return "token:" + std::string(a.token().reveal());
    }
    if (a.has_user()) {
        return "user:" + std::string(a.user().reveal()) + '/' + std::string(a.password().reveal());
    }
    return "none";
}

void check(const good& row) {
    CAPTURE(row.text);
    server_address a;
    const auto e = parse_server_address(row.text, a);
    CAPTURE(e.text());
    REQUIRE_FALSE(e);
    CHECK(a.redacted() == row.redacted);
    CHECK(userinfo_of(a) == row.userinfo);
    CHECK(a.path() == row.path);
    CHECK(a.has_userinfo() == (row.userinfo != "none"));
}

struct bad {
    std::string_view text;
    std::string_view part;           // the error text has it
    std::string_view secret = "!!!"; // and has not this
};

void check(const bad& row) {
    CAPTURE(row.text);
    server_address a(scheme::wss, "unchanged", 1);
    const auto e = parse_server_address(row.text, a);
    CAPTURE(e.text());
    REQUIRE(e);
    CHECK(e.code() == errc::invalid_address);
    CHECK(e.text().find(row.part) != std::string::npos);
    CHECK(e.what().find(row.secret) == std::string::npos);
    CHECK(a.redacted() == "wss://unchanged:1");
}

template <class Row>
void check_all(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        check(row);
    }
}

server_address parsed(std::string_view text) {
    server_address a;
    REQUIRE_FALSE(parse_server_address(text, a));
    return a;
}

constexpr std::string_view local = "nats://127.0.0.1:4222";

} // namespace

TEST_CASE("A08 A09 A10 A12 P2.13 a token in the address, in every form") {
    check_all<good>({
        {"mytoken@localhost", "nats://localhost:4222", "token:mytoken"},
        {"mytoken@127.0.0.1", local, "token:mytoken"},
        {"mytoken@127.0.0.1:4222", local, "token:mytoken"},
        {"nats://mytoken@localhost:4222", "nats://localhost:4222", "token:mytoken"},
        {"nats://mytoken@demo.nats.io:4222", "nats://demo.nats.io:4222", "token:mytoken"},
        {"nats://s3cr3t@localhost", "nats://localhost:4222", "token:s3cr3t"},
        {"tls://tok@h", "tls://h:4222", "token:tok"},
        {"tok@[::1]", "nats://[::1]:4222", "token:tok"},
        {"tok@:4333", "nats://127.0.0.1:4333", "token:tok"},
        {"nats://tok@", local, "token:tok"},
        {"nats://$2a$11$abc@h", "nats://h:4222", "token:$2a$11$abc"},
    });
}

TEST_CASE("A15 P2.13 a colon in userinfo makes a user, also with an empty password") {
    check_all<good>({
        {"u:p@h", "nats://h:4222", "user:u/p"},
        {"u:@h", "nats://h:4222", "user:u/"},
        {"nats://u:@127.0.0.1", local, "user:u/"},
        {"nats://u:p:q@h:1", "nats://h:1", "user:u/p:q"},
        {"tls://u:p@h:4443", "tls://h:4443", "user:u/p"},
    });
    check_all<bad>({{":hush@h", "userinfo: the user before ':' is empty", "hush"},
                    {"nats://:hush@h:1", "userinfo", "hush"},
                    {":@h", "userinfo"}});
}

TEST_CASE("A15 user and token are apart") {
    const auto token = parsed("t@h");
    CHECK(token.user().empty());
    CHECK(token.password().empty());
    const auto user = parsed("u:p@h");
    CHECK(user.token().empty());
    CHECK_FALSE(user.has_token());
}

TEST_CASE("A16 P2.13 userinfo is percent-decoded and '+' stays '+'") {
    check_all<good>({
        {"p%40%3A%2F%25s@127.0.0.1", local, "token:p@:/%s"},
        {"a+b%2B@h", "nats://h:4222", "token:a+b+"},
        {"to%20k%40en@h", "nats://h:4222", "token:to k@en"},
        {"%e4%C3%A4@h", "nats://h:4222", "token:\xe4\xc3\xa4"},
        {"u%3Ax:p%3ay@h", "nats://h:4222", "user:u:x/p:y"},
        {"a%2Cb@h", "nats://h:4222", "token:a,b"},
    });
    CHECK(parsed("a%00b@h").token().reveal() == std::string_view("a\0b", 3));
    check_all<bad>({{"hush%zz@h", "percent-encod", "hush"},
                    {"hush%4@h", "percent-encod", "hush"},
                    {"hush%@h", "percent-encod", "hush"},
                    {"u:hush%zz@h", "percent-encod", "hush"}});
}

TEST_CASE("A16 userinfo that was not encoded is refused with advice and not shown") {
    check_all<bad>({
        {"nats://hu/sh@h", "percent-encode", "hu"},
        {"hu/sh@h", "percent-encode", "sh@"},
        {"hu#sh@h", "percent-encode", "sh@"},
        {"hu?sh@h", "percent-encode", "sh@"},
        {"hu@sh@h", "percent-encode", "sh@"},
        {"u:hu/sh@h", "percent-encode", "hu"},
        {"nats://u:hu@sh@h", "percent-encode", "hu"},
        {"nats://u:p/hush@h", "percent-encode", "hush"},
        {"hush://more@h", "percent-encode", "hush"},
        {"u:hush://more@h", "percent-encode", "hush"},
        {"nats://hu://sh@h", "percent-encode", "hu:"},
        {"hu\"sh@h", "percent-encode", "hu\""},
        {"hu[sh]@h", "percent-encode", "hu["},
        {"hu^sh@h:1", "percent-encode", "hu^"},
        {"hush\xc3\xa4@h", "percent-encode", "hush"},
        {"hu sh@h", "blank", "sh@"},
        {"nats://user:hush", "port", "hush"}, // the host was forgotten
    });
}

TEST_CASE("A28 '@' without userinfo before it is none") {
    check_all<good>({{"nats://@127.0.0.1", local}, {"@h", "nats://h:4222"}, {"@", local}});
}

TEST_CASE("A03 A06 what is absent has its default") {
    check_all<good>({
        {"", local},
        {"  ", local},
        {"nats://", local},
        {"nats:///", local},
        {":4333", "nats://127.0.0.1:4333"},
        {"nats://:4333", "nats://127.0.0.1:4333"},
        {"4333", "nats://127.0.0.1:4333"},
        {"00080", "nats://127.0.0.1:80"},
        {"tls://", "tls://127.0.0.1:4222"},
        {":", local},
        {"h:", "nats://h:4222"},
    });
    CHECK(server_address().redacted() == local);
}

TEST_CASE("B07 schemes, in any case, and their ports") {
    check_all<good>({
        {"nats://h", "nats://h:4222"},
        {"NATS://h", "nats://h:4222"},
        {"Tls://h", "tls://h:4222"},
        {"ws://h", "ws://h:80"},
        {"wss://h", "wss://h:443"},
        {"WSS://h:9", "wss://h:9"},
        {"ws://t@h/nats", "ws://h:80", "token:t", "/nats"},
        {"ws://h/", "ws://h:80"},
        {"wss://h//a%20b/", "wss://h:443", "none", "//a%20b/"},
    });
    check_all<bad>({{"http://h", "'http'"},
                    {"nat://h:4222", "'nat'"},
                    {"://h", "scheme"},
                    {"1nats://h", "scheme"},
                    {"na ts://h", "blank"},
                    {"h/x://y", "scheme"}});
}

TEST_CASE("B07 hosts") {
    check_all<good>({
        {"127.0.0.1", local},
        {"localhost:4222", "nats://localhost:4222"},
        {"h:1", "nats://h:1"},
        {"nats:4222", "nats://nats:4222"},
        {"a_b.c-d.example.", "nats://a_b.c-d.example.:4222"},
        {"  nats://h:4222\t", "nats://h:4222"},
        {"h/", "nats://h:4222"},
        {"nats://H:1/", "nats://H:1"},
    });
    check_all<bad>({{"a b", "blank"},
                    {"h!x", "host: illegal character '!'"},
                    {"h%20x", "host"},
                    {"h\\x", "host"},
                    {"nats://4222", "host: a number"},
                    {"t@4222", "host: a number"},
                    {"b\xc3\xbc"
                     "cher",
                     "ASCII"},
                    {std::string_view("h\0x", 3), "control character"},
                    {"h\r\nPUB x 0\r\n", "control character"},
                    {"h\x7f", "control character"},
                    {"h\n", "control character"}});
    CHECK_FALSE(parsed(std::string(253, 'a')).is_ip());
    check(bad{std::string(254, 'a'), "host: longer"});
}

TEST_CASE("B07 IPv6 stands in brackets") {
    check_all<good>({
        {"[::1]", "nats://[::1]:4222"},
        {"[::1]:4333", "nats://[::1]:4333"},
        {"nats://[2001:db8::7]:1/", "nats://[2001:db8::7]:1"},
        {"[::ffff:127.0.0.1]", "nats://[::ffff:127.0.0.1]:4222"},
        {"u:p@[::1]:", "nats://[::1]:4222", "user:u/p"},
    });
    CHECK(parsed("[::1]:4333").host() == "::1");
    check_all<bad>({{"::1", "brackets"},
                    {"fe80::1:4222", "brackets"},
                    {"nats://::1", "brackets"},
                    {"[::1", "']'"},
                    {"[]", "host"},
                    {"[::zz]", "host"},
                    {"[v1.x]", "host"},
                    {"[127.0.0.1]", "host"},
                    {"[fe80::1%25eth0]", "zone"},
                    {"[fe80::1%eth0]", "zone"},
                    {"[::1]4222", "port"},
                    {"[::1]:x", "port"},
                    {"h[::1]", "host"}});
}

TEST_CASE("B07 which hosts need no resolving") {
    CHECK(parsed("127.0.0.1").is_ip());
    CHECK(parsed("[::1]").is_ip());
    CHECK(server_address(scheme::nats, "::1", 1).is_ip());
    CHECK_FALSE(parsed("localhost").is_ip());
    CHECK_FALSE(parsed("256.0.0.1").is_ip());
    CHECK(parsed("localhost").host() == "localhost");
}

TEST_CASE("B07 ports") {
    check_all<good>({{"h:1", "nats://h:1"}, {"h:65535", "nats://h:65535"}});
    check_all<bad>({{"h:0", "port: outside"},
                    {"h:65536", "port: outside"},
                    {"h:99999999999", "port: outside"},
                    {"h:99999999999999999999999", "port"},
                    {"h:abc", "port: not a number"},
                    {"h:-1", "port: not a number"},
                    {"h:+1", "port: not a number"},
                    {"h:4222x", "port: not a number"},
                    {"h:0x10", "port: not a number"},
                    {"0", "port: outside"},
                    {"65536", "port: outside"},
                    {"ws://h:0", "port: outside"}});
}

TEST_CASE("B07 path, query and fragment") {
    check_all<bad>({{"nats://h/junk", "path"},
                    {"h/junk", "path"},
                    {"//h:1", "path"},
                    {"tls://h//", "path"},
                    {"nats://h?a=b", "query"},
                    {"nats://h/?a", "query"},
                    {"ws://h/x?tok=hush", "query", "hush"},
                    {"nats://h#f", "fragment"},
                    {"ws://h/#", "fragment"},
                    {"ws://h/a\"b", "path"},
                    {"ws://h/%zz", "path"}});
}

TEST_CASE("B07 lists with commas") {
    std::vector<server_address> list;
    REQUIRE_FALSE(parse_server_list("t1@h1, nats://u:p@h2:5 ,\t[::1],4333", list));
    REQUIRE(list.size() == 4);
    CHECK(userinfo_of(list[0]) == "token:t1");
    CHECK(list[1].redacted() == "nats://h2:5");
    CHECK(userinfo_of(list[1]) == "user:u/p");
    CHECK(list[2].redacted() == "nats://[::1]:4222");
    CHECK(userinfo_of(list[2]) == "none");
    CHECK(list[3].redacted() == "nats://127.0.0.1:4333");

    REQUIRE_FALSE(parse_server_list("h1:4222,h2:4222", list));
    CHECK(list.size() == 2);
    REQUIRE_FALSE(parse_server_list(" ", list));
    REQUIRE(list.size() == 1);
    CHECK(list[0].redacted() == local);
}

TEST_CASE("B07 an error in a list tells which address and leaves the list") {
    std::vector<server_address> list(3);
    const auto text_of = [&](std::string_view text) {
        const auto e = parse_server_list(text, list);
        CHECK(e.code() == errc::invalid_address);
        CHECK(list.size() == 3);
        return e.text();
    };
    CHECK(text_of("h1,hush@h2:0") == "address 2 of 2: port: outside 1 to 65535");
    CHECK(text_of("h1,,h2") == "address 2 of 3: empty");
    CHECK(text_of("h1,") == "address 2 of 2: empty");
    CHECK(text_of(",") == "address 1 of 2: empty");
    CHECK(text_of("h:0") == "port: outside 1 to 65535");
    CHECK(text_of("h1 h2").find("blank") != std::string::npos);
}
