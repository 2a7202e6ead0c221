// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A point in time, and what processor time this process had used by then; seconds.
struct bench_mark {
    double time;
    double processor;
};

struct bench_mark bench_now(void);

/// A monotonic clock.
uint64_t bench_nanoseconds(void);

/// Of this process.
uint64_t bench_peak_rss_kib(void);
uint64_t bench_rss_kib(void);
uint64_t bench_threads(void);

#ifdef __cplusplus
}
#endif
