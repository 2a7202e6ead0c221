// SPDX-License-Identifier: Apache-2.0
#pragma once

// What conats prints, for std::format: `std::format("{:<12} {}", nc.status(), error)`. Every
// enum, and whatever else has an `operator<<`, is written as that writes it, with the width,
// alignment and precision of text. Not part of <conats/conats.hpp>; empty where the standard
// library has no <format>, as that of g++ 12.
#include <version>

#ifdef __cpp_lib_format

#include <conats/conats.hpp>
#include <conats/observability.hpp>
#include <conats/transport.hpp>

#include <format>
#include <sstream>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

template <class Enum>
struct text_formatter : std::formatter<std::string_view> {
    template <class Context>
    auto format(Enum value, Context& context) const {
        return std::formatter<std::string_view>::format(to_string(value), context);
    }
};

template <class T>
struct stream_formatter : std::formatter<std::string_view> {
    template <class Context>
    auto format(const T& value, Context& context) const {
        std::ostringstream os;
        os << value;
        return std::formatter<std::string_view>::format(os.view(), context);
    }
};

} // namespace impl
} // namespace v0
} // namespace conats

template <>
struct std::formatter<conats::condition> : conats::impl::text_formatter<conats::condition> {};
template <>
struct std::formatter<conats::connect_phase> : conats::impl::text_formatter<conats::connect_phase> {
};
template <>
struct std::formatter<conats::end_of_replies>
    : conats::impl::text_formatter<conats::end_of_replies> {};
template <>
struct std::formatter<conats::errc> : conats::impl::text_formatter<conats::errc> {};
template <>
struct std::formatter<conats::event_kind> : conats::impl::text_formatter<conats::event_kind> {};
template <>
struct std::formatter<conats::ip_order> : conats::impl::text_formatter<conats::ip_order> {};
template <>
struct std::formatter<conats::lame_duck_policy>
    : conats::impl::text_formatter<conats::lame_duck_policy> {};
template <>
struct std::formatter<conats::log_level> : conats::impl::text_formatter<conats::log_level> {};
template <>
struct std::formatter<conats::offline_policy>
    : conats::impl::text_formatter<conats::offline_policy> {};
template <>
struct std::formatter<conats::overflow> : conats::impl::text_formatter<conats::overflow> {};
template <>
struct std::formatter<conats::status> : conats::impl::text_formatter<conats::status> {};
template <>
struct std::formatter<conats::subscription_status>
    : conats::impl::text_formatter<conats::subscription_status> {};
template <>
struct std::formatter<conats::tls_version> : conats::impl::text_formatter<conats::tls_version> {};
template <>
struct std::formatter<conats::wire_direction>
    : conats::impl::text_formatter<conats::wire_direction> {};
template <>
struct std::formatter<conats::wire_kind> : conats::impl::text_formatter<conats::wire_kind> {};

template <>
struct std::formatter<conats::connect_attempt>
    : conats::impl::stream_formatter<conats::connect_attempt> {};
template <>
struct std::formatter<conats::connect_options>
    : conats::impl::stream_formatter<conats::connect_options> {};
template <>
struct std::formatter<conats::error> : conats::impl::stream_formatter<conats::error> {};
template <>
struct std::formatter<conats::event> : conats::impl::stream_formatter<conats::event> {};
template <>
struct std::formatter<conats::latency_histogram>
    : conats::impl::stream_formatter<conats::latency_histogram> {};
template <>
struct std::formatter<conats::log_record> : conats::impl::stream_formatter<conats::log_record> {};
template <>
struct std::formatter<conats::secret> : conats::impl::stream_formatter<conats::secret> {};
template <>
struct std::formatter<conats::tls_options> : conats::impl::stream_formatter<conats::tls_options> {};
template <>
struct std::formatter<conats::wire_operation>
    : conats::impl::stream_formatter<conats::wire_operation> {};

#endif
