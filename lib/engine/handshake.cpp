// SPDX-License-Identifier: Apache-2.0
#include "engine/handshake.hpp"

#include "protocol/server_errors.hpp"
#include "values/secret_access.hpp"

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::string_view ping_line = "PING\r\n";

error unexpected(std::string_view what) {
    return {errc::protocol_error, "unexpected in the handshake: " + std::string(what)};
}

std::string_view name_of(operation_kind kind) {
    switch (kind) {
    case operation_kind::info: return "INFO";
    case operation_kind::msg: return "MSG";
    case operation_kind::ping: return "PING";
    case operation_kind::pong: return "PONG";
    case operation_kind::ok: return "+OK";
    case operation_kind::err: return "-ERR";
    }
    return "an unknown operation";
}

secret followed_by(const secret& line, std::string_view tail) {
    const auto text = line.reveal();
    secret out = secret_access::allocate(text.size() + tail.size());
    char* const end = std::copy(text.begin(), text.end(), secret_access::data(out));
    std::copy(tail.begin(), tail.end(), end);
    return out;
}

} // namespace

handshake::handshake(handshake_options options) : options_(std::move(options)) {}

handshake_action handshake::on_operation(operation_kind kind, const char* text, std::size_t size) {
    if (phase_ == phase::done) {
        return failure_ ? handshake_action::failed : handshake_action::connected;
    }
    if (kind == operation_kind::info) {
        return on_info(text, size);
    }
    if (kind == operation_kind::err) {
        return on_error({text, size});
    }
    if (phase_ == phase::expects_info) {
        return fail(unexpected(std::string(name_of(kind)) + " before INFO"));
    }
    switch (kind) {
    case operation_kind::ping: return handshake_action::send_pong;
    case operation_kind::pong: return on_pong();
    case operation_kind::ok: return handshake_action::need_more;
    default: return fail(unexpected(name_of(kind)));
    }
}

handshake_action handshake::on_info(const char* text, std::size_t size) {
    if (auto e = parser_.parse(text, size, info_)) {
        return fail(std::move(e));
    }
    return phase_ == phase::expects_info ? on_first_info() : handshake_action::need_more;
}

// What follows would go out unencrypted, or not as asked for, so it is decided here.
handshake_action handshake::on_first_info() {
    const bool is_offered = info_.tls_required || info_.tls_available;
    if (options_.wants_tls && !options_.is_encrypted && !is_offered) {
        return fail({errc::tls_not_offered, "TLS is asked for and the server does not offer it"});
    }
    if (!options_.echo && info_.proto < 1) {
        return fail({errc::feature_not_supported, "echo(false): the server's protocol level is " +
                                                      std::to_string(info_.proto) +
                                                      ", not 1 or more"});
    }
    // A server that only offers TLS is not asked for it unless we are.
    if (!options_.is_encrypted && (info_.tls_required || options_.wants_tls)) {
        phase_ = phase::expects_tls;
        return handshake_action::upgrade_tls;
    }
    phase_ = phase::expects_connect;
    return handshake_action::send_connect;
}

handshake_action handshake::on_upgraded() noexcept {
    phase_ = phase::expects_connect;
    return handshake_action::send_connect;
}

// Not even an -ERR is believed: whoever sits in between could have sent it. It is shown, since
// servers without room for another connection do say so there.
handshake_action handshake::on_unencrypted(std::string_view bytes) {
    std::string text(bytes.substr(0, 80));
    std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '.');
    return fail({errc::tls_handshake_failed,
                 "the server sent unencrypted text where TLS had to begin: \"" + text + '"'});
}

handshake_action handshake::on_tls_failed(std::string_view why) {
    return fail_unless_told({errc::tls_handshake_failed, std::string(why)});
}

// nats-server closes after each -ERR it sends before the PONG. One that is not known to be fatal
// is kept nonetheless, to explain the close if there is one.
handshake_action handshake::on_error(std::string_view text) {
    const auto failure = classify(text);
    error e(failure.code, told_text(text));
    if (failure.fatal) {
        return fail(std::move(e));
    }
    told_ = std::move(e);
    return handshake_action::need_more;
}

handshake_action handshake::on_pong() {
    if (phase_ != phase::expects_pong) {
        return fail(unexpected("PONG before PING"));
    }
    phase_ = phase::done;
    return handshake_action::connected;
}

handshake_action handshake::on_closed(std::string_view why) {
    std::string text = "the connection was closed ";
    if (phase_ != phase::expects_info) {
        text += "before the server's answer to CONNECT";
    } else if (options_.wants_tls && !options_.is_encrypted) {
        text += "before INFO; does the server want handshake_first?";
    } else {
        text += "before INFO; is it a NATS server's client port?";
    }
    if (!why.empty()) {
        text.append(" (").append(why).append(")");
    }
    return fail_unless_told({errc::disconnected, std::move(text)});
}

handshake_action handshake::on_timeout() {
    switch (phase_) {
    case phase::expects_info:
        return fail_unless_told({errc::timeout, options_.wants_tls && !options_.is_encrypted
                                                    ? "no INFO within the connect timeout; does "
                                                      "the server want handshake_first?"
                                                    : "no INFO within the connect timeout; is it "
                                                      "a NATS server's client port?"});
    case phase::expects_connect:
        return fail_unless_told({errc::timeout, "no credentials within the connect timeout"});
    default:
        return fail_unless_told({errc::timeout, "no answer to CONNECT within the connect timeout"});
    }
}

handshake_action handshake::fail_unless_told(error e) {
    if (phase_ == phase::done && failure_) {
        return handshake_action::failed;
    }
    return fail(told_ ? std::move(told_) : std::move(e));
}

handshake_action handshake::fail(error e) {
    failure_ = std::move(e);
    phase_ = phase::done;
    return handshake_action::failed;
}

error handshake::make_connect(const credentials& who, secret& out, std::size_t max_control_line) {
    secret line;
    if (auto e = encode_connect(make_connect_fields(options_, info_, who), line)) {
        return e;
    }
    if (auto e = check_connect_size(connect_line_size(line), max_control_line)) {
        return e;
    }
    out = followed_by(line, ping_line);
    phase_ = phase::expects_pong;
    return {};
}

std::string handshake::redacted_connect(const credentials& who) const {
    connect_fields fields = make_connect_fields(options_, info_, who);
    for (std::string_view* hidden :
         {&fields.auth_token, &fields.user, &fields.pass, &fields.jwt, &fields.sig})
        if (!hidden->empty())
            *hidden = "***";
    secret line;
    if (encode_connect(fields, line))
        return "CONNECT";
    return std::string(line.reveal().substr(0, line.reveal().find('\r')));
}

connect_fields make_connect_fields(const handshake_options& options, const server_info& info,
                                   const credentials& who) {
    connect_fields fields;
    fields.verbose = options.verbose;
    fields.pedantic = options.pedantic;
    fields.echo = options.echo;
    fields.tls_required = options.wants_tls;
    // A server without headers closes over this one.
    fields.no_responders = options.no_responders && info.headers;
    fields.name = options.name;
    fields.auth_token = who.token().reveal();
    fields.has_user = who.type() == credentials::kind::user;
    fields.user = who.user().reveal();
    fields.pass = who.password().reveal();
    fields.jwt = who.jwt().reveal();
    fields.nkey = who.nkey();
    fields.sig = who.signature();
    return fields;
}

error check_connect_size(std::size_t size, std::size_t max_control_line) {
    if (size <= max_control_line) {
        return {};
    }
    return {errc::connect_too_large,
            "CONNECT takes " + std::to_string(size) + " bytes, the server's control line " +
                std::to_string(max_control_line) + "; shorten the name or the credentials"};
}

} // namespace impl
} // namespace v0
} // namespace conats
