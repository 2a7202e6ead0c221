// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/measure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What one run has shown. Texts are borrowed and hold nothing that JSON would escape.
struct bench_result {
    const char* client;
    const char* version;
    const char* scenario;
    const char* form;
    uint64_t size;     ///< of a payload, bytes
    uint64_t messages; ///< published, received, or requests answered
    uint64_t connections;
    uint64_t subscriptions; ///< of each connection
    bool direct;            ///< from a raw server, not through nats-server
    uint64_t concurrent;    ///< requests under way at once
    double seconds;
    double processor_seconds; ///< of the client's process, all its threads
    double p50;               ///< of a request, microseconds; 0 where there is none
    double p99;
    double p999;
};

/// Sets the times.
void bench_set_span(struct bench_result* result, struct bench_mark first, struct bench_mark last);

/// Sets the percentiles, and sorts `nanoseconds` for it.
void bench_set_latencies(struct bench_result* result, uint32_t* nanoseconds, size_t count);

/// To stdout: one line of JSON, or a small table.
void bench_print(const struct bench_result* result, bool json);

#ifdef __cplusplus
}
#endif
