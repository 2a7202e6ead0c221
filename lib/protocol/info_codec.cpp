// SPDX-License-Identifier: Apache-2.0
#include "protocol/info_codec.hpp"

#include "support/json_in.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// Reads member after member until one is wrong, whose name it keeps.
class info_reader {
public:
    explicit info_reader(const json_object& from) noexcept : from_(from) {}

    template <class Value>
    info_reader& operator()(std::string_view name, Value& out) {
        note(name, from_.get(name, out));
        return *this;
    }

    /// A whole number that fits `Number`.
    template <class Number>
    info_reader& number(std::string_view name, Number& out) {
        std::uint64_t value = 0;
        json_get got = from_.get(name, value);
        if (got == json_get::found) {
            if (value > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) {
                got = json_get::wrong_type;
            } else {
                out = static_cast<Number>(value);
            }
        }
        note(name, got);
        return *this;
    }

    [[nodiscard]] std::string_view wrong_field() const noexcept { return wrong_field_; }

private:
    void note(std::string_view name, json_get got) noexcept {
        if (got == json_get::wrong_type && wrong_field_.empty()) {
            wrong_field_ = name;
        }
    }

    const json_object& from_;
    std::string_view wrong_field_;
};

/// Returns the field that is of the wrong type, or an empty string.
std::string_view read_fields(const json_object& root, server_info& out) {
    info_reader read(root);
    read("server_id", out.server_id)("server_name", out.server_name)("version", out.version);
    read("go", out.go)("git_commit", out.git_commit)("host", out.host);
    read.number("port", out.port).number("proto", out.proto);
    read.number("max_payload", out.max_payload).number("client_id", out.client_id);
    read("client_ip", out.client_ip)("cluster", out.cluster)("domain", out.domain);
    read("nonce", out.nonce)("xkey", out.xkey)("remote_account", out.remote_account);
    read("connect_urls", out.connect_urls)("ws_connect_urls", out.ws_connect_urls);
    read.number("api_lvl", out.api_level);
    read("headers", out.headers)("auth_required", out.auth_required);
    read("tls_required", out.tls_required)("tls_verify", out.tls_verify);
    read("tls_available", out.tls_available)("jetstream", out.jetstream);
    read("ldm", out.lame_duck_mode)("acc_is_sys", out.is_system_account);
    read("connect_info", out.connect_info);
    return read.wrong_field();
}

} // namespace

struct info_parser::state {
    json_reader reader;
};

static_assert(info_parser::padding >= json_padding);

info_parser::info_parser() : state_(std::make_unique<state>()) {}
info_parser::info_parser(info_parser&&) noexcept = default;
info_parser& info_parser::operator=(info_parser&&) noexcept = default;
info_parser::~info_parser() = default;

error info_parser::parse(const char* json, std::size_t size, server_info& out) {
    if (const char* const fault = state_->reader.parse(json, size)) {
        return {errc::protocol_error, std::string("INFO is not valid JSON: ") + fault};
    }
    server_info info;
    const std::string_view wrong = read_fields(state_->reader.root(), info);
    if (!wrong.empty()) {
        return {errc::protocol_error,
                "INFO: the field \"" + std::string(wrong) + "\" is of the wrong type"};
    }
    out = std::move(info);
    return {};
}

} // namespace impl
} // namespace v0
} // namespace conats
