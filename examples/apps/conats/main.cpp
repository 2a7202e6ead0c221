// SPDX-License-Identifier: Apache-2.0

// conats COMMAND [OPTION...]: NATS from the command line.

#include "command_line.hpp"
#include "connection.hpp"
#include "doctor.hpp"
#include "exit_code.hpp"
#include "interrupts.hpp"
#include "output.hpp"
#include "verbs.hpp"

#include <conats/observability.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>
#include <variant>

namespace tool {

namespace {

namespace asio = boost::asio;

/// Calls the function of each subcommand.
struct dispatcher {
    conats::connect_options& options;
    output& out;
    interrupts& signals;
    asio::io_context& context;

    asio::awaitable<int> operator()(const pub_settings& s) const {
        return pub(std::move(options), s, out, signals);
    }
    asio::awaitable<int> operator()(const sub_settings& s) const {
        return sub(std::move(options), s, out, signals);
    }
    asio::awaitable<int> operator()(const req_settings& s) const {
        return req(std::move(options), s, out);
    }
    asio::awaitable<int> operator()(const reply_settings& s) const {
        return reply(std::move(options), s, out, signals);
    }
    asio::awaitable<int> operator()(const rtt_settings& s) const {
        return rtt(std::move(options), s, out);
    }
    asio::awaitable<int> operator()(const info_settings& s) const {
        return info(std::move(options), s, out);
    }
    asio::awaitable<int> operator()(const bench_settings& s) const {
        return bench(std::move(options), s, out, signals, context);
    }
    asio::awaitable<int> operator()(const doctor_settings& s) const {
        return doctor(std::move(options), s, out);
    }
};

void show_protocol(conats::connect_options& options, output& out) {
    options.wire_trace([&out](const conats::wire_operation& operation) {
        std::ostringstream line;
        line << operation;
        out.note(line.str());
    });
}

int run(command_line& line, output& out, const environment& env) {
    conats::connect_options options = resolve(line.connection, env);
    if (line.connection.trace)
        show_protocol(options, out);
    prepare(*line.verb, out);
    asio::cancellation_signal cancel;
    asio::io_context context(1);
    interrupts signals(context, [&] { cancel.emit(asio::cancellation_type::terminal); });
    std::optional<int> code;
    const auto on_end = [&](const std::exception_ptr& thrown, int result) {
        signals.stop();
        code = result;
        if (thrown)
            std::rethrow_exception(thrown);
    };
    asio::co_spawn(context, std::visit(dispatcher{options, out, signals, context}, *line.verb),
                   asio::bind_cancellation_slot(cancel.slot(), on_end));
    try {
        context.run();
    } catch (const boost::system::system_error& e) {
        if (signals.seen() && e.code() == asio::error::operation_aborted)
            return signals.code();
        throw;
    }
    return code.value_or(signals.code());
}

int end_with(output& out, int code, const std::string& what) {
    out.error(what);
    return code;
}

int main(int count, const char* const* arguments) {
    std::signal(SIGPIPE, SIG_IGN);
    const environment env = [](const char* name) { return std::getenv(name); };
    output out(STDOUT_FILENO, STDERR_FILENO, env);
    try {
        command_line line = parse_command_line(count, arguments);
        if (line.verb)
            return run(line, out, env);
        if (line.code != done)
            return end_with(out, line.code, line.text);
        out.print(line.text);
        out.flush();
        return done;
    } catch (const reader_gone&) {
        return done;
    } catch (const failure& e) {
        return end_with(out, e.code(), e.what());
    } catch (const conats::system_error& e) {
        return end_with(out, code_of(e.details()), advise(e.details()));
    } catch (const std::exception& e) {
        return end_with(out, failed, e.what());
    }
}

} // namespace
} // namespace tool

int main(int count, char** arguments) {
    return tool::main(count, arguments);
}
