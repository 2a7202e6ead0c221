// SPDX-License-Identifier: Apache-2.0
#include "mapping.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace gateway {

namespace {

using boost::beast::iequals;

constexpr std::array methods = {http::verb::get, http::verb::post, http::verb::put,
                                http::verb::patch, http::verb::delete_};

constexpr std::array<std::string_view, 9> of_the_connection = {
    "Connection",        "Content-Length", "Keep-Alive", "Proxy-Authenticate", "Te", "Trailer",
    "Transfer-Encoding", "Upgrade",        "Host"};

bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

bool is_token_character(char c) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != others.npos;
}

/// A path's segment, decoded, as a token of a subject.
void check_segment(const std::string& segment) {
    if (segment.empty())
        throw refusal(http::status::bad_request, "a segment of the path is empty");
    for (const char c : segment)
        if (c == '.' || c == '*' || c == '>' || c == ' ' || is_control(c))
            throw refusal(http::status::bad_request,
                          "a segment of the path holds '.', '*', '>', a blank or a control "
                          "character");
}

response plain_text(http::status status, std::string text) {
    response r;
    r.result(status);
    r.set(http::field::content_type, "text/plain; charset=utf-8");
    r.body() = std::move(text) + '\n';
    return r;
}

/// The status that a service's error headers (ADR-32) tell; 200 where there are none.
unsigned status_of(conats::headers_view headers) noexcept {
    const auto code = headers.get("Nats-Service-Error-Code");
    if (!code)
        return 200;
    unsigned status = 0;
    const char* const end = code->data() + code->size();
    const auto parsed = std::from_chars(code->data(), end, status);
    const bool is_error = parsed.ptr == end && status >= 400 && status <= 599;
    return is_error ? status : 502;
}

} // namespace

std::string subject_of(std::string_view prefix, http::verb method, std::string_view target) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
        throw refusal(http::status::method_not_allowed,
                      "only GET, POST, PUT, PATCH and DELETE are passed on");
    const auto url = boost::urls::parse_origin_form({target.data(), target.size()});
    if (!url)
        throw refusal(http::status::bad_request, "the path is malformed");
    std::string subject(prefix);
    subject.append(".").append(http::to_string(method));
    for (const std::string& segment : url->segments()) {
        check_segment(segment);
        subject.append(".").append(segment);
    }
    return subject;
}

bool may_pass(std::string_view name) noexcept {
    const auto is_name = [name](std::string_view other) { return iequals(name, other); };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_token_character) &&
           !iequals(name.substr(0, 5), "Nats-") &&
           std::none_of(of_the_connection.begin(), of_the_connection.end(), is_name);
}

conats::headers headers_of(const request& from, const std::vector<std::string>& allowed) {
    conats::headers result;
    for (const std::string& name : allowed) {
        const auto range = from.equal_range(name);
        for (auto field = range.first; field != range.second; ++field)
            result.add(name, {field->value().data(), field->value().size()});
    }
    const std::string_view target(from.target().data(), from.target().size());
    if (const auto mark = target.find('?'); mark != target.npos)
        result.add("Http-Query", target.substr(mark + 1));
    return result;
}

response response_to(const conats::message& reply) {
    response r;
    r.result(status_of(reply.headers()));
    for (const auto& [name, value] : reply.headers())
        if (may_pass(name) && std::none_of(value.begin(), value.end(), is_control))
            r.insert({name.data(), name.size()}, {value.data(), value.size()});
    r.body() = reply.text();
    if (const auto words = reply.headers().get("Nats-Service-Error"); words && r.body().empty()) {
        r.set(http::field::content_type, "text/plain; charset=utf-8");
        r.body().append(*words).append("\n");
    }
    return r;
}

response response_to(const conats::error& e) {
    if (e == conats::errc::no_responders)
        return plain_text(http::status::service_unavailable, "nobody answers such requests");
    if (e == conats::condition::timeout)
        return plain_text(http::status::gateway_timeout, "no answer in time");
    if (e == conats::errc::payload_too_large)
        return plain_text(http::status::payload_too_large, "the body is too large");
    if (e == conats::errc::control_line_too_long)
        return plain_text(http::status::uri_too_long, "the path is too long");
    if (e == conats::condition::permission)
        return plain_text(http::status::forbidden, "not permitted");
    if (e == conats::condition::invalid_use)
        return plain_text(http::status::bad_request, e.text());
    if (e == conats::condition::disconnected || e == conats::condition::closed ||
        e == conats::errc::outbox_full) {
        response r = plain_text(http::status::service_unavailable, "out of reach just now");
        r.set(http::field::retry_after, "1");
        return r;
    }
    return plain_text(http::status::bad_gateway, "the request failed");
}

response response_to(const refusal& why) {
    response r = plain_text(why.status(), why.what());
    if (why.status() == http::status::method_not_allowed)
        r.set(http::field::allow, "GET, POST, PUT, PATCH, DELETE");
    return r;
}

} // namespace gateway
