// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"

#include <conats/error.hpp>

#include <boost/system/errc.hpp>

#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using conats::condition;
using conats::errc;
using conats::error;

namespace {

/// All codes, found by asking for each number's name.
std::vector<errc> all_codes() {
    std::vector<errc> codes;
    for (int value = 0; value != 1000; ++value) {
        if (to_string(static_cast<errc>(value)) != "unknown") {
            codes.push_back(static_cast<errc>(value));
        }
    }
    return codes;
}

std::vector<condition> all_conditions() {
    std::vector<condition> conditions;
    for (int value = 0; value != 100; ++value) {
        if (to_string(static_cast<condition>(value)) != "unknown") {
            conditions.push_back(static_cast<condition>(value));
        }
    }
    return conditions;
}

} // namespace

TEST_CASE("error: each code has a name and a text of its own") {
    std::set<std::string> names;
    std::set<std::string> texts;
    for (const errc code : all_codes()) {
        CAPTURE(code);
        CHECK(names.insert(std::string(to_string(code))).second);
        const std::string text = make_error_code(code).message();
        CHECK(text.size() > 5);
        CHECK(texts.insert(text).second);
    }
    CHECK(names.size() == 63);
    CHECK(names.count("authorization_violation") == 1);
    CHECK(names.count("userinfo_ignored") == 1);
}

TEST_CASE("error: a code belongs to at most one condition") {
    for (const errc code : all_codes()) {
        int matches = 0;
        for (const condition c : all_conditions()) {
            matches += make_error_code(code) == c ? 1 : 0;
        }
        CAPTURE(code);
        const bool free = code == errc::server_error || code == errc::handler_failed ||
                          code == errc::userinfo_ignored;
        CHECK(matches == (free ? 0 : 1));
    }
    CHECK(all_conditions().size() == 11);
}

TEST_CASE("error: codes compare equal to their condition") {
    CHECK(make_error_code(errc::authorization_violation) == condition::auth);
    CHECK(make_error_code(errc::authentication_timeout) == condition::auth);
    CHECK(make_error_code(errc::invalid_subject) == condition::invalid_use);
    CHECK(make_error_code(errc::timeout) == condition::timeout);
    CHECK(make_error_code(errc::no_responders) == condition::no_responders);
    CHECK(make_error_code(errc::connection_refused) == condition::unreachable);
    CHECK(make_error_code(errc::payload_too_large) == condition::limit);
    CHECK(make_error_code(errc::tls_required) == condition::tls);
    CHECK(make_error_code(errc::closed) == condition::closed);
    CHECK(make_error_code(errc::permission_denied) == condition::permission);
    CHECK(make_error_code(errc::disconnected) != condition::closed);
    CHECK(make_error_code(errc::server_error) == errc::server_error);
}

TEST_CASE("error: a default one is no error") {
    const error none;
    CHECK_FALSE(none);
    CHECK(none.text().empty());
    CHECK(none.subject().empty());
    CHECK(none.server().empty());
    std::ostringstream os;
    os << none;
    CHECK(os.str() == "no error");
}

TEST_CASE("error: what() is one line with what is known") {
    const error bare(errc::timeout);
    CHECK(bare);
    CHECK(bare.what() == "timeout: the deadline passed");
    error full(errc::authorization_violation, "Authorization Violation");
    full.server("nats://h:4222");
    CHECK(full.what() == "authorization_violation: Authorization Violation (nats://h:4222)");
    const error foreign(make_error_code(boost::system::errc::broken_pipe), "broken pipe");
    CHECK(foreign.what() == "generic: broken pipe");
}

TEST_CASE("error: what() names the subject where the text does not") {
    const auto told = [](const char* text, const char* subject) {
        return error(errc::timeout, text).subject(subject).what();
    };
    CHECK(told("no reply", "orders") == "timeout: no reply [orders]");
    CHECK(told("no reply from \"orders\"", "orders") == "timeout: no reply from \"orders\"");
    CHECK(told("orders: no reply", "orders") == "timeout: orders: no reply");
    CHECK(told("draining is late", "a") == "timeout: draining is late [a]");
    CHECK(told("orders.new is late", "orders") == "timeout: orders.new is late [orders]");
    CHECK(told("reorders, then orders", "orders") == "timeout: reorders, then orders");
}

TEST_CASE("error: a copy does not change with the original") {
    error a(errc::permission_denied, "text");
    a.subject("foo").server("s").was_written(true);
    error b = a;
    CHECK(a == b);
    b.subject("bar");
    CHECK_FALSE(a == b);
    CHECK(a.subject() == "foo");
    CHECK(b.subject() == "bar");
    CHECK(b.text() == "text");
    CHECK(b.was_written());
}

TEST_CASE("error: system_error carries it all") {
    error e(errc::invalid_subject, "subject \"a b\" holds ' ' at position 1");
    e.subject("a b");
    const conats::system_error thrown(e);
    CHECK(thrown.code() == errc::invalid_subject);
    CHECK(thrown.details() == e);
    CHECK(std::string(thrown.what()) == e.what());
    const boost::system::system_error& base = thrown;
    CHECK(base.code() == condition::invalid_use);
}

TEST_CASE("error: names are printable and unknown values are harmless") {
    std::ostringstream os;
    os << errc::outbox_full << ' ' << condition::tls << ' ' << static_cast<errc>(9999) << ' '
       << static_cast<condition>(77);
    CHECK(os.str() == "outbox_full tls unknown unknown");
    CHECK(make_error_code(static_cast<errc>(9999)).message() == "unknown error");
    CHECK(make_error_condition(static_cast<condition>(77)).message() == "unknown condition");
    CHECK(make_error_condition(condition::auth).message() ==
          "credentials were refused, expired, late or not to be had");
    CHECK(std::string(conats::error_category().name()) == "conats");
    CHECK(std::string(conats::condition_category().name()) == "conats.condition");
    CHECK(make_error_code(static_cast<errc>(9999)) != condition::auth);
}

TEST_CASE("an error compares with a code or a condition by its code alone") {
    const conats::error e(conats::errc::authorization_violation, "the server's words");
    CHECK(e == conats::errc::authorization_violation);
    CHECK(e != conats::errc::timeout);
    CHECK(e == conats::condition::auth);
    CHECK(e != conats::condition::timeout);
    CHECK(conats::error() != conats::errc::timeout);
}
