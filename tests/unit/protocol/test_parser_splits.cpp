// SPDX-License-Identifier: Apache-2.0
#include "protocol/parser.hpp"
#include "support/catch.hpp"
#include "unit/protocol/padded.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using conats::impl::parse_status;
using conats::impl::parser;
using conats::test::in_words;
using conats::test::padded;
using conats::test::parse_all;
using words = std::vector<std::string>;

namespace {

/// What a reader does: keeps the unfinished rest, at another address each time.
class reader {
public:
    void receive(std::string_view bytes) {
        rest_ += bytes;
        const padded range(rest_, '\n');
        const char* at = range.begin();
        while (at != range.end() && !failed_) {
            const parse_status status = parser_.parse(at, range.end());
            if (status == parse_status::need_more) {
                break;
            }
            if (status == parse_status::failed) {
                seen_.push_back("failed: " + parser_.failure().text());
                failed_ = true;
                return;
            }
            check_views(at, at + parser_.size());
            seen_.push_back(in_words(parser_));
            at += parser_.size();
        }
        rest_.erase(0, static_cast<std::size_t>(at - range.begin()));
    }
    [[nodiscard]] const words& seen() const { return seen_; }

private:
    void check_views(const char* begin, const char* end) const {
        const auto inside = [&](const char* from, std::size_t size) {
            return from >= begin && from + size <= end;
        };
        if (parser_.kind() == conats::impl::operation_kind::msg) {
            const auto& m = parser_.message();
            REQUIRE(inside(m.subject, m.subject_size));
            REQUIRE((m.reply == nullptr || inside(m.reply, m.reply_size)));
            REQUIRE(inside(m.body, m.total_size + 2));
            REQUIRE(m.header_size <= m.total_size);
        }
    }

    parser parser_;
    std::string rest_;
    words seen_;
    bool failed_ = false;
};

const std::string corpus =
    "INFO {\"server_id\":\"x\"} \r\n"
    "+OK\r\n"
    "PING\r\n"
    "MSG foo 1 0\r\n\r\n"
    "msg foo.bar 22  11\r\nhello world\r\n"
    "MSG\tfoo\t1\t_INBOX.a.b\t2\r\n\r\n\r\n"
    "HMSG a.b.c 333 12 12\r\nNATS/1.0\r\n\r\n\r\n"
    "HMSG a 4 reply.to 29 33\r\nNATS/1.0 503\r\nA: b\r\nC: dd\r\n\r\nbody\r\n"
    "-ERR 'Slow Consumer'\r\n"
    "MSG long.subject.that.makes.the.line.longer.than.sixty.four.bytes.in.all 5 "
    "$JS.ACK.s.c.1.2.3.4.5 4\r\nPING\r\n"
    "PONG\r\n";

words split_at(std::string_view text, const std::vector<std::size_t>& cuts) {
    reader r;
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        r.receive(text.substr(from, cut - from));
        from = cut;
    }
    r.receive(text.substr(from));
    return r.seen();
}

std::vector<std::size_t> random_cuts(std::mt19937& random, std::size_t size) {
    std::vector<std::size_t> cuts(random() % 20);
    for (std::size_t& cut : cuts) {
        cut = random() % (size + 1);
    }
    std::sort(cuts.begin(), cuts.end());
    return cuts;
}

std::string random_operation(std::mt19937& random) {
    const auto word = [&](std::size_t max) {
        return std::string(1 + random() % max, static_cast<char>('a' + random() % 26));
    };
    const auto blank = [&] { return random() % 8 == 0 ? std::string("\t ") : std::string(" "); };
    const std::string body(random() % 90, random() % 2 == 0 ? '\n' : 'x');
    const std::string end = "\r\n";
    switch (random() % 8) {
    case 0: return "PING\r\n";
    case 1: return "INFO {" + word(99) + "}" + blank() + end;
    case 2: return "-ERR '" + word(99) + "'" + end;
    case 3: {
        const std::string header = "NATS/1.0\r\nA: " + word(20) + "\r\n\r\n";
        return "HMSG" + blank() + word(30) + blank() + std::to_string(random()) + blank() +
               std::to_string(header.size()) + blank() +
               std::to_string(header.size() + body.size()) + end + header + body + end;
    }
    default:
        return "MSG" + blank() + word(30) + blank() + std::to_string(random() % 1000) + blank() +
               (random() % 2 == 0 ? word(50) + blank() : "") + std::to_string(body.size()) + end +
               body + end;
    }
}

} // namespace

TEST_CASE("parser: split at every position the corpus gives the same operations") {
    const words whole = parse_all(corpus);
    REQUIRE(whole.size() == 11);
    for (std::size_t cut = 0; cut <= corpus.size(); ++cut) {
        CAPTURE(cut);
        REQUIRE(split_at(corpus, {cut}) == whole);
    }
}

TEST_CASE("parser: split at every pair of positions") {
    const std::string text = corpus.substr(0, 160);
    words whole = parse_all(text);
    if (!whole.empty() && whole.back().starts_with("need_more")) {
        whole.pop_back();
    }
    for (std::size_t a = 0; a <= text.size(); ++a) {
        for (std::size_t b = a; b <= text.size(); ++b) {
            REQUIRE(split_at(text, {a, b}) == whole);
        }
    }
}

TEST_CASE("parser: byte by byte") {
    std::vector<std::size_t> cuts(corpus.size());
    for (std::size_t i = 0; i != cuts.size(); ++i) {
        cuts[i] = i;
    }
    CHECK(split_at(corpus, cuts) == parse_all(corpus));
}

TEST_CASE("parser: random operations in random splits") {
    std::mt19937 random(2);
    for (int round = 0; round != 3000; ++round) {
        std::string text;
        for (auto n = 1 + random() % 12; n != 0; --n) {
            text += random_operation(random);
        }
        CAPTURE(round);
        REQUIRE(split_at(text, random_cuts(random, text.size())) == parse_all(text));
    }
}

TEST_CASE("parser: a damaged stream fails alike in any split") {
    std::mt19937 random(7);
    int failures = 0;
    for (int round = 0; round != 5000; ++round) {
        std::string text = corpus;
        for (auto n = 1 + random() % 3; n != 0; --n) {
            text[random() % text.size()] = static_cast<char>(random() % 256);
        }
        words whole = parse_all(text);
        words parts = split_at(text, random_cuts(random, text.size()));
        if (whole.back().starts_with("need_more")) {
            whole.pop_back();
        } else if (whole.back().starts_with("failed")) {
            ++failures;
            // Where the line is shown depends on how much of it had arrived.
            REQUIRE(!parts.empty());
            REQUIRE(parts.back().starts_with("failed"));
            whole.pop_back();
            parts.pop_back();
        }
        CAPTURE(round);
        REQUIRE(parts == whole);
    }
    CHECK(failures > 1000);
}
