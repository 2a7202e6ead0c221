// SPDX-License-Identifier: Apache-2.0
#include "common/measure.h"

#include <sys/resource.h>
#include <time.h>

static double seconds_of(struct timeval t) {
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

struct bench_mark bench_now(void) {
    struct timespec now;
    struct rusage used;
    struct bench_mark mark;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &used);
    mark.time = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    mark.processor = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
    return mark;
}
