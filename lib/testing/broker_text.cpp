// SPDX-License-Identifier: Apache-2.0
#include "testing/broker_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

namespace json = boost::json;

namespace {

/// Reads a field where it is there; null leaves the default, as in Go.
class field_reader {
public:
    explicit field_reader(const json::object& o) noexcept : object_(o) {}

    void get(std::string_view name, bool& out) {
        if (const json::value* v = find(name)) {
            v->is_bool() ? void(out = v->get_bool()) : fail();
        }
    }
    void get(std::string_view name, std::string& out) {
        if (const json::value* v = find(name)) {
            v->is_string() ? void(out.assign(v->get_string().data(), v->get_string().size()))
                           : fail();
        }
    }
    void get(std::string_view name, std::int64_t& out) {
        if (const json::value* v = find(name)) {
            v->is_int64() ? void(out = v->get_int64()) : fail();
        }
    }
    [[nodiscard]] bool well_formed() const noexcept { return well_formed_; }

private:
    const json::value* find(std::string_view name) const {
        const json::value* v = object_.if_contains({name.data(), name.size()});
        return v == nullptr || v->is_null() ? nullptr : v;
    }
    void fail() noexcept { well_formed_ = false; }

    const json::object& object_;
    bool well_formed_ = true;
};

json::value parse(std::string_view text, json::storage_ptr memory) {
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    boost::system::error_code ec;
    json::value v = json::parse({text.data(), text.size()}, ec, std::move(memory), options);
    return ec ? json::value() : v;
}

/// Writes an object's members in the order they come.
class member_writer {
public:
    member_writer(std::string& to, const std::vector<broker_options::info_field>& overrides)
        : to_(to),
          overrides_(overrides) {}

    void add(std::string_view name, const json::value& v) {
        const bool replaced =
            std::any_of(overrides_.begin(), overrides_.end(),
                        [name](const broker_options::info_field& f) { return f.name == name; });
        if (!replaced) {
            raw(name, json::serialize(v));
        }
    }
    void raw(std::string_view name, std::string_view text) {
        to_ += first_ ? "\"" : ",\"";
        to_.append(name).append("\":").append(text);
        first_ = false;
    }

private:
    std::string& to_;
    const std::vector<broker_options::info_field>& overrides_;
    bool first_ = true;
};

json::value text_value(std::string_view text) {
    return json::value(json::string_view(text.data(), text.size()));
}

/// The bytes of the UTF-8 character at the front; 0: it is none.
std::size_t utf8_size(std::string_view text) noexcept {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0xC2   ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
    if (size == 0 || text.size() < size) {
        return 0;
    }
    const auto tail = text.substr(1, size - 1);
    const bool valid = std::all_of(tail.begin(), tail.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    });
    return valid ? size : 0;
}

void append_escaped(std::string& to, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::string_view named = "\a\b\f\n\r\t\v\\\"";
    constexpr std::string_view names = "abfnrtv\\\"";
    to += '\\';
    if (const std::size_t at = named.find(c); at != std::string_view::npos) {
        to += names[at];
        return;
    }
    const auto byte = static_cast<unsigned char>(c);
    to += 'x';
    to += digits[byte >> 4U];
    to += digits[byte & 15U];
}

} // namespace

bool read_connect(std::string_view text, connect_line& out) {
    unsigned char memory[4096];
    json::monotonic_resource resource(memory, sizeof(memory));
    const json::value v = parse(text, &resource);
    if (!v.is_object()) {
        return false;
    }
    field_reader fields(v.get_object());
    fields.get("verbose", out.verbose);
    fields.get("pedantic", out.pedantic);
    fields.get("echo", out.echo);
    fields.get("headers", out.headers);
    fields.get("no_responders", out.no_responders);
    fields.get("protocol", out.protocol);
    fields.get("name", out.name);
    fields.get("lang", out.lang);
    fields.get("version", out.version);
    fields.get("user", out.user);
    fields.get("pass", out.password);
    fields.get("auth_token", out.token);
    fields.get("account", out.account);
    fields.get("new_account", out.new_account);
    return fields.well_formed();
}

bool is_json_object(std::string_view text) {
    return parse(text, {}).is_object();
}

std::string info_line(const broker_options& options, const info_state& state) {
    std::string out = "INFO {";
    member_writer members(out, options.info());
    members.add("server_id", text_value(options.server_name()));
    members.add("server_name", text_value(options.server_name()));
    members.add("version", text_value(options.version()));
    members.add("proto", 1);
    members.add("go", "go1.26");
    members.add("host", text_value(options.host()));
    members.add("port", options.port());
    members.add("headers", options.headers());
    if (state.auth_required) {
        members.add("auth_required", true);
    }
    members.add("max_payload", options.max_payload());
    members.add("client_id", state.client_id);
    members.add("client_ip", text_value(state.client_ip));
    if (!options.connect_urls().empty()) {
        json::array urls;
        for (const std::string& url : options.connect_urls()) {
            urls.push_back(text_value(url));
        }
        members.add("connect_urls", std::move(urls));
    }
    if (state.kind == info_kind::lame_duck) {
        members.add("ldm", true);
    }
    if (state.kind == info_kind::after_connect) {
        members.add("connect_info", true);
        members.add("remote_account", "$G");
    }
    for (const broker_options::info_field& f : options.info()) {
        members.raw(f.name, f.json);
    }
    out += "} \r\n";
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const char c = text.front();
        const auto byte = static_cast<unsigned char>(c);
        std::size_t size = 1;
        if (byte >= 0x80) {
            size = utf8_size(text);
        }
        if (size == 0 || byte < ' ' || byte == 0x7F || c == '"' || c == '\\') {
            append_escaped(out, c);
            size = 1;
        } else {
            out.append(text.substr(0, size));
        }
        text.remove_prefix(size);
    }
    out += '"';
    return out;
}

bool at_least(std::string_view version, int major, int minor) noexcept {
    int numbers[2] = {0, 0};
    const char* at = version.data();
    const char* const end = at + version.size();
    for (int& number : numbers) {
        at = std::from_chars(at, end, number).ptr;
        if (at == end || *at != '.') {
            break;
        }
        ++at;
    }
    return numbers[0] != major ? numbers[0] > major : numbers[1] >= minor;
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
