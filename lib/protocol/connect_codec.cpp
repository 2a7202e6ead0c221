// SPDX-License-Identifier: Apache-2.0
#include "protocol/connect_codec.hpp"

#include "support/ascii.hpp"
#include "values/secret_access.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

// The line is made twice by the same code: once to count its bytes, once to write them into
// memory of that size, so that no secret is left in buffers that grew.

class counting_sink {
public:
    void put(std::string_view text) noexcept { size_ += text.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    std::size_t size_ = 0;
};

class writing_sink {
public:
    explicit writing_sink(char* to) noexcept : to_(to) {}
    void put(std::string_view text) noexcept {
        std::memcpy(to_, text.data(), text.size());
        to_ += text.size();
    }

private:
    char* to_;
};

/// How many bytes the UTF-8 sequence at the front takes; 0 if it is none. Like the server's Go,
/// it refuses overlong forms, surrogates and what is above U+10FFFF.
std::size_t utf8_sequence(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return continues(1) ? 2 : 0;
    }
    const unsigned second = byte(1);
    if (first >= 0xE0 && first <= 0xEF) {
        const bool overlong = first == 0xE0 && second < 0xA0;
        const bool surrogate = first == 0xED && second > 0x9F;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool overlong = first == 0xF0 && second < 0x90;
        const bool too_large = first == 0xF4 && second > 0x8F;
        return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
    }
    return 0;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t size = utf8_sequence(text);
        if (size == 0) {
            return false;
        }
        text.remove_prefix(size);
    }
    return true;
}

template <class Sink>
void put_escaped(Sink& sink, char c) {
    static constexpr char hex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        const char escape[] = {'\\', c};
        sink.put({escape, sizeof(escape)});
    } else if (byte < 0x20) {
        const char escape[] = {'\\', 'u', '0', '0', hex[byte >> 4U], hex[byte & 15U]};
        sink.put({escape, sizeof(escape)});
    } else {
        sink.put({&c, 1});
    }
}

template <class Sink>
class object_writer {
public:
    explicit object_writer(Sink& sink) : sink_(sink) { sink_.put("CONNECT {"); }

    void boolean(std::string_view name, bool value) {
        put_name(name);
        sink_.put(value ? "true" : "false");
    }
    void number(std::string_view name, int value) {
        put_name(name);
        char digits[max_decimal_size];
        const char* const end = write_decimal(digits, static_cast<std::uint64_t>(value));
        sink_.put({digits, static_cast<std::size_t>(end - digits)});
    }
    void text(std::string_view name, std::string_view value) {
        put_name(name);
        sink_.put("\"");
        for (const char c : value) {
            put_escaped(sink_, c);
        }
        sink_.put("\"");
    }
    void text_if_any(std::string_view name, std::string_view value) {
        if (!value.empty()) {
            text(name, value);
        }
    }
    void finish() { sink_.put("}\r\n"); }

private:
    void put_name(std::string_view name) {
        sink_.put(first_ ? "\"" : ",\"");
        sink_.put(name);
        sink_.put("\":");
        first_ = false;
    }

    Sink& sink_;
    bool first_ = true;
};

template <class Sink>
void write_credentials(object_writer<Sink>& to, const connect_fields& fields) {
    to.text_if_any("auth_token", fields.auth_token);
    if (fields.has_user || !fields.user.empty()) {
        to.text("user", fields.user);
        to.text("pass", fields.pass);
    }
    to.text_if_any("jwt", fields.jwt);
    to.text_if_any("nkey", fields.nkey);
    to.text_if_any("sig", fields.sig);
}

template <class Sink>
void write_line(Sink& sink, const connect_fields& fields) {
    object_writer<Sink> to(sink);
    // A server takes an absent verbose, pedantic or echo for true: all are always stated.
    to.boolean("verbose", fields.verbose);
    to.boolean("pedantic", fields.pedantic);
    to.boolean("echo", fields.echo);
    to.boolean("tls_required", fields.tls_required);
    to.boolean("headers", fields.headers);
    to.boolean("no_responders", fields.no_responders);
    to.number("protocol", fields.protocol);
    to.text_if_any("name", fields.name);
    to.text_if_any("lang", fields.lang);
    to.text_if_any("version", fields.version);
    write_credentials(to, fields);
    to.finish();
}

/// The name of the first field that is not UTF-8, or nullptr.
const char* find_bad_field(const connect_fields& fields) noexcept {
    const std::pair<const char*, std::string_view> texts[] = {
        {"name", fields.name},        {"lang", fields.lang}, {"version", fields.version},
        {"token", fields.auth_token}, {"user", fields.user}, {"password", fields.pass},
        {"jwt", fields.jwt},          {"nkey", fields.nkey}, {"signature", fields.sig}};
    for (const auto& [name, text] : texts) {
        if (!is_utf8(text)) {
            return name;
        }
    }
    return nullptr;
}

} // namespace

error encode_connect(const connect_fields& fields, secret& out) {
    if (const char* const name = find_bad_field(fields)) {
        return {errc::invalid_options, "the " + std::string(name) + " is not valid UTF-8"};
    }
    counting_sink counted;
    write_line(counted, fields);
    secret line = secret_access::allocate(counted.size());
    writing_sink written(secret_access::data(line));
    write_line(written, fields);
    out = std::move(line);
    return {};
}

} // namespace impl
} // namespace v0
} // namespace conats
