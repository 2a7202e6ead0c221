// SPDX-License-Identifier: Apache-2.0
// Names, remedies, and how findings are printed.
#include "doctor_report.hpp"
#include "integration/scratch_directory.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

using namespace std::chrono_literals;
using tool::diagnosis;
using tool::finding;
using tool::step;
using tool::verdict;

namespace {

/// What a printer prints, and its exit code.
template <class Fill>
std::pair<std::string, int> printed(const tool::doctor_settings& settings, Fill fill) {
    const conats::test::scratch_directory files;
    const std::string path = files.write("out", "").string();
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const auto no_environment = [](const char*) -> const char* { return nullptr; };
    tool::output out(descriptor, descriptor, no_environment);
    tool::doctor_printer printer(out, settings);
    fill(printer);
    const int code = printer.end();
    ::close(descriptor);
    return {conats::test::read_file(path), code};
}

} // namespace

TEST_CASE("M04 doctor: each diagnosis has a name of its own and a remedy") {
    std::set<std::string> names;
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(diagnosis::unexpected); ++i) {
        const auto d = static_cast<diagnosis>(i);
        const std::string name(to_string(d));
        CAPTURE(name);
        CHECK(names.insert(name).second);
        CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
        const std::string remedy(remedy_of(d));
        CHECK(remedy.empty() == (d == diagnosis::none));
        CHECK((remedy.empty() || remedy.ends_with('.')));
    }
}

TEST_CASE("M04 doctor: the document tells of each diagnosis") {
    const std::string document = conats::test::read_file(CONATS_TOOL_DOCUMENT);
    for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(diagnosis::unexpected); ++i)
        CHECK_THAT(document, Catch::Matchers::Contains(
                                 '`' + std::string(to_string(static_cast<diagnosis>(i))) + '`'));
}

TEST_CASE("M04 doctor prints findings as a table, and what to do below them") {
    const tool::doctor_settings settings;
    const auto [text, code] = printed(settings, [](tool::doctor_printer& p) {
        p.begin("nats://h:1");
        finding f(step::tcp, verdict::ok, "connected to \x1b[2J");
        f.took = 1500us;
        p.add(f);
        f = finding(step::auth, verdict::failed, "the server refuses the token",
                    diagnosis::wrong_token);
        f.took = 12us;
        f.server_words = "Authorization\nViolation";
        p.add(f);
        p.skip({step::round_trip, step::publish});
    });
    CHECK(code == 1);
    CHECK(text.starts_with("nats://h:1\n"
                           "  ok       tcp           1.50 ms  connected to \\x1b[2J\n"
                           "  FAILED   auth            12 µs  wrong_token: the server refuses the "
                           "token\n"
                           "           the server says: \"Authorization\\x0aViolation\"\n"
                           "           what to do: Compare it with "));
    CHECK(text.ends_with("  not tried: round trip, publish\n\nnot healthy\n"));
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
        CHECK(end - begin <= 101); // one of them has a µ
        begin = end + 1;
    }
}

TEST_CASE("M04 doctor: what is healthy") {
    const auto code_with = [](verdict v, bool strict) {
        tool::doctor_settings settings;
        settings.strict = strict;
        return printed(settings, [v](tool::doctor_printer& p) {
            p.begin("nats://a:1");
            p.add({step::info, verdict::ok, "fine"});
            p.begin("nats://b:1");
            p.add({step::tls, v, "so", diagnosis::slow_link});
        });
    };
    CHECK(code_with(verdict::ok, true).second == 0);
    CHECK(code_with(verdict::note, true).second == 0);
    CHECK(code_with(verdict::warning, false).second == 0);
    CHECK(code_with(verdict::warning, true).second == 1);
    CHECK(code_with(verdict::failed, false).second == 1);
    CHECK(code_with(verdict::ok, false).first.ends_with("\nhealthy: 2 servers\n"));
    CHECK(code_with(verdict::warning, false).first.ends_with("\nhealthy: 2 servers, 1 warning\n"));
    CHECK(code_with(verdict::failed, false).first.ends_with("\nnot healthy: 1 of 2 servers\n"));
}

TEST_CASE("M04 doctor prints one JSON document") {
    tool::doctor_settings settings;
    settings.json = true;
    const auto [text, code] = printed(settings, [](tool::doctor_printer& p) {
        p.begin("nats://a:1");
        finding f(step::round_trip, verdict::warning, "5 times", diagnosis::slow_link);
        f.more["count"] = 5;
        f.took = 7ns;
        p.add(f);
        p.skip({step::jetstream});
    });
    CHECK(code == 0);
    CHECK(text == "{\"healthy\":true,\"servers\":[{\"server\":\"nats://a:1\",\"healthy\":true,"
                  "\"steps\":[{\"step\":\"round_trip\",\"verdict\":\"warning\",\"took_ns\":7,"
                  "\"text\":\"5 times\",\"diagnosis\":\"slow_link\",\"remedy\":\"" +
                      std::string(remedy_of(diagnosis::slow_link)) +
                      "\",\"count\":5},{\"step\":\"jetstream\",\"verdict\":\"skipped\"}]}]}\n");
}
