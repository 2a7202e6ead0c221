// SPDX-License-Identifier: Apache-2.0
#include "values/subject_rules.hpp"

#include <conats/connect_options.hpp>

#include <ostream>

namespace conats {
inline namespace v0 {

auth_request::auth_request() = default;
auth_request::auth_request(const auth_request&) = default;
auth_request::auth_request(auth_request&&) noexcept = default;
auth_request& auth_request::operator=(const auth_request&) = default;
auth_request& auth_request::operator=(auth_request&&) noexcept = default;
auth_request::~auth_request() = default;

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

connect_options& connect_options::max_pings_outstanding(std::size_t n) {
    max_pings_outstanding_ = n;
    return *this;
}

namespace {

error invalid(std::string text) {
    return error(errc::invalid_options, std::move(text));
}

error check_authentication(const connect_options& o) {
    const bool token = !o.token().empty();
    const bool user = !o.user().empty();
    const bool provider = static_cast<bool>(o.token_provider());
    if (token && provider)
        return invalid("token and token_provider exclude each other");
    if (token && user)
        return invalid("token and user exclude each other");
    if (provider && user)
        return invalid("token_provider and user exclude each other");
    if (!o.password().empty() && !user)
        return invalid("password is set without user");
    return error();
}

error check_durations(const connect_options& o) {
    const auto positive = [](const char* name, std::chrono::nanoseconds t) {
        return t.count() > 0 ? error() : invalid(std::string(name) + " is not positive");
    };
    for (error e : {positive("connect_timeout", o.connect_timeout()),
                    positive("request_timeout", o.request_timeout()),
                    positive("write_timeout", o.write_timeout()),
                    positive("drain_timeout", o.drain_timeout()),
                    positive("close_timeout", o.close_timeout())})
        if (e)
            return e;
    return o.ping_interval().count() < 0 ? invalid("ping_interval is negative") : error();
}

error check_sizes(const connect_options& o) {
    if (o.high_water_mark() < (std::size_t{32} << 10U))
        return invalid("high_water_mark is below 32 KiB");
    if (o.max_control_line() < 128)
        return invalid("max_control_line is below 128 bytes");
    if (o.max_inbound_payload() == 0 || o.max_inbound_payload() > (std::size_t{1} << 30U))
        return invalid("max_inbound_payload is 0 or above 1 GiB");
    if (o.max_pings_outstanding() == 0)
        return invalid("max_pings_outstanding is 0");
    return error();
}

} // namespace

error connect_options::validate() const {
    if (error e = check_authentication(*this))
        return e;
    if (error e = tls_ ? tls_->validate() : error())
        return e;
    if (error e = check_durations(*this))
        return e;
    if (error e = check_sizes(*this))
        return e;
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
    const auto set = [](const auto& option) { return option ? "***" : "(not set)"; };
    os << "connect_options{servers: " << o.servers().size() << ", name: '" << o.name()
       << "', token: " << set(!o.token().empty())
       << ", token_provider: " << set(static_cast<bool>(o.token_provider()))
       << ", user: " << set(!o.user().empty()) << ", password: " << set(!o.password().empty());
    os << ", tls: ";
    if (o.tls())
        os << *o.tls();
    else
        os << "(not set)";
    return os << ", inbox_prefix: '" << o.inbox_prefix() << "'}";
}

} // namespace v0
} // namespace conats
