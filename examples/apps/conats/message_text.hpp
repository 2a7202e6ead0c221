// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "output.hpp"
#include "settings.hpp"

#include <conats/message.hpp>

#include <cstdint>

namespace tool {

// How messages are printed. On a terminal nothing of them is obeyed; elsewhere their bytes are
// printed as they are.

/// `[#1] Received on "a" with reply "b"`.
void print_title(output& out, const conats::message& m, std::uint64_t number);
/// `Name: value` lines, a status first, and an empty one; nothing where there are none.
void print_headers(output& out, const conats::message& m);
/// The payload, a line feed, and an empty line.
void print_payload(output& out, const conats::message& m);
/// The payload and what is to follow it.
void print_raw(output& out, const conats::message& m, delimiter after);

} // namespace tool
