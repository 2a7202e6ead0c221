// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace conats::test {

/// The INFO a made-up server sends: that of a plain nats-server 2.9.10 until it is changed.
///
///     peer.info().headers(false).max_payload(10).set("nonce", "abc");
class info_builder {
public:
    info_builder();

    /// Text, a number, a bool, or any JSON value.
    template <class T>
    info_builder& set(std::string_view field, const T& value) {
        if constexpr (std::is_convertible_v<const T&, std::string_view>)
            return set_text(field, value);
        else
            return set_value(field, boost::json::value(value));
    }
    info_builder& erase(std::string_view field);

    info_builder& version(std::string_view value) { return set("version", value); }
    info_builder& proto(int value) { return set("proto", value); }
    info_builder& headers(bool value) { return set("headers", value); }
    info_builder& max_payload(std::int64_t value) { return set("max_payload", value); }
    info_builder& auth_required(bool value) { return set("auth_required", value); }
    info_builder& tls_required(bool value) { return set("tls_required", value); }
    info_builder& lame_duck(bool value) { return set("ldm", value); }

    [[nodiscard]] const boost::json::object& json() const { return fields_; }
    /// `INFO {...}` and CRLF.
    [[nodiscard]] std::string line() const;

private:
    info_builder& set_value(std::string_view field, boost::json::value value);
    info_builder& set_text(std::string_view field, std::string_view value);

    boost::json::object fields_;
};

} // namespace conats::test
