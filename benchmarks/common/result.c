// SPDX-License-Identifier: Apache-2.0
#include "common/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void bench_set_span(struct bench_result* result, struct bench_mark first, struct bench_mark last) {
    result->seconds = last.time - first.time;
    result->processor_seconds = last.processor - first.processor;
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

static double rate(const struct bench_result* r) {
    return (double)r->messages / r->seconds;
}

static double microseconds_of_processor(const struct bench_result* r) {
    return r->processor_seconds * 1e6 / (double)r->messages;
}

static void print_json(const struct bench_result* r) {
    printf("{\"client\":\"%s\",\"version\":\"%s\",\"scenario\":\"%s\",\"form\":\"%s\",", r->client,
           r->version, r->scenario, r->form);
    printf("\"size\":%" PRIu64 ",\"messages\":%" PRIu64 ",", r->size, r->messages);
    printf("\"direct\":%s,", r->direct ? "true" : "false");
    printf("\"connections\":%" PRIu64 ",\"subscriptions\":%" PRIu64 ",", r->connections,
           r->subscriptions);
    printf("\"concurrent\":%" PRIu64 ",", r->concurrent);
    printf("\"seconds\":%.6f,\"rate\":%.1f,", r->seconds, rate(r));
    printf("\"processor_us\":%.4f,", microseconds_of_processor(r));
    printf("\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n", r->p50, r->p99, r->p999);
}

static void print_table(const struct bench_result* r) {
    printf("%s %s: %s by %s%s\n", r->client, r->version, r->scenario, r->form,
           r->direct ? ", from a raw server" : "");
    printf("  messages         %12" PRIu64 " of %" PRIu64 " B\n", r->messages, r->size);
    printf("  connections      %12" PRIu64 "\n", r->connections);
    if (r->subscriptions > 1)
        printf("  subscriptions    %12" PRIu64 " each\n", r->subscriptions);
    printf("  time             %12.3f s\n", r->seconds);
    printf("  rate             %12.0f /s\n", rate(r));
    printf("  payload          %12.1f MB/s\n", rate(r) * (double)r->size * 1e-6);
    printf("  processor time   %12.3f us a message\n", microseconds_of_processor(r));
    if (r->p50 > 0) {
        printf("  at once          %12" PRIu64 "\n", r->concurrent);
        printf("  median           %12.1f us\n", r->p50);
        printf("  99 %%             %12.1f us\n", r->p99);
        printf("  99.9 %%           %12.1f us\n", r->p999);
    }
}

void bench_print(const struct bench_result* result, bool json) {
    if (json)
        print_json(result);
    else
        print_table(result);
    fflush(stdout);
}
