// SPDX-License-Identifier: Apache-2.0
#pragma once

// <conats/format.hpp>, with the enums of conats::testing.
#include <conats/format.hpp>

#ifdef __cpp_lib_format

#include <conats/testing/broker_core.hpp>
#include <conats/testing/scripted_peer.hpp>

template <>
struct std::formatter<conats::testing::broker_end>
    : conats::impl::text_formatter<conats::testing::broker_end> {};
template <>
struct std::formatter<conats::testing::broker_verdict>
    : conats::impl::text_formatter<conats::testing::broker_verdict> {};
template <>
struct std::formatter<conats::testing::script_failure>
    : conats::impl::text_formatter<conats::testing::script_failure> {};

#endif
