// SPDX-License-Identifier: Apache-2.0
#include "common/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void bench_set_span(struct bench_result* result, struct bench_mark first, struct bench_mark last) {
    result->seconds = last.time - first.time;
    result->processor_seconds = last.processor - first.processor;
    result->peak_rss_kib = bench_peak_rss_kib();
    result->threads = bench_threads();
}

static int compare(const void* a, const void* b) {
    const uint32_t x = *(const uint32_t*)a;
    const uint32_t y = *(const uint32_t*)b;
    return (x > y) - (x < y);
}

static double percentile(const uint32_t* sorted, size_t count, double part) {
    return sorted[(size_t)((double)(count - 1) * part)] * 1e-3;
}

void bench_set_latencies(struct bench_result* result, uint32_t* nanoseconds, size_t count) {
    if (count == 0)
        return;
    qsort(nanoseconds, count, sizeof *nanoseconds, compare);
    result->p50 = percentile(nanoseconds, count, 0.5);
    result->p99 = percentile(nanoseconds, count, 0.99);
    result->p999 = percentile(nanoseconds, count, 0.999);
}

void bench_print(const struct bench_result* r) {
    const double messages = (double)r->messages;
    printf("{\"client\":\"%s\",\"version\":\"%s\",\"scenario\":\"%s\",\"form\":\"%s\",", r->client,
           r->version, r->scenario, r->form);
    printf("\"size\":%" PRIu64 ",\"messages\":%" PRIu64 ",", r->size, r->messages);
    printf("\"connections\":%" PRIu64 ",\"subscriptions\":%" PRIu64 ",", r->connections,
           r->subscriptions);
    printf("\"concurrent\":%" PRIu64 ",\"headers\":%s,", r->concurrent,
           r->headers ? "true" : "false");
    printf("\"seconds\":%.6f,\"rate\":%.1f,", r->seconds, messages / r->seconds);
    printf("\"processor_us\":%.5f,", r->processor_seconds * 1e6 / messages);
    printf("\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,", r->p50, r->p99, r->p999);
    printf("\"peak_rss_kib\":%" PRIu64 ",\"threads\":%" PRIu64 ",", r->peak_rss_kib, r->threads);
    printf("\"bytes_each\":%.1f}\n", r->bytes_each);
    fflush(stdout);
}

void bench_say_ready(void) {
    printf("ready\n");
    fflush(stdout);
}
