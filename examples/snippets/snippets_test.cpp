// SPDX-License-Identifier: Apache-2.0
#include "snippets.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/timing.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace conats::test {

namespace {

using namespace std::chrono_literals;

constexpr auto close_after = 300ms;

std::string text_of(const std::string& part) {
    const auto begin = part.find('"');
    const auto end = part.rfind('"');
    if (begin == part.npos || end == begin)
        throw std::runtime_error("a mark without its \"…\": " + part);
    return part.substr(begin + 1, end - begin - 1);
}

std::string reason(const std::string& part) {
    const auto since = part.find(", since ");
    if (since == part.npos || part.size() < since + 15)
        throw std::runtime_error("a mark without its reason: " + part);
    return part.substr(since + 8);
}

struct outcome {
    std::string output;
    int status;
};

outcome run_command(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr)
        throw std::runtime_error("popen failed");
    outcome result{{}, 0};
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
        result.output += static_cast<char>(c);
    result.status = ::pclose(pipe);
    return result;
}

/// What a block prints, which has to end by itself, and with exit code 0.
std::string output_of(const snippet_servers& servers, const std::string& program,
                      std::chrono::nanoseconds limit = 20s) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(scaled(limit)).count();
    const outcome o = run_command(servers.prefix() + "timeout " + std::to_string(seconds) + " '" +
                                  CONATS_SNIPPETS "/" + program + " 2>&1");
    if (!WIFEXITED(o.status) || WEXITSTATUS(o.status) != 0)
        throw std::runtime_error("it failed (124: it did not end), with " +
                                 std::to_string(WEXITSTATUS(o.status)) + ":\n" + o.output);
    return o.output;
}

/// What a program prints that does not end, up to `text`.
std::string output_until(const snippet_servers& servers, const std::string& program,
                         const std::string& text) {
    const auto log = servers.scratch().path() / "log";
    const pid_t pid = start_process(
        {"/bin/sh", "-c", servers.prefix() + "stdbuf -oL '" CONATS_SNIPPETS "/" + program}, log);
    const bool said =
        eventually([&] { return read_file(log).find(text) != std::string::npos; }, 20s);
    const bool ended = collect_process(pid);
    if (!ended) {
        ::kill(pid, SIGKILL);
        while (!collect_process(pid))
            ;
    }
    if (!said || ended)
        throw std::runtime_error("it did not say \"" + text + "\", or ended:\n" + read_file(log));
    return read_file(log);
}

void run_case(const snippet_case& which, const std::string& runner,
              std::chrono::nanoseconds limit = 20s) {
    const snippet_mark mark(which.mark);
    if (!mark.compiles_only.empty())
        return;
    const snippet_servers servers(mark.server);
    const bool is_program = !which.program.empty();
    std::string command = is_program ? which.program + "'" : runner + "' '" + which.name + "'";
    if (!mark.closes.empty())
        command += " " + std::to_string(std::chrono::milliseconds(close_after).count());
    std::string output;
    if (!mark.stops.empty()) {
        output = output_until(servers, command, mark.prints);
    } else if (!mark.throws.empty()) {
        try {
            output_of(servers, command, limit);
        } catch (const std::runtime_error& e) {
            output = e.what();
        }
        if (output.find("the block has thrown " + mark.throws) == output.npos)
            throw std::runtime_error("it did not throw " + mark.throws + ":\n" + output);
    } else {
        output = output_of(servers, command, limit);
    }
    if (output.find(mark.prints) == output.npos)
        throw std::runtime_error("it did not print \"" + mark.prints + "\":\n" + output);
}

} // namespace

snippet_mark::snippet_mark(const std::string& text) : server("any") {
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ';');) {
        part.erase(0, part.find_first_not_of(' '));
        if (part.starts_with("on "))
            server = part.substr(3);
        else if (part.starts_with("prints "))
            prints = text_of(part);
        else if (part.starts_with("throws "))
            throws = part.substr(7);
        else if (part.starts_with("closes"))
            closes = reason(part);
        else if (part.starts_with("stops"))
            stops = reason(part);
        else if (part.starts_with("compiles only"))
            compiles_only = reason(part);
        else
            throw std::runtime_error("what is '" + part + "' in a mark?");
    }
}

void run_snippet(const std::string& name) {
    const auto found = std::ranges::find(snippet_cases, name, &snippet_case::name);
    run_case(*found, "run_fragment");
}

} // namespace conats::test

using namespace conats::test;
using Catch::Matchers::Contains;

TEST_CASE("Snippets: few are not run to their end, and say why") {
    std::size_t closed = 0;
    std::size_t stopped = 0;
    std::size_t not_run = 0;
    std::string all;
    for (const snippet_case& c : snippet_cases) {
        INFO(c.name << ": " << c.mark);
        const snippet_mark mark(c.mark);
        closed += mark.closes.empty() ? 0 : 1;
        stopped += mark.stops.empty() ? 0 : 1;
        not_run += mark.compiles_only.empty() ? 0 : 1;
        if (!(mark.closes + mark.stops + mark.compiles_only).empty())
            all += c.name + ": " + c.mark + "\n";
        // What is closed or stopped shows by what it prints that it came so far.
        if (!(mark.closes + mark.stops).empty())
            CHECK_FALSE(mark.prints.empty());
    }
    INFO(all);
    CHECK(snippet_cases.size() >= 75);
    CHECK(closed <= 6);
    CHECK(stopped <= 2);
    CHECK(not_run <= 2);
}

TEST_CASE("Snippets: one that fails when it is run is found") {
    const auto run = [](std::size_t number) {
        run_case(fixture_cases.at(number), "run_fixture", std::chrono::seconds(2));
    };
    run(0);
    CHECK_THROWS_WITH(run(1), Contains("did not print \"never said\"") && Contains("said"));
    CHECK_THROWS_WITH(run(2), Contains("has thrown no_responders"));
    run(3);
    CHECK_THROWS_WITH(run(4), Contains("124"));
    CHECK_THROWS_WITH(snippet_mark("closes"), Contains("reason"));
    CHECK_THROWS_WITH(snippet_mark("compiles only, since"), Contains("reason"));
    CHECK_THROWS_WITH(snippet_mark("whatever"), Contains("what is"));
    CHECK_THROWS_WITH(snippet_servers("unknown"), Contains("kind"));
}
