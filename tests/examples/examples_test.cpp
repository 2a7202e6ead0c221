// SPDX-License-Identifier: Apache-2.0
#include "integration/scratch_directory.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/nats_server.hpp"
#include "support/timing.hpp"

#include <sys/wait.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

/// What an example prints; throws unless it ends with exit code 0, and in time.
std::string output_of(const std::string& example, const std::string& arguments) {
    const auto limit = std::chrono::duration_cast<std::chrono::seconds>(scaled(30s));
    const std::string command = "timeout " + std::to_string(limit.count()) +
                                " '" CONATS_EXAMPLES "/" + example + "' " + arguments + " 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr)
        throw std::runtime_error("popen failed");
    std::string text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
        text += static_cast<char>(c);
    const int status = ::pclose(pipe);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(example + " failed:\n" + text);
    return text;
}

std::string output_of(const std::string& example) {
    const nats_server server;
    return output_of(example, server.url());
}

} // namespace

using Catch::Matchers::Contains;

TEST_CASE("Example 01 connect") {
    const nats_server server(server_options().token("s3cr3t"));
    const std::string text = output_of("01_connect", server.address() + " s3cr3t");
    CHECK_THAT(text, Contains("as an option:        " + server.url()));
    CHECK_THAT(text, Contains("in the URL:          " + server.url()));
    CHECK_THAT(text, Contains("without a scheme:    " + server.url()));
    CHECK_THAT(text, Contains("from a list:         " + server.url()));
    CHECK_THAT(text, Contains("by a provider:       " + server.url()));
    CHECK_THAT(text, Contains("with a wrong token:  authorization_violation"));
    CHECK_THAT(text, !Contains("s3cr3t"));
}

TEST_CASE("Example 02 publish") {
    CHECK_THAT(output_of("02_publish"), Contains("published 10004 messages"));
}

TEST_CASE("Example 03 subscribe") {
    const std::string text = output_of("03_subscribe");
    CHECK_THAT(text, Contains("weather.* got weather.berlin: rain\nweather.* ended: drained"));
    CHECK_THAT(text, Contains("weather.> got weather.berlin.mitte: more rain"));
    CHECK_THAT(text, Contains("the handler saw 1 message"));
}

TEST_CASE("Example 04 queue groups") {
    CHECK_THAT(output_of("04_queue_groups"), Contains("= 300 jobs, the audit saw 300"));
}

TEST_CASE("Example 05 request and reply") {
    const std::string text = output_of("05_request_reply");
    CHECK_THAT(text, Contains("reply: HELLO\nreplies: ONE, TWO\n"));
    CHECK_THAT(text, Contains("one of all: ALL\none of all: ALL\nended by: max_messages\n"));
    CHECK_THAT(text, Contains("nobody there: no_responders"));
}

TEST_CASE("Example 06 headers") {
    const std::string text = output_of("06_headers");
    CHECK_THAT(text, Contains("  Lang: en\n  Lang: de\n  Priority: 1\n  languages: 2\n"));
    CHECK_THAT(text, Contains("done, traced as 4711"));
}

TEST_CASE("Example 07 errors") {
    const std::string text = output_of("07_errors");
    CHECK_THAT(text, Contains("connect: connection_refused"));
    CHECK_THAT(text, Contains("publish: invalid_subject"));
    CHECK_THAT(text, Contains("request: timeout"));
    CHECK_THAT(text, Contains("next: timeout"));
    CHECK_THAT(text, Contains("subscription: closed"));
}

TEST_CASE("Example 08 cancellation") {
    CHECK_THAT(output_of("08_cancellation"),
               Contains("work: 0\nwork: 1\nwork: 2\nidle\ncontrol: stop\n"));
}

TEST_CASE("Example 09 graceful stop") {
    CHECK_THAT(output_of("09_graceful_stop"), Contains("all 20 jobs are done: true"));
}

TEST_CASE("Example 10 threads") {
    CHECK_THAT(output_of("10_threads"), Contains("received 800 messages"));
}

TEST_CASE("Example 11 callbacks and futures") {
    CHECK_THAT(output_of("11_callbacks_and_futures"),
               Contains("callback: hello\nfuture: fine weather\n"));
}

TEST_CASE("L07 Example 13 observability: spans of two services, linked by what they send") {
    const std::string text = output_of("13_observability");
    CHECK_THAT(text, Contains("ok: handling it is a child of that"));
    CHECK_THAT(text, Contains("ok: what the handler publishes is its child"));
    CHECK_THAT(text, Contains("ok: all in one trace"));
    CHECK_THAT(text, Contains("ok: no span without sampling"));
    CHECK_THAT(text, Contains("PRODUCER publish orders.new messaging.destination.name=orders.new "
                              "messaging.message.body.size=8 messaging.operation.name=publish "
                              "messaging.operation.type=send messaging.system=nats"));
    CHECK_THAT(text, Contains("CONSUMER process orders.new messaging.consumer.group.name=stock "
                              "messaging.destination.name=orders.new "
                              "messaging.destination.template=orders.*"));
    CHECK_THAT(text, Contains("CLIENT request price.apple "));
    CHECK_THAT(text, Contains("shop: info connected nats://"));
    CHECK_THAT(text, Contains("shop connected after "));
}

namespace {

/// A span as the example prints it.
struct printed_span {
    std::string trace;
    std::string id;
    std::string parent;
};

std::string value_of(const std::string& line, const std::string& name) {
    const auto begin = line.find(' ' + name + '=');
    if (begin == line.npos)
        return {};
    const auto value = begin + name.size() + 2;
    return line.substr(value, line.find(' ', value) - value);
}

printed_span span_of(const std::string& text, const std::string& begin) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(begin + ' '))
            return {value_of(line, "trace"), value_of(line, "span"), value_of(line, "parent")};
    throw std::runtime_error("no span " + begin + " in\n" + text);
}

} // namespace

TEST_CASE("L07 Example 13 observability: spans of two processes are linked") {
    const nats_server server;
    const scratch_directory scratch;
    const auto log = scratch.path() / "stock";
    const pid_t pid =
        start_process({CONATS_EXAMPLES "/13_observability", server.url(), "stock"}, log);
    REQUIRE(eventually(
        [&] { return read_file(log).find("the stock is open\n") != std::string::npos; }, 20s));
    const std::string shop = output_of("13_observability", server.url() + " shop");
    ::kill(pid, SIGTERM);
    REQUIRE(eventually([&] { return collect_process(pid); }, 20s));
    const std::string stock = read_file(log);
    INFO(shop << "---\n" << stock);

    const auto order = span_of(shop, "PRODUCER publish orders.new");
    const auto handled = span_of(stock, "CONSUMER process orders.new");
    const auto answer = span_of(stock, "PRODUCER publish reserved");
    const auto seen = span_of(shop, "CONSUMER process reserved");
    CHECK(order.trace.size() == 32);
    CHECK(order.id.size() == 16);
    CHECK(order.parent.empty());
    CHECK(handled.parent == order.id);
    CHECK(answer.parent == handled.id);
    CHECK(seen.parent == answer.id);
    for (const auto* s : {&handled, &answer, &seen})
        CHECK(s->trace == order.trace);

    const auto asked = span_of(shop, "CLIENT request price.apple");
    const auto told = span_of(stock, "CONSUMER process price.apple");
    CHECK(asked.parent.empty());
    CHECK(told.parent == asked.id);
    CHECK(told.trace == asked.trace);
    CHECK(asked.trace != order.trace);
    // What is not sampled in one process is not in the other.
    CHECK_THAT(shop + stock, !Contains("orders.secret"));
}

TEST_CASE("L08 Example 13 observability: the page of counters says what the server says") {
    const nats_server server;
    const std::string text = output_of("13_observability", server.url());
    INFO(text);
    const auto server_says = [&](const char* field) -> std::string {
        const auto connz = server.monitor().get("/connz?state=closed");
        for (const auto& c : connz.at("connections").as_array())
            if (c.at("name").as_string() == "shop")
                return std::to_string(c.at(field).to_number<std::int64_t>());
        return "nothing";
    };
    CHECK(eventually([&] { return server_says("in_msgs") != "nothing"; })); // it has noticed
    CHECK_THAT(text, Contains("\nmessaging_client_published_messages_total " +
                              server_says("in_msgs") + '\n'));
    CHECK_THAT(text, Contains("\nmessaging_client_consumed_messages_total " +
                              server_says("out_msgs") + '\n'));
    CHECK_THAT(text, Contains("\nnats_client_sent_bytes_total " + server_says("in_bytes") + '\n'));
    CHECK_THAT(text,
               Contains("\nnats_client_received_bytes_total " + server_says("out_bytes") + '\n'));
    CHECK_THAT(text, Contains("\nnats_client_reconnects_total 0\n"));
    CHECK_THAT(text, Contains("\nnats_client_messages_dropped_total 0\n"));
    CHECK_THAT(text, Contains("\nnats_client_active_subscriptions 1\n")); // of its requests
    CHECK_THAT(text, Contains("_seconds_count{messaging_operation_name=\"request\"} 1\n"));
}

#if defined(CONATS_TESTING)
TEST_CASE("Example 12 testing without a server") {
    const std::string text = output_of("12_testing", "");
    CHECK_THAT(text, Contains("ok: an apple has its price"));
    CHECK_THAT(text, Contains("ok: the accounts hear of it"));
    CHECK_THAT(text, Contains("ok: a server may fail at each of 5 steps"));
}
#endif

TEST_CASE("An example that fails is a failure") {
    CHECK_THROWS_WITH(output_of("02_publish", "nats://127.0.0.1:1"),
                      Contains("connection_refused"));
    CHECK_THROWS_WITH(output_of("no_such_example", ""), Contains("no_such_example"));
}
