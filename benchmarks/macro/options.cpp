// SPDX-License-Identifier: Apache-2.0
#include "macro/options.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <utility>
#include <vector>

namespace bench {

namespace {

/// A scenario as a subcommand: the forms of its calls, the first of them the default.
class scenario {
public:
    scenario(CLI::App& app, const char* name, const char* what, std::vector<std::string> forms,
             std::uint64_t count)
        : command_(app.add_subcommand(name, what)),
          forms_(std::move(forms)),
          form_(forms_.front()),
          count_(count) {
        command_->add_option("--form", form_, "The form of the call")
            ->check(CLI::IsMember(forms_))
            ->capture_default_str();
        command_->add_option("-n,--count", count_, "Messages in all")
            ->check(CLI::PositiveNumber)
            ->capture_default_str();
    }

    [[nodiscard]] CLI::App& command() { return *command_; }

    void apply(options& o) const {
        if (!command_->parsed())
            return;
        o.scenario = command_->get_name();
        o.form = form_;
        o.count = count_;
    }

private:
    CLI::App* command_;
    std::vector<std::string> forms_;
    std::string form_;
    std::uint64_t count_;
};

const std::vector<std::string>& receive_forms() {
    static const std::vector<std::string> forms{"handler", "awaiting_handler", "next", "try_next",
                                                "next_batch"};
    return forms;
}

void add_common(CLI::App& app, options& o) {
    app.add_option("-s,--server", o.server, "Its address")->envname("NATS_URL")->type_name("URL");
    app.add_option("-b,--size", o.size, "Bytes of a payload")->capture_default_str();
    app.add_option("-c,--connections", o.connections, "Connections, all in one thread")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_flag("--json", o.json, "One line of JSON instead of a table");
}

} // namespace

options parse_command_line(int count, const char* const* arguments) {
    options o;
    CLI::App app("Measures conats against a nats-server. Times are taken in the client.");
    app.require_subcommand(1);
    app.fallthrough();
    add_common(app, o);
    scenario pub(app, "pub", "Publishes, then flushes; until the PONG", {"publish", "try_publish"},
                 5'000'000);
    scenario sub(app, "sub",
                 "Receives what a raw publisher sends; from the first to the last message",
                 receive_forms(), 2'000'000);
    scenario pubsub(app, "pubsub",
                    "Receives what it publishes, on the same connection; until the last message",
                    receive_forms(), 500'000);
    scenario request(app, "request", "Requests that a raw responder answers", {"request"}, 20'000);
    request.command()
        .add_option("-r,--concurrent", o.concurrent, "Requests under way at once")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    sub.command()
        .add_option("-u,--subscriptions", o.subscriptions, "Subscriptions of each connection")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    sub.command().add_flag(
        "--direct", o.direct,
        "From a raw server of its own, so that the client is the bottleneck; one "
        "connection");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& e) {
        std::exit(app.exit(e));
    }
    if (o.direct)
        o.connections = o.subscriptions = 1;
    for (const scenario* s : {&pub, &sub, &pubsub, &request})
        s->apply(o);
    return o;
}

} // namespace bench
