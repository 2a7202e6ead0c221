// SPDX-License-Identifier: Apache-2.0
#include "peers/natsc/natsc.h"

#include <stdlib.h>

static const char subject[] = "bench.0";

struct caller {
    natsConnection* nc;
    const char* payload;
    uint64_t size;
    uint64_t count;
    uint32_t* nanoseconds;
};

static void* call(void* caller) {
    const struct caller* c = caller;
    for (uint64_t i = 0; i != c->count; ++i) {
        natsMsg* reply = NULL;
        const uint64_t began = bench_nanoseconds();
        natsc_check(natsConnection_Request(&reply, c->nc, subject, c->payload, (int)c->size, 5000),
                    "request");
        const uint64_t took = bench_nanoseconds() - began;
        c->nanoseconds[i] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
        if ((uint64_t)natsMsg_GetDataLength(reply) != c->size)
            natsc_check(NATS_ERR, "a reply of the wrong size");
        natsMsg_Destroy(reply);
    }
    return NULL;
}

// The callers share the connections evenly.
void natsc_request(const struct bench_options* o, struct bench_result* result) {
    char* payload = natsc_payload(o->size);
    natsConnection** connections = natsc_new(o->connections, sizeof(natsConnection*));
    struct caller* all = natsc_new(o->concurrent, sizeof *all);
    uint32_t* nanoseconds = natsc_new(o->count, sizeof *nanoseconds);
    uint32_t* next = nanoseconds;
    for (uint64_t i = 0; i != o->connections; ++i)
        connections[i] = natsc_connect(o);
    for (uint64_t i = 0; i != o->concurrent; ++i) {
        all[i].nc = connections[i % o->connections];
        all[i].payload = payload;
        all[i].size = o->size;
        all[i].count = bench_share(o->count, i, o->concurrent);
        all[i].nanoseconds = next;
        next += all[i].count;
    }
    const struct bench_mark first = bench_now();
    if (o->concurrent == 1)
        call(all);
    else
        natsc_in_threads(call, all, o->concurrent, sizeof *all);
    bench_set_span(result, first, bench_now());
    bench_set_latencies(result, nanoseconds, o->count);
    result->messages = o->count;
    for (uint64_t i = 0; i != o->connections; ++i)
        natsConnection_Destroy(connections[i]);
    free(connections);
    free(all);
    free(nanoseconds);
    free(payload);
}
