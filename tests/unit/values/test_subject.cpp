// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "values/subject_rules.hpp"

#include <conats/subject.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::impl; // NOLINT(google-build-using-namespace): the header under test

namespace {

std::vector<std::string> tokens_of(const std::string& subject) {
    std::vector<std::string> tokens(1);
    for (const char c : subject) {
        if (c == '.') {
            tokens.emplace_back();
        } else {
            tokens.back() += c;
        }
    }
    return tokens;
}

/// The rules again, as they stand in the documentation.
subject_fault naive_check(const std::string& subject, bool wildcards, bool empty_tokens) {
    if (subject.empty()) {
        return subject_fault::empty;
    }
    for (const char c : subject) {
        if (static_cast<unsigned char>(c) <= 0x20) {
            return subject_fault::illegal_character;
        }
    }
    const auto tokens = tokens_of(subject);
    for (std::size_t i = 0; i != tokens.size(); ++i) {
        if (tokens[i].empty() && !empty_tokens) {
            return subject_fault::empty_token;
        }
        const bool wild = tokens[i] == "*" || tokens[i] == ">";
        if (wild && !wildcards) {
            return subject_fault::wildcard;
        }
        if (tokens[i] == ">" && i + 1 != tokens.size()) {
            return subject_fault::misplaced_wildcard;
        }
    }
    return subject_fault::none;
}

bool naive_match(const std::vector<std::string>& pattern, std::size_t p,
                 const std::vector<std::string>& subject, std::size_t s) {
    if (p == pattern.size()) {
        return s == subject.size();
    }
    if (pattern[p] == ">") {
        return s < subject.size();
    }
    return s < subject.size() && (pattern[p] == "*" || pattern[p] == subject[s]) &&
           naive_match(pattern, p + 1, subject, s + 1);
}

} // namespace

TEST_CASE("C10 P2.26 a publish subject holds no blank, control character or NUL") {
    for (int c = 0; c <= 0x20; ++c) {
        for (const std::size_t length : {1U, 2U, 3U, 5U, 8U, 12U, 16U, 17U, 40U, 64U, 65U, 100U}) {
            for (std::size_t at = 0; at != length; ++at) {
                std::string subject(length, 'x');
                subject[at] = static_cast<char>(c);
                CAPTURE(c, length, at);
                REQUIRE(check_publish_subject(subject) == subject_fault::illegal_character);
                REQUIRE(check_publish_subject(subject, true) == subject_fault::illegal_character);
            }
        }
    }
    CHECK(check_publish_subject("") == subject_fault::empty);
    CHECK(check_publish_subject("", true) == subject_fault::empty);
    CHECK_FALSE(conats::is_valid_publish_subject("a\r\nPUB x 0"));
}

TEST_CASE("C10 a publish subject may hold every other byte") {
    for (int c = 0x21; c <= 0xff; ++c) {
        for (const std::size_t length : {1U, 2U, 4U, 9U, 16U, 33U, 70U}) {
            std::string subject(length, static_cast<char>(c));
            const bool expected = c != '.' && !(length == 1 && (c == '*' || c == '>'));
            CAPTURE(c, length);
            REQUIRE(conats::is_valid_publish_subject(subject) == expected);
        }
    }
    CHECK(conats::is_valid_publish_subject("caf\xc3\xa9.\xe2\x82\xac"));
    CHECK(conats::is_valid_publish_subject("foo*.b>r"));
}

TEST_CASE("C11 P2.28 empty tokens are refused unless they are allowed") {
    for (const std::string_view bad :
         {"a..b", ".a", "a.", ".", "..", "aaaaaaaa..bbbbbbbb", "aaaaaaaaaaaaaaa..bbbbbbbbbbbbbbbb",
          ".aaaaaaaaaaaaaaaaaaaaaa",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."}) {
        CAPTURE(bad);
        CHECK(check_publish_subject(bad) == subject_fault::empty_token);
        CHECK(check_publish_subject(bad, true) == subject_fault::none);
    }
}

TEST_CASE("C10 a publish subject has no wildcard token") {
    for (const std::string_view bad : {"*", ">", "a.*", "*.a", "a.*.b", "a.>", "a.>.b"}) {
        CAPTURE(bad);
        CHECK(check_publish_subject(bad) == subject_fault::wildcard);
        CHECK(check_publish_subject(bad, true) == subject_fault::wildcard);
    }
}

TEST_CASE("C12 a subscribe subject has whole-token wildcards and '>' only last") {
    for (const std::string_view good :
         {"a", "*", ">", "a.*", "*.*", "a.*.b", "a.>", "*.>", "a*b", "a.b>", ">a", "a.**"}) {
        CAPTURE(good);
        CHECK(conats::is_valid_subscribe_subject(good));
    }
    CHECK(check_subscribe_subject("") == subject_fault::empty);
    CHECK(check_subscribe_subject("a..b") == subject_fault::empty_token);
    CHECK(check_subscribe_subject(".") == subject_fault::empty_token);
    CHECK(check_subscribe_subject("a.>.b") == subject_fault::misplaced_wildcard);
    CHECK(check_subscribe_subject(">.a") == subject_fault::misplaced_wildcard);
    CHECK(check_subscribe_subject("foo bar") == subject_fault::illegal_character);
}

TEST_CASE("C13 a queue group holds no blank, control character or NUL") {
    CHECK(conats::is_valid_queue_group("workers"));
    CHECK(conats::is_valid_queue_group("a..b"));
    CHECK(check_queue_group("") == subject_fault::empty);
    for (const std::string_view bad : {std::string_view("a b"), std::string_view("a\r\n"),
                                       std::string_view("\t"), std::string_view("a\0", 2)}) {
        CHECK(check_queue_group(bad) == subject_fault::illegal_character);
    }
}

TEST_CASE("subject_rules: replies may be none, inbox prefixes hold no wildcard") {
    CHECK(check_reply("") == subject_fault::none);
    CHECK(check_reply("_INBOX.x") == subject_fault::none);
    CHECK(check_reply("a b") == subject_fault::illegal_character);
    CHECK(check_reply("a..b") == subject_fault::empty_token);
    CHECK(check_reply("a..b", true) == subject_fault::none);
    CHECK(check_inbox_prefix("_INBOX") == subject_fault::none);
    CHECK(check_inbox_prefix("my.in") == subject_fault::none);
    CHECK(check_inbox_prefix("") == subject_fault::empty);
    CHECK(check_inbox_prefix("a.") == subject_fault::empty_token);
    CHECK(check_inbox_prefix("a.*") == subject_fault::wildcard);
    CHECK(check_inbox_prefix("a*") == subject_fault::wildcard);
    CHECK(check_inbox_prefix(">") == subject_fault::wildcard);
    CHECK(check_inbox_prefix("a b") == subject_fault::illegal_character);
}

TEST_CASE("subject_rules: the checks agree with the rules as written") {
    std::mt19937 random(3);
    const std::string alphabet = "ab....**>> ";
    for (int round = 0; round != 200'000; ++round) {
        std::string subject;
        for (auto n = random() % (round % 10 == 0 ? 80 : 12); n != 0; --n) {
            const std::size_t rare = random() % 40 == 0 ? 0U : 1U; // blanks are rare
            subject += alphabet[random() % (alphabet.size() - rare)];
            if (random() % 2 == 0) {
                subject += 'c';
            }
        }
        CAPTURE(subject);
        REQUIRE(check_publish_subject(subject) == naive_check(subject, false, false));
        REQUIRE(check_publish_subject(subject, true) == naive_check(subject, false, true));
        REQUIRE(check_subscribe_subject(subject) == naive_check(subject, true, false));
    }
}

TEST_CASE("subject_rules: the error names the character and its position") {
    const auto text = [](subject_fault fault, subject_role role, std::string_view subject) {
        return describe(fault, role, subject).text();
    };
    CHECK(text(subject_fault::illegal_character, subject_role::subject, "foo bar") ==
          "subject \"foo bar\" holds ' ' at position 3");
    CHECK(text(subject_fault::illegal_character, subject_role::reply, "a\r\nPUB") ==
          "reply subject \"a\\x0d\\x0aPUB\" holds '\\x0d' at position 1");
    CHECK(text(subject_fault::illegal_character, subject_role::queue_group,
               std::string_view("q\0", 2)) == "queue group \"q\\x00\" holds '\\x00' at position 1");
    CHECK(text(subject_fault::empty, subject_role::subject, "") == "subject is empty");
    CHECK(text(subject_fault::empty_token, subject_role::subject, "a..b") ==
          "subject \"a..b\" has an empty token: '.' at position 2");
    CHECK(text(subject_fault::empty_token, subject_role::subject, ".a") ==
          "subject \".a\" has an empty token: '.' at position 0");
    CHECK(text(subject_fault::empty_token, subject_role::inbox_prefix, "a.") ==
          "inbox prefix \"a.\" has an empty token: '.' at position 1");
    CHECK(text(subject_fault::wildcard, subject_role::subject, "a>.*.b") ==
          "subject \"a>.*.b\" holds the wildcard '*' at position 3");
    CHECK(text(subject_fault::wildcard, subject_role::inbox_prefix, "ab*") ==
          "inbox prefix \"ab*\" holds the wildcard '*' at position 2");
    CHECK(text(subject_fault::misplaced_wildcard, subject_role::subject, "*.>.b") ==
          "subject \"*.>.b\" holds a wildcard that may only be the last token: '>' at position 2");
    CHECK(text(subject_fault::none, subject_role::subject, "a") == "subject \"a\" is valid");
}

TEST_CASE("subject_rules: each role has its code") {
    const auto code = [](subject_role role) {
        return describe(subject_fault::empty, role, "").code();
    };
    CHECK(code(subject_role::subject) == conats::errc::invalid_subject);
    CHECK(code(subject_role::reply) == conats::errc::invalid_subject);
    CHECK(code(subject_role::queue_group) == conats::errc::invalid_queue_group);
    CHECK(code(subject_role::inbox_prefix) == conats::errc::invalid_inbox_prefix);
    std::string longest(1000, 'a');
    longest.push_back(' ');
    const conats::error e =
        describe(subject_fault::illegal_character, subject_role::subject, longest);
    CHECK(e.subject().size() < 100);
    CHECK(e.text().size() < 200);
}

TEST_CASE("subject_matches knows tokens and wildcards") {
    using conats::subject_matches;
    CHECK(subject_matches("foo", "foo"));
    CHECK_FALSE(subject_matches("foo", "FOO"));
    CHECK_FALSE(subject_matches("foo", "foo.bar"));
    CHECK_FALSE(subject_matches("foo.bar", "foo"));
    CHECK(subject_matches("foo.*", "foo.bar"));
    CHECK_FALSE(subject_matches("foo.*", "foo"));
    CHECK_FALSE(subject_matches("foo.*", "foo.bar.baz"));
    CHECK(subject_matches("*.bar", "foo.bar"));
    CHECK(subject_matches(">", "foo"));
    CHECK(subject_matches("foo.>", "foo.bar.baz"));
    CHECK_FALSE(subject_matches("foo.>", "foo"));
    CHECK_FALSE(subject_matches("fo*", "foo"));
    CHECK(subject_matches("fo*", "fo*"));
}

TEST_CASE("subject_matches agrees with a naive one") {
    std::mt19937 random(4);
    const std::vector<std::string> words{"a", "b", "ab", "*", ">", "a*"};
    const auto draw = [&](std::size_t kinds, bool wild) {
        std::string subject;
        for (auto n = 1 + random() % 4; n != 0; --n) {
            std::string word = words[random() % kinds];
            if (word == ">" && (n != 1 || !wild)) {
                word = "b";
            }
            subject += (subject.empty() ? "" : ".") + (word == "*" && !wild ? "a" : word);
        }
        return subject;
    };
    for (int round = 0; round != 100'000; ++round) {
        const std::string pattern = draw(words.size(), true);
        const std::string subject = draw(3, false);
        CAPTURE(pattern, subject);
        REQUIRE(conats::subject_matches(pattern, subject) ==
                naive_match(tokens_of(pattern), 0, tokens_of(subject), 0));
    }
}
