// SPDX-License-Identifier: Apache-2.0
#include "peers/natsc/natsc.h"

#include <stdio.h>
#include <stdlib.h>

struct publisher {
    natsConnection* nc;
    char subject[32];
    const char* payload;
    uint64_t size;
    uint64_t count;
    bool headers;
};

static void publish_with_headers(const struct publisher* to) {
    natsMsg* m = NULL;
    for (uint64_t i = 0; i != to->count; ++i) {
        natsc_check(natsMsg_Create(&m, to->subject, NULL, to->payload, (int)to->size), "message");
        natsc_check(natsMsgHeader_Set(m, "Nats-Msg-Id", "1"), "header");
        natsc_check(natsMsgHeader_Set(m, "Trace", "0123456789abcdef"), "header");
        natsc_check(natsConnection_PublishMsg(to->nc, m), "publish");
        natsMsg_Destroy(m);
    }
}

static void publish_plain(const struct publisher* to) {
    for (uint64_t i = 0; i != to->count; ++i)
        natsc_check(natsConnection_Publish(to->nc, to->subject, to->payload, (int)to->size),
                    "publish");
}

static void* publish(void* p) {
    const struct publisher* to = p;
    if (to->headers)
        publish_with_headers(to);
    else
        publish_plain(to);
    natsc_check(natsConnection_FlushTimeout(to->nc, 60000), "flush");
    return NULL;
}

void natsc_publish(const struct bench_options* o, struct bench_result* result) {
    char* payload = natsc_payload(o->size);
    struct publisher* all = natsc_new(o->connections, sizeof *all);
    for (uint64_t i = 0; i != o->connections; ++i) {
        all[i].nc = natsc_connect(o);
        snprintf(all[i].subject, sizeof all[i].subject, "bench.%u", (unsigned)i);
        all[i].payload = payload;
        all[i].size = o->size;
        all[i].headers = o->headers;
        all[i].count = bench_share(o->count, i, o->connections);
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
