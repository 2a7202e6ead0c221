// SPDX-License-Identifier: Apache-2.0
#include "peers/natsc.h"

#include <stdio.h>
#include <stdlib.h>

struct publisher {
    natsConnection* nc;
    char subject[32];
    const char* payload;
    uint64_t size;
    uint64_t count;
};

static void* publish(void* p) {
    const struct publisher* to = p;
    const int size = (int)to->size;
    for (uint64_t i = 0; i != to->count; ++i)
        natsc_check(natsConnection_Publish(to->nc, to->subject, to->payload, size), "publish");
    natsc_check(natsConnection_FlushTimeout(to->nc, 60000), "flush");
    return NULL;
}

void natsc_publish(const struct natsc_options* o, struct bench_result* result) {
    char* payload = natsc_payload(o->size);
    struct publisher* all = natsc_new(o->connections, sizeof *all);
    for (uint64_t i = 0; i != o->connections; ++i) {
        all[i].nc = natsc_connect(o);
        snprintf(all[i].subject, sizeof all[i].subject, "bench.%u", (unsigned)i);
        all[i].payload = payload;
        all[i].size = o->size;
        all[i].count = natsc_share(o->count, i, o->connections);
    }
    const struct bench_mark first = bench_now();
    if (o->connections == 1)
        publish(all);
    else
        natsc_in_threads(publish, all, o->connections, sizeof *all);
    bench_set_span(result, first, bench_now());
    result->messages = o->count;
    for (uint64_t i = 0; i != o->connections; ++i)
        natsConnection_Destroy(all[i].nc);
    free(all);
    free(payload);
}
