// SPDX-License-Identifier: Apache-2.0
// The pure parts of the command line tool.
#include "bench_text.hpp"
#include "command_line.hpp"
#include "exit_code.hpp"
#include "output.hpp"
#include "support/catch.hpp"
#include "support/timing.hpp"
#include "template.hpp"
#include "text.hpp"

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

tool::command_line parsed(std::vector<const char*> words) {
    words.insert(words.begin(), "conats");
    return tool::parse_command_line(static_cast<int>(words.size()), words.data());
}

} // namespace

TEST_CASE("M01 a command line without a command is told all of them") {
    for (const auto& line : {parsed({}), parsed({"publsh", "a"})}) {
        CHECK(line.code == tool::bad_usage);
        CHECK_THAT(line.text, Contains("one of pub, sub, req, reply, rtt, info, bench, doctor;"));
    }
}

TEST_CASE("M01 durations are written as in Go") {
    CHECK(tool::parse_duration("5s") == 5s);
    CHECK(tool::parse_duration("1m30s") == 90s);
    CHECK(tool::parse_duration("1.5h") == 90min);
    CHECK(tool::parse_duration("300ms") == 300ms);
    CHECK(tool::parse_duration("2us3ns") == 2003ns);
    CHECK(tool::parse_duration("7µs") == 7us);
    CHECK(tool::parse_duration("1d") == 24h);
    CHECK(tool::parse_duration("0") == 0s);
    for (const char* wrong : {"", "5", "s", "5x", "-5s", "5s ", "1.2.3s", "999999999h", "1e3s"})
        CHECK_FALSE(tool::parse_duration(wrong));
    CHECK(tool::duration_text(999ns) == "999 ns");
    CHECK(tool::duration_text(1500ns) == "1.5 µs");
    CHECK(tool::duration_text(132us) == "132 µs");
    CHECK(tool::duration_text(1250us) == "1.25 ms");
    CHECK(tool::duration_text(90s) == "90.00 s");
}

TEST_CASE("M02 sizes and numbers") {
    CHECK(tool::parse_size("128") == 128);
    CHECK(tool::parse_size("128B") == 128);
    CHECK(tool::parse_size("1K") == 1024);
    CHECK(tool::parse_size("1.5 KB") == 1536);
    CHECK(tool::parse_size("2MiB") == 2 << 20);
    for (const char* wrong : {"", "B", "-1", "1X", "0.5B", "1iB", "1KBB", "9999G"})
        CHECK_FALSE(tool::parse_size(wrong));
    CHECK(tool::number_text(0) == "0");
    CHECK(tool::number_text(1234567) == "1,234,567");
    CHECK(tool::bytes_text(1536) == "1.5 KiB");
}

TEST_CASE("M01 what is shown on a terminal cannot steer it") {
    CHECK(tool::printable("grün\t\x1b[2J\x07\r\n", false) == "grün\t\\x1b[2J\\x07\\x0d\\x0a");
    CHECK(tool::printable("a\nb", true) == "a\nb");
    CHECK(tool::printable("\xff\xc3(\xe2\x82", false) == "\\xff\\xc3(\\xe2\\x82");
    CHECK(tool::printable("\xc2\x9b", false) == "\\xc2\\x9b"); // CSI in one character
    CHECK(tool::printable("\xf0\x9f\x98\x80", false) == "\xf0\x9f\x98\x80");
    CHECK(tool::in_quotes("a\x7f") == "\"a\\x7f\"");
}

TEST_CASE("M01 templates stand for numbers, times and texts") {
    tool::template_values v;
    v.count = 7;
    v.now = std::chrono::system_clock::time_point(1700000000s + 5ms);
    v.request = "ask";
    CHECK(tool::expand("{{Count}}/{{ .Cnt }}", v) == "7/7");
    CHECK(tool::expand("{{Unix}} {{UnixNano}}", v) == "1700000000 1700000000005000000");
    CHECK(tool::expand("<{{Request}}>", v) == "<ask>");
    CHECK(tool::expand("{{{Count}}}", v) == "{7}");
    CHECK(tool::expand("{{Nothing}} {{Count 1}} {{}} {{Count", v) ==
          "{{Nothing}} {{Count 1}} {{}} {{Count");
    CHECK(tool::expand(std::string_view("\0{{Count}}", 10), v) == std::string("\0"
                                                                              "7",
                                                                              2));
    const std::string text = tool::expand("{{Random 3 5}}", v);
    CHECK((text.size() >= 3 && text.size() <= 5));
    CHECK(tool::expand("{{Random 5 3}}{{Random a b}}", v) == "{{Random 5 3}}{{Random a b}}");
    const std::string ids = tool::expand("{{ID}}{{ID}}", v);
    CHECK(ids.size() == 44);
    CHECK(ids.substr(0, 22) != ids.substr(22));
    ::setenv("TZ", "UTC-1", 1);
    ::tzset();
    CHECK(tool::expand("{{TimeStamp}} {{Time}}", v) == "2023-11-14T23:13:20+01:00 11:13PM");
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    CHECK(tool::expand("{{TimeStamp}}", v) == "2023-11-14T22:13:20Z");
}

TEST_CASE("M01 headers are lines with a colon") {
    tool::template_values v;
    const auto h = tool::parse_headers({"A:1", " B :  x: {{Count}} ", "A: 2"}, &v);
    CHECK(h.view().lines() == "A: 1\r\nB: x: 1\r\nA: 2\r\n");
    CHECK(tool::parse_headers({"A: {{Count}}"}).get("A") == "{{Count}}");
    CHECK_THROWS_WITH(tool::parse_headers({"s3cr3t"}), Contains("colon") && !Contains("s3cr3t"));
    CHECK_THROWS_WITH(tool::parse_headers({"A b\x01: 1"}), Contains("header"));
}

TEST_CASE("M01 the command line becomes settings") {
    const auto pub = parsed({"-s", "a,b", "pub", "s", "text", "-H", "A: 1", "--header", "B: 2",
                             "--count", "3", "--sleep", "1s", "--token", "t", "--timeout", "2s"});
    REQUIRE(pub.verb);
    const auto& s = std::get<tool::pub_settings>(*pub.verb);
    CHECK(s.message.subject == "s");
    CHECK(s.message.payload == "text");
    CHECK(s.message.headers == std::vector<std::string>{"A: 1", "B: 2"});
    CHECK(s.count == 3);
    CHECK(s.sleep == 1s);
    CHECK(pub.connection.server == "a,b");
    CHECK(pub.connection.token == "t");
    CHECK(pub.connection.timeout == 2s);
    CHECK_FALSE(pub.connection.user);
    const auto empty = parsed({"publish", "s", ""});
    CHECK(std::get<tool::pub_settings>(*empty.verb).message.payload == "");
    const auto minus = parsed({"pub", "s", "--", "-5"});
    CHECK(std::get<tool::pub_settings>(*minus.verb).message.payload == "-5");
    const auto sub = parsed({"subscribe", "a", "b", "--queue", "q", "-r", "--delimiter", "null"});
    const auto& t = std::get<tool::sub_settings>(*sub.verb);
    CHECK(t.subjects == std::vector<std::string>{"a", "b"});
    CHECK(t.between == tool::delimiter::null);
    const auto wrong = parsed({"pub", "s", "x", "--colour=s3cr3t"});
    CHECK_FALSE(wrong.verb);
    CHECK(wrong.code == tool::bad_usage);
    CHECK(wrong.text == "there is no option --colour; see --help");
    CHECK(parsed({"--help"}).code == tool::done);
}

TEST_CASE("M02 the bar and the table of a measurement") {
    CHECK(tool::progress_bar(0, 10, 0, 4) == "[>   ] 0 % 0/s");
    CHECK(tool::progress_bar(5000, 10000, 0.5, 4) == "[==> ] 50 % 10,000/s");
    CHECK(tool::progress_bar(10, 10, 1, 4) == "[====] 100 % 10/s");
    CHECK(tool::progress_bar(11, 10, 1, 4) == "[====] 100 % 11/s");
    tool::bench_settings s;
    s.kind = "request";
    s.subject = "a";
    bench_result r{};
    r.size = 128;
    r.messages = 2000;
    r.connections = 1;
    r.seconds = 0.5;
    r.processor_seconds = 0.002;
    r.p50 = 120;
    r.p99 = 1300;
    r.p999 = 2000;
    CHECK(tool::bench_table(s, r) ==
          "conats bench request \"a\": 2,000 requests of 128 B, 1 client\n\n"
          "   rate            4,000/s\n"
          "   payload         500 KiB/s\n"
          "   time            500.00 ms\n"
          "   processor       1.0 µs each\n"
          "   latency p50     120 µs\n"
          "   latency p99     1.30 ms\n"
          "   latency p99.9   2.00 ms\n");
}

TEST_CASE("M01 colours and progress are for terminals, and colours can be switched off") {
    int master = -1;
    int terminal = -1;
    REQUIRE(::openpty(&master, &terminal, nullptr, nullptr, nullptr) == 0);
    const auto none = [](const char*) -> const char* { return nullptr; };
    const auto no_colour = [](const char* name) -> const char* {
        return std::string_view(name) == "NO_COLOR" ? "1" : nullptr;
    };
    const tool::output coloured(terminal, terminal, none);
    CHECK(coloured.painted(tool::style::subject, "a") == "\x1b[1;36ma\x1b[0m");
    CHECK(coloured.shows_progress());
    CHECK(tool::output(terminal, terminal, no_colour).painted(tool::style::subject, "a") == "a");
    const int file = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHECK(tool::output(file, terminal, none).painted(tool::style::subject, "a") == "a");

    tool::output out(file, terminal, no_colour);
    out.progress("[=> ]");
    out.note("done");
    out.error("wrong");
    const std::string expected = "\r\x1b[K[=> ]\r\x1b[Kdone\r\nconats: wrong\r\n";
    std::string seen;
    ::fcntl(master, F_SETFL, O_NONBLOCK);
    CHECK(conats::test::eventually([&] {
        std::array<char, 256> some{};
        const auto size = ::read(master, some.data(), some.size());
        seen.append(some.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        return seen.size() >= expected.size();
    }));
    CHECK(seen == expected);
    for (const int fd : {master, terminal, file})
        ::close(fd);
}

TEST_CASE("M01 each cause has its exit code") {
    using conats::errc;
    const auto code = [](errc e) { return tool::code_of(conats::error(e)); };
    CHECK(code(errc::timeout) == tool::no_answer);
    CHECK(code(errc::no_responders) == tool::nobody_there);
    CHECK(code(errc::invalid_subject) == tool::bad_usage);
    CHECK(code(errc::connection_refused) == tool::no_connection);
    CHECK(code(errc::authorization_violation) == tool::no_connection);
    CHECK(code(errc::tls_certificate_rejected) == tool::no_connection);
    CHECK(code(errc::disconnected) == tool::no_connection);
    CHECK(code(errc::payload_too_large) == tool::failed);
    CHECK(code(errc::permission_denied) == tool::failed);
    CHECK_THAT(tool::advise(errc::connection_refused), Contains("--server"));
    CHECK_THAT(tool::advise(errc::authorization_violation), Contains("--creds"));
    CHECK_THAT(tool::advise(conats::error(errc::authorization_violation,
                                          "Authorization Violation: the JWT has expired at 2026")),
               EndsWith("; get new credentials"));
    const auto of_certificate = [](const char* text) {
        return tool::advise(conats::error(errc::tls_certificate_rejected, text));
    };
    CHECK_THAT(of_certificate("unable to get local issuer certificate"), Contains("--tlsca"));
    CHECK_THAT(of_certificate("IP address mismatch: it is for 'localhost'"),
               Contains("by a name") && !Contains("--tlsca"));
    CHECK_THAT(of_certificate("certificate has expired"),
               Contains("clock") && !Contains("--tlsca"));
}
