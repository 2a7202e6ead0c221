// SPDX-License-Identifier: Apache-2.0
#include "macro/options.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <utility>
#include <vector>

namespace bench {

namespace {

using forms = std::vector<std::string>;

/// A scenario as a subcommand: the forms of its calls, the first of them the default.
class scenario {
public:
    scenario(CLI::App& app, const char* name, const char* what, forms f)
        : command_(app.add_subcommand(name, what)),
          forms_(std::move(f)),
          form_(forms_.front()) {
        command_->add_option("--form", form_, "The form of the call")
            ->check(CLI::IsMember(forms_))
            ->capture_default_str();
    }

    void apply(options& o) const {
        if (!command_->parsed())
            return;
        o.scenario = command_->get_name();
        o.form = form_;
    }

private:
    CLI::App* command_;
    forms forms_;
    std::string form_;
};

void add_common(CLI::App& app, command& c) {
    app.add_option("--server", c.server, "Its address")->envname("NATS_URL")->required();
    app.add_option("--ca", c.ca_file, "Whom to trust under TLS")->envname("CONATS_BENCH_CA");
    options& o = c.measured;
    app.add_option("--size", o.size, "Bytes of a payload")->capture_default_str();
    app.add_option("--count", o.count, "Messages in all")->check(CLI::PositiveNumber);
    app.add_option("--connections", o.connections, "Connections")->check(CLI::Range(1, 100'000));
    app.add_option("--subscriptions", o.subscriptions, "Subscriptions of each connection")
        ->check(CLI::Range(1, 10'000'000));
    app.add_option("--concurrent", o.concurrent, "Requests under way at once")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--threads", o.threads, "Threads that run the io_context")
        ->check(CLI::Range(1, 64));
    app.add_flag("--headers", o.headers, "Messages have two headers");
}

} // namespace

command parse_command_line(int count, const char* const* arguments) {
    command c;
    CLI::App app("Measures conats, and prints a line of JSON.");
    app.require_subcommand(1);
    app.fallthrough();
    add_common(app, c);
    const forms receiving{"handler", "awaiting_handler", "next", "try_next", "next_batch"};
    const scenario all[] = {
        {app, "pub", "Publishes, then flushes", {"publish", "try_publish", "owned"}},
        {app, "sub", "Receives what another program publishes to bench.0; says ready", receiving},
        {app, "pubsub", "Receives what it publishes, on the same connection", receiving},
        {app, "request", "Requests to bench.0 that another program answers", {"request"}},
        {app, "pipeline", "The same by hand: publishes with a reply subject", {"next_batch"}},
        {app,
         "random",
         "Receives what a raw source sends to all subscriptions at random",
         {"handler"}},
        {app,
         "memory",
         "What a connection, a subscription or a message that waits takes",
         {"connections", "subscriptions", "handlers", "messages"}}};
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& e) {
        std::exit(app.exit(e));
    }
    for (const scenario& s : all)
        s.apply(c.measured);
    return c;
}

} // namespace bench
