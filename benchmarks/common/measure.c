// SPDX-License-Identifier: Apache-2.0
#include "common/measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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

uint64_t bench_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

// A number of /proc/self/status.
static uint64_t status_of(const char* name) {
    char line[256];
    uint64_t found = 0;
    FILE* file = fopen("/proc/self/status", "r");
    if (file == NULL)
        return 0;
    while (found == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line + strlen(name), "%" SCNu64, &found);
    fclose(file);
    return found;
}

uint64_t bench_peak_rss_kib(void) {
    return status_of("VmHWM:");
}

uint64_t bench_rss_kib(void) {
    return status_of("VmRSS:");
}

uint64_t bench_threads(void) {
    return status_of("Threads:");
}
