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
    uint64_t concurrent;    ///< requests under way at once
    bool headers;           ///< each message has two
    double seconds;
    double processor_seconds; ///< of the client's process, all its threads
    double p50;               ///< of a request, microseconds; 0 where there is none
    double p99;
    double p999;
    uint64_t peak_rss_kib;
    uint64_t threads;  ///< when the time was up
    double bytes_each; ///< of memory, where that is what was measured
};

/// Sets the times, and what the process has used by now.
void bench_set_span(struct bench_result* result, struct bench_mark first, struct bench_mark last);

/// Sets the percentiles, and sorts `nanoseconds` for it.
void bench_set_latencies(struct bench_result* result, uint32_t* nanoseconds, size_t count);

/// To stdout: one line of JSON.
void bench_print(const struct bench_result* result);

/// To stdout: that every subscription is known to the server, so that somebody may publish.
void bench_say_ready(void);

#ifdef __cplusplus
}
#endif
