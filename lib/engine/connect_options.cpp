// SPDX-License-Identifier: Apache-2.0
#include "engine/auth_options.hpp"
#include "engine/dial_settings.hpp"
#include "support/duration_text.hpp"
#include "transport/transport_parts.hpp"
#include "values/subject_rules.hpp"

#include <conats/connect_options.hpp>
#include <conats/log.hpp>

#include <array>
#include <ostream>

namespace conats {
inline namespace v0 {

connect_options::connect_options() = default;
connect_options::connect_options(std::string_view list) {
    servers_.emplace_back(list);
}
connect_options::connect_options(const char* list) : connect_options(std::string_view(list)) {}
connect_options::connect_options(const std::string& list)
    : connect_options(std::string_view(list)) {}
connect_options::connect_options(const connect_options&) = default;
connect_options::connect_options(connect_options&&) noexcept = default;
connect_options& connect_options::operator=(const connect_options&) = default;
connect_options& connect_options::operator=(connect_options&&) noexcept = default;
connect_options::~connect_options() = default;

connect_options& connect_options::servers(std::string_view list) {
    servers_.clear();
    return add_server(list);
}

connect_options& connect_options::servers(const std::vector<std::string>& list) {
    servers_.clear();
    for (const std::string& s : list)
        add_server(s);
    return *this;
}

connect_options& connect_options::add_server(std::string_view address) {
    servers_.emplace_back(address);
    return *this;
}

connect_options& connect_options::retain_order(bool on) {
    retain_order_ = on;
    return *this;
}

connect_options& connect_options::resolver(resolver_function f) {
    resolver_ = std::move(f);
    return *this;
}

connect_options& connect_options::ip_order(conats::ip_order order) {
    ip_order_ = order;
    return *this;
}

connect_options& connect_options::local_address(std::string_view address) {
    local_address_ = address;
    return *this;
}

connect_options& connect_options::no_delay(bool on) {
    no_delay_ = on;
    return *this;
}

connect_options& connect_options::keep_alive(bool on) {
    keep_alive_ = on;
    return *this;
}

connect_options& connect_options::send_buffer_size(std::size_t bytes) {
    send_buffer_size_ = bytes;
    return *this;
}

connect_options& connect_options::receive_buffer_size(std::size_t bytes) {
    receive_buffer_size_ = bytes;
    return *this;
}

connect_options& connect_options::socket_hook(socket_hook_function f) {
    socket_hook_ = std::move(f);
    return *this;
}

connect_options& connect_options::proxy(secret url) {
    proxy_ = std::move(url);
    return *this;
}

connect_options& connect_options::transport(conats::transport t) {
    transport_ = std::move(t);
    return *this;
}

connect_options& connect_options::token(secret t) {
    token_ = std::move(t);
    return *this;
}

connect_options& connect_options::token_provider(token_provider_function f) {
    token_provider_ = std::move(f);
    return *this;
}

connect_options& connect_options::user(secret name) {
    user_ = std::move(name);
    return *this;
}

connect_options& connect_options::password(secret p) {
    password_ = std::move(p);
    return *this;
}

connect_options& connect_options::user_provider(user_provider_function f) {
    user_provider_ = std::move(f);
    return *this;
}

connect_options& connect_options::nkey_seed(secret seed) {
    nkey_seed_ = std::move(seed);
    return *this;
}

connect_options& connect_options::nkey_file(std::string_view path) {
    nkey_file_ = path;
    return *this;
}

connect_options& connect_options::nkey(std::string_view public_key, nkey_signer_function signer) {
    nkey_ = public_key;
    nkey_signer_ = std::move(signer);
    return *this;
}

connect_options& connect_options::jwt(secret token, secret seed) {
    return jwt(user_jwt(std::move(token), std::move(seed)));
}

connect_options& connect_options::jwt(user_jwt token) {
    jwt_ = std::move(token);
    return *this;
}

connect_options& connect_options::jwt_provider(jwt_provider_function f) {
    jwt_provider_ = std::move(f);
    return *this;
}

connect_options& connect_options::credentials_file(std::string_view path) {
    return credentials_files(path, {});
}

connect_options& connect_options::credentials_files(std::string_view jwt_path,
                                                    std::string_view seed_path) {
    credentials_file_ = jwt_path;
    seed_file_ = seed_path;
    return *this;
}

connect_options& connect_options::credentials(secret text) {
    credentials_ = std::move(text);
    return *this;
}

connect_options& connect_options::tls(tls_options o) {
    tls_ = std::move(o);
    return *this;
}

connect_options& connect_options::name(std::string_view n) {
    name_ = n;
    return *this;
}

connect_options& connect_options::echo(bool on) {
    echo_ = on;
    return *this;
}

connect_options& connect_options::verbose(bool on) {
    verbose_ = on;
    return *this;
}

connect_options& connect_options::pedantic(bool on) {
    pedantic_ = on;
    return *this;
}

connect_options& connect_options::no_responders(bool on) {
    no_responders_ = on;
    return *this;
}

connect_options& connect_options::high_water_mark(std::size_t bytes) {
    high_water_mark_ = bytes;
    return *this;
}

connect_options& connect_options::allow_empty_tokens(bool on) {
    allow_empty_tokens_ = on;
    return *this;
}

connect_options& connect_options::record_latency(bool on) {
    record_latency_ = on;
    return *this;
}

connect_options& connect_options::send_now(bool on) {
    send_now_ = on;
    return *this;
}

connect_options& connect_options::max_control_line(std::size_t bytes) {
    max_control_line_ = bytes;
    return *this;
}

connect_options& connect_options::max_inbound_payload(std::size_t bytes) {
    max_inbound_payload_ = bytes;
    return *this;
}

connect_options& connect_options::inbox_prefix(std::string_view prefix) {
    inbox_prefix_ = prefix;
    return *this;
}

connect_options& connect_options::unique_inboxes(bool on) {
    unique_inboxes_ = on;
    return *this;
}

connect_options& connect_options::log(log_level threshold, conats::log_sink sink) {
    log_threshold_ = threshold;
    log_sink_ = std::move(sink);
    return *this;
}

connect_options& connect_options::on_attempt(attempt_hook_function f) {
    on_attempt_ = std::move(f);
    return *this;
}

connect_options& connect_options::wire_trace(wire_trace_function f) {
    wire_trace_ = std::move(f);
    return *this;
}

connect_options& connect_options::publish_hook(publish_hook_function f) {
    publish_hook_ = std::move(f);
    return *this;
}

connect_options& connect_options::delivery_hook(delivery_hook_function f) {
    delivery_hook_ = std::move(f);
    return *this;
}

connect_options& connect_options::max_pings_outstanding(std::size_t n) {
    max_pings_outstanding_ = n;
    return *this;
}

connect_options& connect_options::max_reconnects(int n) {
    max_reconnects_ = n;
    return *this;
}

connect_options& connect_options::reconnect_delay(reconnect_delay_function f) {
    reconnect_delay_ = std::move(f);
    return *this;
}

connect_options& connect_options::server_chooser(conats::server_chooser f) {
    server_chooser_ = std::move(f);
    return *this;
}

connect_options& connect_options::retry_on_failed_connect(bool on) {
    retry_first_connect_ = on;
    return *this;
}

connect_options& connect_options::ignore_auth_errors(bool on) {
    ignore_auth_errors_ = on;
    return *this;
}

connect_options& connect_options::ignore_discovered_servers(bool on) {
    ignore_discovered_servers_ = on;
    return *this;
}

connect_options& connect_options::when_lame_duck(lame_duck_policy p) {
    when_lame_duck_ = p;
    return *this;
}

connect_options& connect_options::when_offline(offline_policy p) {
    when_offline_ = p;
    return *this;
}

connect_options& connect_options::reconnect_buffer(std::size_t bytes) {
    reconnect_buffer_ = bytes;
    return *this;
}

namespace {

error invalid_options(std::string text) {
    return error(errc::invalid_options, std::move(text));
}

error bad_size(const char* option, std::size_t bytes, const char* possible) {
    return invalid_options(std::string(option) + " is " + std::to_string(bytes) +
                           " bytes; possible is " + possible);
}

error check_durations(const connect_options& o) {
    const auto not_negative = [](const char* name, std::chrono::nanoseconds t) {
        return t.count() >= 0 ? std::string()
                              : name + (" is " + impl::duration_text(t)) + ", a negative time";
    };
    for (std::string& fault :
         std::array{impl::timeout_fault("connect_timeout", o.connect_timeout()),
                    impl::timeout_fault("request_timeout", o.request_timeout()),
                    impl::timeout_fault("write_timeout", o.write_timeout()),
                    impl::timeout_fault("drain_timeout", o.drain_timeout()),
                    impl::timeout_fault("close_timeout", o.close_timeout()),
                    impl::timeout_fault("offline_timeout", o.offline_timeout()),
                    not_negative("reconnect_wait", o.reconnect_wait()),
                    not_negative("reconnect_jitter", o.reconnect_jitter()),
                    not_negative("ping_interval", o.ping_interval())})
        if (!fault.empty())
            return invalid_options(std::move(fault));
    return error();
}

error check_reconnecting(const connect_options& o) {
    if (o.retry_on_failed_connect() && o.max_reconnects() == 0)
        return invalid_options("retry_on_failed_connect and max_reconnects(0) exclude each other");
    if (o.when_offline() == offline_policy::wait && o.reconnect_buffer() == 0)
        return invalid_options(
            "offline_policy::wait and reconnect_buffer(0) exclude each other: what "
            "waits lies in the buffer");
    return error();
}

error check_dialling(const connect_options& o) {
    constexpr std::size_t max_buffer = std::size_t{1} << 30U;
    if (o.send_buffer_size() > max_buffer)
        return bad_size("send_buffer_size", o.send_buffer_size(), "at most 1 GiB");
    if (o.receive_buffer_size() > max_buffer)
        return bad_size("receive_buffer_size", o.receive_buffer_size(), "at most 1 GiB");
    const bool has_factory = impl::transport_access::factory(o.transport()) != nullptr;
    if (has_factory && !o.proxy().empty())
        return invalid_options(
            "proxy and a transport that makes its own streams exclude each other");
    if (has_factory && !o.local_address().empty())
        return invalid_options(
            "local_address and a transport that makes its own streams exclude each "
            "other");
    if (const auto* layer = impl::transport_access::layer(o.transport()))
        if (error e = layer->validate())
            return e;
    impl::dial_options parsed;
    return impl::make_dial_options(o, parsed);
}

error check_sizes(const connect_options& o) {
    if (o.high_water_mark() < (std::size_t{32} << 10U))
        return bad_size("high_water_mark", o.high_water_mark(), "at least 32 KiB");
    if (o.max_control_line() < 128)
        return bad_size("max_control_line", o.max_control_line(), "at least 128");
    if (o.max_inbound_payload() == 0 || o.max_inbound_payload() > (std::size_t{1} << 30U))
        return bad_size("max_inbound_payload", o.max_inbound_payload(), "1 to 1 GiB");
    if (o.max_pings_outstanding() == 0)
        return invalid_options(
            "max_pings_outstanding is 0; to send no PINGs set ping_interval to zero");
    return error();
}

} // namespace

error connect_options::validate() const {
    if (error e = impl::check_authentication(*this))
        return e;
    if (error e = tls_ ? tls_->validate() : error())
        return e;
    if (error e = check_durations(*this))
        return e;
    if (error e = check_reconnecting(*this))
        return e;
    if (error e = check_sizes(*this))
        return e;
    if (error e = check_dialling(*this))
        return e;
    if (log_threshold_ != log_level::off && !log_sink_)
        return invalid_options("log: the level is " + std::string(to_string(log_threshold_)) +
                               ", and there is no function to tell");
    if (const auto fault = impl::check_inbox_prefix(inbox_prefix_);
        fault != impl::subject_fault::none)
        return impl::describe(fault, impl::subject_role::inbox_prefix, inbox_prefix_);
    // The rest of a SUB: the unique part, '*', the sid and the words between.
    constexpr std::size_t rest_of_line = 64;
    if (inbox_prefix_.size() + rest_of_line > max_control_line_)
        return error(errc::invalid_options, "inbox_prefix: with its " +
                                                std::to_string(inbox_prefix_.size()) +
                                                " bytes no inbox fits into max_control_line");
    return error();
}

std::ostream& operator<<(std::ostream& os, const connect_options& o) {
    os << "connect_options{servers: " << o.servers().size() << ", name: '" << o.name() << '\'';
    impl::print_authentication(os, o);
    if (!o.proxy().empty()) {
        impl::proxy_address proxy;
        const bool is_wrong =
            static_cast<bool>(impl::parse_proxy_address(o.proxy().reveal(), proxy));
        os << ", proxy: " << (is_wrong ? "(malformed)" : proxy.redacted());
    }
    os << ", tls: ";
    if (o.tls())
        os << *o.tls();
    else
        os << "(not set)";
    return os << ", inbox_prefix: '" << o.inbox_prefix() << "'}";
}

} // namespace v0
} // namespace conats
