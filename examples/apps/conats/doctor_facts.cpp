// SPDX-License-Identifier: Apache-2.0
#include "doctor_facts.hpp"

#include "text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace tool {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

/// Empty where it is no object.
json::object parse_object(std::string_view text) {
    boost::system::error_code fault;
    json::value v = json::parse(text, fault);
    if (fault || !v.is_object())
        return {};
    return std::move(v.get_object());
}

json::object object_behind(std::string_view line, std::string_view verb) {
    if (!line.starts_with(verb))
        return {};
    return parse_object(trimmed(line.substr(verb.size())));
}

std::string text_in(const json::object& o, std::string_view name) {
    const json::value* const v = o.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

bool flag_in(const json::object& o, std::string_view name) {
    const json::value* const v = o.if_contains(name);
    return v != nullptr && v->is_bool() && v->get_bool();
}

/// 0 where it is none, or negative.
std::uint64_t number_in(const json::object& o, std::string_view name) {
    const json::value* const v = o.if_contains(name);
    boost::system::error_code fault;
    const auto n = v != nullptr ? v->to_number<std::int64_t>(fault) : 0;
    return fault || n < 0 ? 0 : static_cast<std::uint64_t>(n);
}

std::string_view first_line(std::string_view bytes) {
    return trimmed(bytes.substr(0, std::min(bytes.find('\n'), std::size_t{120})));
}

/// Of base64url without padding; as much as is well-formed.
std::string decode_base64url(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const std::size_t value = alphabet.find(c);
        if (value == alphabet.npos)
            break;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xffU);
    }
    return bytes;
}

} // namespace

std::optional<conats::server_info> read_info(std::string_view line) {
    const json::object o = object_behind(line, "INFO ");
    if (o.empty())
        return std::nullopt;
    conats::server_info i;
    i.server_id = text_in(o, "server_id");
    i.server_name = text_in(o, "server_name");
    i.version = text_in(o, "version");
    i.cluster = text_in(o, "cluster");
    i.domain = text_in(o, "domain");
    i.nonce = text_in(o, "nonce");
    i.max_payload = number_in(o, "max_payload");
    i.headers = flag_in(o, "headers");
    i.auth_required = flag_in(o, "auth_required");
    i.tls_required = flag_in(o, "tls_required");
    i.tls_verify = flag_in(o, "tls_verify");
    i.tls_available = flag_in(o, "tls_available");
    i.jetstream = flag_in(o, "jetstream");
    i.lame_duck_mode = flag_in(o, "ldm");
    if (const json::value* const urls = o.if_contains("connect_urls"); urls && urls->is_array())
        for (const json::value& url : urls->get_array())
            if (url.is_string())
                i.connect_urls.emplace_back(url.get_string());
    return i;
}

std::string describe(const conats::server_info& i) {
    std::string text = "nats-server " + (i.version.empty() ? "of no version" : i.version);
    if (!i.server_name.empty() && i.server_name != i.server_id)
        text += ' ' + in_quotes(i.server_name);
    if (!i.cluster.empty())
        text += " of cluster " + in_quotes(i.cluster);
    text += ", messages up to " + bytes_text(static_cast<double>(i.max_payload));
    text += i.auth_required ? ", wants credentials" : ", wants no credentials";
    if (i.tls_required)
        text += i.tls_verify ? ", wants TLS and a certificate of the client" : ", wants TLS";
    else
        text += i.tls_available ? ", offers TLS" : ", no TLS";
    text += i.jetstream ? ", JetStream on" : ", JetStream off";
    if (!i.headers)
        text += ", no headers";
    return text;
}

credential_kind read_credential_kind(std::string_view line) {
    const json::object o = object_behind(line, "CONNECT ");
    if (o.contains("jwt"))
        return credential_kind::jwt;
    if (o.contains("nkey"))
        return credential_kind::nkey;
    if (o.contains("auth_token"))
        return credential_kind::token;
    return o.contains("user") ? credential_kind::user : credential_kind::none;
}

std::string_view to_string(credential_kind k) noexcept {
    switch (k) {
    case credential_kind::none: return "no credentials";
    case credential_kind::token: return "a token";
    case credential_kind::user: return "user and password";
    case credential_kind::nkey: return "an NKey";
    case credential_kind::jwt: return "a JWT";
    }
    return {};
}

neighbour read_http_answer(std::string_view bytes) {
    neighbour n;
    n.words = first_line(bytes);
    if (n.words.empty())
        return n;
    if (!bytes.starts_with("HTTP/")) {
        n.what = neighbour_kind::other;
        return n;
    }
    n.what = neighbour_kind::http;
    const std::size_t head = std::min(bytes.find("\r\n\r\n"), bytes.size());
    const json::object o = parse_object(trimmed(bytes.substr(head)));
    if (o.contains("server_id")) {
        n.what = neighbour_kind::monitoring;
        n.nats_port = number_in(o, "port");
    } else if (bytes.substr(0, head).find("\r\nSec-Websocket-Version:") != bytes.npos) {
        n.what = neighbour_kind::websocket;
    }
    return n;
}

std::optional<wall_time> read_jwt_expiry(std::string_view jwt) {
    const std::size_t first = jwt.find('.');
    if (first == jwt.npos)
        return std::nullopt;
    const std::string claims = decode_base64url(jwt.substr(first + 1));
    const std::uint64_t seconds = number_in(parse_object(claims), "exp");
    // What the clock cannot say is never.
    if (seconds == 0 || seconds > 9'000'000'000U)
        return std::nullopt;
    return wall_time(std::chrono::seconds(seconds));
}

std::optional<wall_time> read_time(std::string_view text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (std::sscanf(std::string(text).c_str(), "%d-%u-%uT%d:%d:%dZ", &year, &month, &day, &hour,
                    &minute, &second) != 6)
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok() || year > 2250)
        return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

std::string write_time(wall_time t) {
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(t - day));
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ldZ", int(date.year()),
                  unsigned(date.month()), unsigned(date.day()), long(time.hours().count()),
                  long(time.minutes().count()), long(time.seconds().count()));
    return text.data();
}

std::string relative_time(wall_time t, wall_time now) {
    const auto distance = t < now ? now - t : t - now;
    const auto hours = std::chrono::floor<std::chrono::hours>(distance).count();
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(distance).count();
    std::string text;
    if (hours >= 48)
        text = std::to_string(hours / 24) + " days";
    else if (hours >= 2)
        text = std::to_string(hours) + " hours";
    else
        text = std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
    return t < now ? text + " ago" : "in " + text;
}

finding judge_tls(const conats::tls_info& tls, wall_time now, std::chrono::nanoseconds least) {
    const auto until = read_time(tls.peer.not_after);
    finding f(step::tls, verdict::ok,
              tls.version + ", " + tls.cipher + ", certificate of " + in_quotes(tls.peer.subject) +
                  " for " + in_quotes(tls.server_name));
    f.more["version"] = tls.version;
    f.more["cipher"] = tls.cipher;
    f.more["certificate"] = tls.peer.subject;
    f.more["certificate_until"] = tls.peer.not_after;
    f.more["verified"] = tls.verified;
    if (!until)
        return f;
    f.text += ", good until " + tls.peer.not_after;
    if (*until - now >= least)
        return f;
    f.text += ", which is " + relative_time(*until, now);
    f.result = verdict::warning;
    f.what = diagnosis::certificate_expires_soon;
    return f;
}

finding read_jetstream_answer(std::string_view reply) {
    const json::object o = parse_object(reply);
    const json::value* const fault = o.if_contains("error");
    finding f(step::jetstream, verdict::ok, "enabled");
    f.more["enabled"] = fault == nullptr && !o.empty();
    if (fault != nullptr && fault->is_object()) {
        const json::object& e = fault->get_object();
        const std::uint64_t code = number_in(e, "err_code");
        f.server_words = text_in(e, "description");
        if (code == 10039 || code == 10076) { // for the account, for the server
            f.text = "not enabled for this account";
            f.result = verdict::note;
            f.what = diagnosis::jetstream_not_enabled;
        } else {
            f.text =
                "the server cannot say how JetStream is, with its error " + std::to_string(code);
            f.result = verdict::failed;
            f.what = diagnosis::jetstream_failed;
        }
        return f;
    }
    if (o.empty()) {
        f.text = "what answers $JS.API.INFO is not JetStream";
        f.result = verdict::failed;
        f.what = diagnosis::jetstream_failed;
        return f;
    }
    for (const char* const name : {"memory", "storage", "streams", "consumers"})
        f.more[name] = number_in(o, name);
    f.text += ", with " + std::to_string(number_in(o, "streams")) + " streams and " +
              std::to_string(number_in(o, "consumers")) + " consumers, " +
              bytes_text(static_cast<double>(number_in(o, "storage"))) + " on disk and " +
              bytes_text(static_cast<double>(number_in(o, "memory"))) + " in memory";
    return f;
}

} // namespace tool
