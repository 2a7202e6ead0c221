// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/secret.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// The value of an environment variable; null where it is not set.
using environment = std::function<const char*(const std::string& name)>;

/// What a context file holds, as it stands there; empty: not set.
class context_fields {
public:
    context_fields() noexcept = default; // no aggregate: g++ 12 destroys those twice

    std::string description;
    secret url;
    secret token;
    secret user;
    secret password;
    secret user_jwt;
    secret socks_proxy;
    std::string creds;
    std::string nkey;
    std::string cert;
    std::string key;
    std::string ca;
    std::string inbox_prefix;
    std::string jetstream_domain;
    std::string jetstream_api_prefix;
    std::string jetstream_event_prefix;
    bool tls_first = false;
};

/// Reads the JSON of a context file, and leaves no copy of its texts but in `out`. Returns what is
/// wrong, naming the field and showing nothing of the content, or an empty string.
[[nodiscard]] std::string parse_context(std::string_view text, context_fields& out);

/// Expands a leading `~` or `~/`, `$NAME` and `${NAME}` in the name of a file. Returns what is
/// wrong in words, or an empty string.
[[nodiscard]] std::string expand_path(std::string& path, const environment& env);

/// The directory of contexts; empty where the environment does not tell.
[[nodiscard]] std::string context_directory(const environment& env);

/// Whether it can be a file in that directory.
[[nodiscard]] bool is_context_name(std::string_view name) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
