// SPDX-License-Identifier: Apache-2.0
#include "engine/context_file.hpp"

#include "support/json_in.hpp"
#include "values/secret_access.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// Looks fields up and notes the first that is of the wrong type.
class field_reader {
public:
    explicit field_reader(const json_object& from) noexcept : from_(from) {}

    template <class Text>
    void text(const char* name, Text& out) {
        std::string_view found;
        note(name, from_.get(name, found), "a text");
        out = Text(found);
    }
    void flag(const char* name, bool& out) { note(name, from_.get(name, out), "true or false"); }
    /// One of a feature that is not there.
    void refuse(const char* name) {
        std::string_view found;
        std::vector<std::string> list;
        const bool set = from_.get(name, found) == json_get::found
                             ? !found.empty()
                             : from_.get(name, list) == json_get::found && !list.empty();
        if (set && fault_.empty())
            fault_ = "field '" + std::string(name) + "' is not supported";
    }
    [[nodiscard]] std::string fault() const { return fault_; }

private:
    void note(const char* name, json_get got, const char* wanted) {
        if (got == json_get::wrong_type && fault_.empty())
            fault_ = "field '" + std::string(name) + "' is not " + wanted;
    }

    const json_object& from_;
    std::string fault_;
};

std::string read_fields(const json_object& root, context_fields& out) {
    field_reader fields(root);
    fields.text("description", out.description);
    fields.text("url", out.url);
    fields.text("token", out.token);
    fields.text("user", out.user);
    fields.text("password", out.password);
    fields.text("user_jwt", out.user_jwt);
    fields.text("socks_proxy", out.socks_proxy);
    fields.text("creds", out.creds);
    fields.text("nkey", out.nkey);
    fields.text("cert", out.cert);
    fields.text("key", out.key);
    fields.text("ca", out.ca);
    fields.text("inbox_prefix", out.inbox_prefix);
    fields.text("jetstream_domain", out.jetstream_domain);
    fields.text("jetstream_api_prefix", out.jetstream_api_prefix);
    fields.text("jetstream_event_prefix", out.jetstream_event_prefix);
    fields.flag("tls_first", out.tls_first);
    for (const char* name : {"nsc", "windows_cert_store", "windows_cert_match_by",
                             "windows_cert_match", "windows_ca_certs_match"})
        fields.refuse(name);
    return fields.fault();
}

bool is_name_char(char c) noexcept {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// A variable's name at `begin`, behind the '$'; `end` is behind it. Empty where there is none.
std::string variable_at(std::string_view path, std::size_t begin, std::size_t& end) {
    if (path.substr(begin).starts_with('{')) {
        const std::size_t close = path.find('}', begin);
        end = close == std::string_view::npos ? path.size() : close + 1;
        return close == std::string_view::npos
                   ? std::string()
                   : std::string(path.substr(begin + 1, close - begin - 1));
    }
    const auto* const first = path.data() + begin;
    const auto* const last = std::find_if_not(first, path.data() + path.size(), is_name_char);
    end = begin + static_cast<std::size_t>(last - first);
    return {first, last};
}

std::string set_or_empty(const environment& env, const char* name) {
    const char* const value = env(name);
    return value == nullptr ? std::string() : std::string(value);
}

} // namespace

std::string parse_context(std::string_view text, context_fields& out) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    secret padded = secret_access::allocate(text.size() + json_padding);
    std::copy(text.begin(), text.end(), secret_access::data(padded));
    json_reader reader;
    context_fields fields;
    std::string fault;
    if (const char* const why = reader.parse(secret_access::data(padded), text.size()))
        fault = why;
    else
        fault = read_fields(reader.root(), fields);
    reader.wipe();
    if (fault.empty())
        out = std::move(fields);
    return fault;
}

std::string expand_path(std::string& path, const environment& env) {
    std::string expanded;
    std::size_t i = 0;
    if (path == "~" || path.starts_with("~/")) {
        expanded = set_or_empty(env, "HOME");
        if (expanded.empty())
            return "'~' is used and HOME is not set";
        i = 1;
    }
    while (i != path.size()) {
        if (path[i] != '$') {
            expanded += path[i++];
            continue;
        }
        std::size_t end = 0;
        const std::string name = variable_at(path, i + 1, end);
        if (name.empty())
            return "a '$' is followed by no name of a variable";
        const char* const value = env(name);
        if (value == nullptr)
            return "it uses an environment variable that is not set";
        expanded += value;
        i = end;
    }
    path = std::move(expanded);
    return {};
}

std::string context_directory(const environment& env) {
    std::string parent = set_or_empty(env, "XDG_CONFIG_HOME");
    if (parent.empty()) {
        parent = set_or_empty(env, "HOME");
        if (parent.empty())
            return parent;
        parent += "/.config";
    }
    return parent + "/nats";
}

bool is_context_name(std::string_view name) noexcept {
    return !name.empty() && name.find("..") == std::string_view::npos &&
           name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

} // namespace impl
} // namespace v0
} // namespace conats
