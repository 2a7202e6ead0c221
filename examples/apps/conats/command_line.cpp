// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include "exit_code.hpp"
#include "text.hpp"

#include <conats/version.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace tool {

namespace {

template <class T>
CLI::Option* add_text(CLI::App& app, const char* names, T& to, const char* what,
                      const char* kind = "TEXT") {
    return app
        .add_option_function<std::string>(
            names, [&to](const std::string& text) { to = text; }, what)
        ->type_name(kind);
}

/// An option whose text `read` makes a value of; where it cannot, `form` says how it is written.
template <class T, class Read>
CLI::Option* add_parsed(CLI::App& app, const char* names, T& to, Read read, const char* form,
                        const char* what, const char* kind) {
    const std::string name = std::string(names).substr(std::string_view(names).rfind(',') + 1);
    const auto parse = [&to, read, form, name](const std::string& text) {
        const auto value = read(text);
        if (!value)
            throw CLI::ValidationError(name, form);
        to = *value;
    };
    return app.add_option_function<std::string>(names, parse, what)->type_name(kind);
}

template <class T>
CLI::Option* add_duration(CLI::App& app, const char* names, T& to, const char* what) {
    return add_parsed(app, names, to, parse_duration, "a duration is written as 300ms, 5s or 1m30s",
                      what, "DURATION");
}

CLI::Option* add_size(CLI::App& app, const char* names, std::size_t& to, const char* what) {
    return add_parsed(app, names, to, parse_size, "a size is written as 128, 16KB or 1MB", what,
                      "SIZE");
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t n = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (fault != std::errc() || end != text.data() + text.size())
        return {};
    return n;
}

std::optional<std::uint64_t> parse_positive(std::string_view text) {
    const auto n = parse_count(text);
    return n == 0U ? std::nullopt : n;
}

CLI::Option* add_count(CLI::App& app, const char* names, std::uint64_t& to, const char* what) {
    return add_parsed(app, names, to, parse_count, "it takes a number", what, "N");
}

CLI::Option* add_positive(CLI::App& app, const char* names, std::uint64_t& to, const char* what) {
    return add_parsed(app, names, to, parse_positive, "it takes a number above 0", what, "N");
}

/// One of a few words.
template <class T>
CLI::Option* add_choice(CLI::App& app, const char* names, T& to,
                        const std::map<std::string, T>& all, const char* form, const char* what) {
    const auto find = [all](const std::string& text) -> std::optional<T> {
        const auto found = all.find(text);
        if (found == all.end())
            return {};
        return found->second;
    };
    return add_parsed(app, names, to, find, form, what, "NAME");
}

void add_connection(CLI::App& app, connection_settings& to) {
    const char* const group = "How to connect, for every command";
    const auto option = [&](const char* names, std::optional<std::string>& value, const char* what,
                            const char* kind) {
        add_text(app, names, value, what, kind)->group(group);
    };
    option("-s,--server", to.server, "Servers, separated by commas [NATS_URL]", "URL");
    option("--user", to.user, "User, or a token where there is no password [NATS_USER]", "USER");
    option("--password", to.password, "Password [NATS_PASSWORD]", "PASSWORD");
    option("--token", to.token, "Token [NATS_TOKEN]", "TOKEN");
    option("--creds", to.creds, "Credentials file [NATS_CREDS]", "FILE");
    option("--nkey", to.nkey, "File with the seed of a user's NKey [NATS_NKEY]", "FILE");
    option("--tlscert", to.tlscert, "Certificate of this client [NATS_CERT]", "FILE");
    option("--tlskey", to.tlskey, "Its private key [NATS_KEY]", "FILE");
    option("--tlsca", to.tlsca, "Whom to trust under TLS [NATS_CA]", "FILE");
    app.add_flag("--tlsfirst,--tls-first", to.tlsfirst, "TLS before the server's greeting")
        ->group(group);
    option("--socks-proxy", to.socks_proxy, "SOCKS5 proxy [NATS_SOCKS_PROXY]", "URL");
    option("--context", to.context, "Context of the nats command line [NATS_CONTEXT]", "NAME");
    app.add_flag("--no-context", to.no_context, "Use no context, not even the selected one")
        ->group(group);
    add_duration(app, "--timeout", to.timeout, "How long to wait for answers [NATS_TIMEOUT] 5s")
        ->group(group);
    option("--inbox-prefix", to.inbox_prefix, "The start of subjects for replies", "PREFIX");
    option("--connection-name", to.connection_name, "What the server calls the connection", "NAME");
    app.add_flag("--trace", to.trace, "Show the protocol on stderr, without secrets")->group(group);
}

/// The settings of a subcommand, which become those of the program where it is given.
template <class Settings>
Settings& add_verb(CLI::App& app, command_line& line, CLI::App*& command, const char* name,
                   const char* alias, const char* what) {
    command = app.add_subcommand(name, what);
    command->footer("How to connect, and exit codes: conats --help");
    if (alias != nullptr)
        command->alias(alias);
    auto settings = std::make_shared<Settings>();
    command->final_callback([settings, &line] { line.verb = *settings; });
    return *settings;
}

void add_message(CLI::App& app, message_settings& to, const char* payload) {
    app.add_option("subject", to.subject, "The subject")->required();
    add_text(app, "payload", to.payload, payload)->type_name("TEXT");
    app.add_option("-H,--header", to.headers, "A header, 'Name: value'; may be given again")
        ->allow_extra_args(false)
        ->type_name("HEADER");
    app.add_flag_callback(
        "--no-templates", [&to] { to.templates = false; },
        "Leave {{Count}}, {{ID}}, {{Time}} and the like as they are");
}

void add_raw(CLI::App& app, bool& raw, delimiter& between) {
    app.add_flag("-r,--raw", raw, "Print payloads alone, byte by byte");
    add_choice<delimiter>(
        app, "--delimiter", between,
        {{"newline", delimiter::newline}, {"null", delimiter::null}, {"none", delimiter::none}},
        "it takes newline, null or none", "What follows a raw payload: newline, null or none");
}

void add_pub(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<pub_settings>(app, line, command, "pub", "publish", "Publish a message");
    add_message(*command, s.message, "The payload; without it, all of stdin");
    add_text(*command, "--reply", s.reply, "The subject that answers go to", "SUBJECT");
    add_positive(*command, "--count", s.count, "How many messages");
    add_duration(*command, "--sleep", s.sleep, "The pause between two of them");
    add_choice<bool>(*command, "--send-on", s.by_line, {{"eof", false}, {"newline", true}},
                     "it takes eof or newline", "What ends a message of stdin: eof or newline");
    command->add_flag("-q,--quiet", s.quiet, "Say nothing but errors");
}

void add_sub(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<sub_settings>(app, line, command, "sub", "subscribe",
                                     "Print the messages of subjects");
    command->add_option("subjects", s.subjects, "The subjects")->required();
    add_text(*command, "--queue", s.queue, "Share the messages with a queue group", "GROUP");
    add_count(*command, "--count", s.count, "End after so many messages");
    add_duration(*command, "--wait", s.wait, "End after so long without a message");
    add_raw(*command, s.raw, s.between);
    command->add_flag("--headers-only", s.headers_only, "Print no payload");
}

void add_req(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<req_settings>(app, line, command, "req", "request",
                                     "Send a request and print the replies");
    add_message(*command, s.message, "The payload; without it, all of stdin");
    add_positive(*command, "--count", s.count, "How many requests, one after the other");
    add_count(*command, "--replies", s.replies,
              "How many replies to wait for; 0: all that come until the timeout");
    add_duration(*command, "--reply-timeout", s.reply_timeout,
                 "The longest silence between two replies, 300ms");
    command->add_flag("--wait-for-empty", s.until_empty, "An empty reply is the last one");
    add_raw(*command, s.raw, s.between);
}

void add_reply(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<reply_settings>(app, line, command, "reply", nullptr,
                                       "Answer requests, until Ctrl-C");
    s.queue = "NATS-RPLY-22"; // that of the nats command line, so that both share the requests
    add_message(*command, s.message, "What to answer; {{Request}} is the request's payload");
    add_text(*command, "-q,--queue", s.queue, "The queue group, NATS-RPLY-22", "GROUP");
    command->add_flag("--echo", s.echo, "Answer with what was asked, headers included");
    add_count(*command, "--count", s.count, "End after so many requests");
    command->add_flag("--quiet", s.quiet, "Do not print the requests");
}

void add_rtt(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<rtt_settings>(app, line, command, "rtt", nullptr,
                                     "Measure the round trip to each server");
    add_positive(*command, "iterations,--count", s.count, "How many round trips, 5");
    command->add_flag("-j,--json", s.json, "Print JSON");
}

void add_info(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<info_settings>(app, line, command, "info", nullptr,
                                      "Tell about server, connection, limits and authentication");
    command->add_flag("-j,--json", s.json, "Print JSON");
}

void add_bench(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<bench_settings>(app, line, command, "bench", nullptr,
                                       "Measure publishing, receiving or requests");
    const auto kind = [](const std::string& text) -> std::optional<std::string> {
        if (text != "pub" && text != "sub" && text != "pubsub" && text != "request")
            return {};
        return text;
    };
    add_parsed(*command, "kind", s.kind, kind, "it takes pub, sub, pubsub or request",
               "pub, sub (what others publish), pubsub or request", "KIND")
        ->required();
    command->add_option("subject", s.subject, "The subject")->required();
    add_positive(*command, "--msgs", s.msgs, "How many messages, 100000");
    add_size(*command, "--size", s.size, "Bytes of a payload, 128");
    add_positive(*command, "--clients", s.clients, "How many connections, 1");
    command->add_flag_callback(
        "--no-progress", [&s] { s.progress = false; }, "Do not show how far it is");
    command->add_flag("-j,--json", s.json, "Print the result as a line of JSON");
}

void add_doctor(CLI::App& app, command_line& line) {
    CLI::App* command = nullptr;
    auto& s = add_verb<doctor_settings>(app, line, command, "doctor", nullptr,
                                        "Find out what is wrong with a server or the way to it");
    add_positive(*command, "--count", s.count, "How many round trips, 5");
    add_duration(*command, "--slow", s.slow, "A median round trip above it is a warning, 100ms");
    add_duration(*command, "--expiry", s.expiry,
                 "A certificate that does not last so long is a warning, 14d");
    add_text(*command, "--subject", s.subject,
             "Subscribe and publish to it, once, instead of to an inbox", "SUBJECT");
    command->add_flag("--strict", s.strict, "A warning counts as a failure");
    command->add_flag("-j,--json", s.json, "Print JSON");
}

/// What is wrong, without values: only names of options, which begin with '-'.
std::string fault_of(const CLI::ParseError& e, const CLI::App& app) {
    if (app.get_subcommands().empty()) {
        std::string text = "it takes a command: one of";
        for (const CLI::App* const command : app.get_subcommands(nullptr))
            text += (text.ends_with("of") ? " " : ", ") + command->get_name();
        return text;
    }
    if (dynamic_cast<const CLI::ExtrasError*>(&e) == nullptr)
        return e.what();
    for (const std::string& word : app.remaining(true))
        if (word.starts_with('-') && word != "--")
            return "there is no option " + printable(word.substr(0, word.find('=')), false);
    return "there are more words than the command takes";
}

} // namespace

command_line parse_command_line(int count, const char* const* arguments) {
    command_line line;
    CLI::App app("Publishes, subscribes, requests and replies on NATS, and measures it.", "conats");
    app.set_version_flag("--version", std::string("conats ") + CONATS_VERSION_STRING);
    app.footer(exit_codes_help);
    app.require_subcommand(1);
    app.fallthrough();
    app.get_formatter()->column_width(32);
    add_connection(app, line.connection);
    for (const auto add :
         {add_pub, add_sub, add_req, add_reply, add_rtt, add_info, add_bench, add_doctor})
        add(app, line);
    try {
        app.parse(count, arguments);
    } catch (const CLI::Success& e) {
        std::ostringstream text;
        app.exit(e, text, text);
        line.text = text.str();
        line.verb.reset();
    } catch (const CLI::ParseError& e) {
        line.text = fault_of(e, app) + "; see --help";
        line.code = bad_usage;
        line.verb.reset();
    }
    return line;
}

} // namespace tool
