// SPDX-License-Identifier: Apache-2.0
#include "gateway/mapping.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace http = boost::beast::http;

namespace {

/// The subject, or the number of the refusal.
std::string subject_or_status(http::verb method, std::string_view target) {
    try {
        return gateway::subject_of("api", method, target);
    } catch (const gateway::refusal& why) {
        return std::to_string(static_cast<unsigned>(why.status()));
    }
}

unsigned status_for(const conats::error& e) {
    return gateway::response_to(e).result_int();
}

} // namespace

TEST_CASE("App gateway: a path is a subject") {
    CHECK(subject_or_status(http::verb::get, "/") == "api.GET");
    CHECK(subject_or_status(http::verb::get, "/orders") == "api.GET.orders");
    CHECK(subject_or_status(http::verb::post, "/orders/17?full=1&x=/a") == "api.POST.orders.17");
    CHECK(subject_or_status(http::verb::put, "/a-b_c/%7Eme") == "api.PUT.a-b_c.~me");
    CHECK(subject_or_status(http::verb::patch, "/caf%C3%A9") == "api.PATCH.caf\xc3\xa9");
    CHECK(subject_or_status(http::verb::delete_, "/$SYS/REQ") == "api.DELETE.$SYS.REQ");
}

TEST_CASE("App gateway: no path reaches another subject") {
    for (const char* const target : {"/a.b",       "/a%2Eb", "/*",
                                     "/a/%2A",     "/>",     "/a/%3E",
                                     "/a%20b",     "/a%09b", "/a%0D%0APUB%20x",
                                     "/a%00b",     "//",     "/a//b",
                                     "/a/",        "/..",    "/a/../b",
                                     "a",          "",       "*",
                                     "http://h/a", "/%",     "/%4",
                                     "/%zz",       "/a b",   "/a%7Fb"}) {
        INFO(target);
        CHECK(subject_or_status(http::verb::get, target) == "400");
    }
    for (const auto method : {http::verb::head, http::verb::options, http::verb::connect,
                              http::verb::trace, http::verb::unknown})
        CHECK(subject_or_status(method, "/a") == "405");
}

TEST_CASE("App gateway: only headers of the list go to NATS") {
    gateway::request from;
    from.target("/a?x=1&y");
    from.insert("content-type", "text/plain");
    from.insert("X-Tag", "one");
    from.insert("x-tag", "two");
    from.insert("Cookie", "session=1");
    from.insert("Nats-Msg-Id", "7");
    const auto headers = gateway::headers_of(from, {"Content-Type", "X-Tag", "X-Absent"});
    CHECK(headers.view().lines() ==
          "Content-Type: text/plain\r\nX-Tag: one\r\nX-Tag: two\r\nHttp-Query: x=1&y\r\n");
}

TEST_CASE("App gateway: names that never pass") {
    for (const char* const name : {"Content-Type", "X-Tag", "ETag"})
        CHECK(gateway::may_pass(name));
    for (const char* const name : {"", "Nats-Msg-Id", "nats-x", "Content-Length", "connection",
                                   "Transfer-Encoding", "Host", "a b", "a:b", "caf\xc3\xa9"})
        CHECK_FALSE(gateway::may_pass(name));
}

TEST_CASE("App gateway: the status of each error") {
    using conats::errc;
    CHECK(status_for(errc::no_responders) == 503);
    CHECK(status_for(errc::timeout) == 504);
    CHECK(status_for(errc::payload_too_large) == 413);
    CHECK(status_for(errc::control_line_too_long) == 414);
    CHECK(status_for(errc::permission_denied) == 403);
    CHECK(status_for(errc::invalid_subject) == 400);
    CHECK(status_for(errc::invalid_header) == 400);
    CHECK(status_for(errc::disconnected) == 503);
    CHECK(status_for(errc::closed) == 503);
    CHECK(status_for(errc::outbox_full) == 503);
    CHECK(status_for(errc::server_error) == 502);
    CHECK(gateway::response_to(conats::error(errc::disconnected))[http::field::retry_after] == "1");
    // What is known of the inside stays there.
    conats::error secretive(errc::disconnected, "no route to 10.0.0.7");
    secretive.server("nats://10.0.0.7:4222");
    CHECK(gateway::response_to(secretive).body().find("10.0.0.7") == std::string::npos);
}
