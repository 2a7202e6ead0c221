// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"

#include <stdbool.h>
#include <stdint.h>

/// The command line that all benchmark programs in C understand, and the others likewise.
struct bench_options {
    const char* server; ///< from NATS_URL
    const char* scenario;
    const char* form;
    uint64_t size;
    uint64_t count;
    uint64_t connections;
    uint64_t subscriptions; ///< of each connection
    uint64_t concurrent;    ///< requests under way at once
    bool headers;           ///< each message has two
};

struct bench_scenario {
    const char* name;
    const char* forms[4]; ///< the first is the default
};

/// `scenarios` ends with one without a name. Ends the program where the line is wrong.
struct bench_options bench_parse_options(int count, char** arguments,
                                         const struct bench_scenario* scenarios);

/// A result with what the options say.
struct bench_result bench_begin_result(const struct bench_options* o, const char* client,
                                       const char* version);

/// The part of `count` that the one of `of` with this index does.
uint64_t bench_share(uint64_t count, uint64_t index, uint64_t of);
