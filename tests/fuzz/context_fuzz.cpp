// SPDX-License-Identifier: Apache-2.0

// Whatever the text of a context file, reading it ends in words that show nothing of it or in
// fields; and whatever a path, expanding it ends in words or in a path.

#include "check.hpp"
#include "engine/context_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace conats::impl; // NOLINT(google-build-using-namespace): what is tested
using conats::test::check;

constexpr std::string_view variable = "value of a variable";

const char* environment_of_one(const std::string& name) {
    check(!name.empty(), "a variable has a name");
    return name == "HOME" || name == "A" ? variable.data() : nullptr;
}

const char* empty_environment(const std::string& /*name*/) {
    return nullptr;
}

std::string quoted(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string json = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20) {
            json.append("\\u00").append(1, digits[byte / 16]).append(1, digits[byte % 16]);
            continue;
        }
        if (c == '"' || c == '\\')
            json += '\\';
        json += c;
    }
    return json + '"';
}

std::vector<std::pair<const char*, std::string_view>> texts_of(const context_fields& f) {
    return {{"description", f.description},
            {"url", f.url.reveal()},
            {"token", f.token.reveal()},
            {"user", f.user.reveal()},
            {"password", f.password.reveal()},
            {"user_jwt", f.user_jwt.reveal()},
            {"socks_proxy", f.socks_proxy.reveal()},
            {"creds", f.creds},
            {"nkey", f.nkey},
            {"cert", f.cert},
            {"key", f.key},
            {"ca", f.ca},
            {"inbox_prefix", f.inbox_prefix},
            {"jetstream_domain", f.jetstream_domain},
            {"jetstream_api_prefix", f.jetstream_api_prefix},
            {"jetstream_event_prefix", f.jetstream_event_prefix}};
}

/// Only what the library itself says: names of fields, and why they are refused.
bool is_harmless(const std::string& why) {
    return why.size() < 200 &&
           std::all_of(why.begin(), why.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void path(std::string_view text) {
    for (const bool is_set : {true, false}) {
        std::string expanded(text);
        const std::string why =
            expand_path(expanded, is_set ? environment_of_one : empty_environment);
        check(is_harmless(why), "what is wrong with a path is told in a few words");
        if (!why.empty()) {
            check(expanded == text, "a path that cannot be expanded stays");
            continue;
        }
        if (text.find('$') == text.npos && !text.starts_with('~'))
            check(expanded == text, "a path without variables stays");
        check(is_set || text.find('$') == text.npos, "variables are not made up");
    }
}

void context(std::string_view text) {
    context_fields before;
    before.description = "as it was";
    context_fields fields = before;
    const std::string why = parse_context(text, fields);
    check(is_harmless(why), "what is wrong is told in a few words");
    if (!why.empty()) {
        check(texts_of(fields) == texts_of(before) && !fields.tls_first, "nothing has changed");
        return;
    }
    std::size_t size = 0;
    std::string again = fields.tls_first ? R"({"tls_first":true)" : R"({"tls_first":false)";
    for (const auto& [name, value] : texts_of(fields)) {
        size += value.size();
        again.append(",\"").append(name).append("\":").append(quoted(value));
    }
    check(size <= text.size(), "nothing is made up");
    context_fields same;
    check(parse_context(again + "}", same).empty(), "what was read is read again");
    check(texts_of(same) == texts_of(fields), "and is the same");
    check(same.tls_first == fields.tls_first, "and so is its flag");
    for (const std::string* p :
         {&fields.creds, &fields.nkey, &fields.cert, &fields.key, &fields.ca})
        path(*p);
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A block of its own, so that a sanitizer sees what goes beyond.
    const std::vector<char> bytes(data, data + size);
    const std::string_view text(bytes.data(), bytes.size());
    context(text);
    path(text);
    if (is_context_name(text)) {
        check(!text.empty() && text.find('/') == text.npos, "a name stays in its directory");
        check(text.find("..") == text.npos, "and leads to no other");
    }
    return 0;
}
