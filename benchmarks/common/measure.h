// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// A point in time, and what processor time this process had used by then; seconds.
struct bench_mark {
    double time;
    double processor;
};

struct bench_mark bench_now(void);

#ifdef __cplusplus
}
#endif
