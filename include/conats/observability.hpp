// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the observability options of `connect_options` are given: apart from <conats/conats.hpp>, so
// that those who do not look inside do not pay for it at compile time.
#include <conats/connect_attempt.hpp>
#include <conats/hooks.hpp>
#include <conats/log.hpp>
#include <conats/wire_trace.hpp>
