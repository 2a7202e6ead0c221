// SPDX-License-Identifier: Apache-2.0
#include "peers/natsc/natsc.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One subscription; its messages come in one thread.
struct receiver {
    natsConnection* nc;
    bool owns_connection;
    natsSubscription* sub;
    char subject[32];
    const char* payload; // of pubsub
    uint64_t size;
    uint64_t expected;
    uint64_t count;
    uint64_t bytes;
    struct bench_mark first;
    struct bench_mark last;
    sem_t complete;
};

static void take(struct receiver* r, natsMsg* m) {
    if (r->count == 0)
        r->first = bench_now();
    r->bytes += (uint64_t)natsMsg_GetDataLength(m);
    natsMsg_Destroy(m);
    if (++r->count == r->expected) {
        r->last = bench_now();
        sem_post(&r->complete);
    }
}

static void on_message(natsConnection* nc, natsSubscription* sub, natsMsg* m, void* closure) {
    (void)nc;
    (void)sub;
    take(closure, m);
}

static void* take_all(void* receiver) {
    struct receiver* r = receiver;
    while (r->count != r->expected) {
        natsMsg* m = NULL;
        natsc_check(natsSubscription_NextMsg(&m, r->sub, 60000), "next");
        take(r, m);
    }
    return NULL;
}

static uint64_t receivers_of(const struct bench_options* o) {
    return o->connections * o->subscriptions;
}

static struct receiver* subscribe(const struct bench_options* o, bool same_subject) {
    const uint64_t subscriptions = receivers_of(o);
    struct receiver* all = natsc_new(subscriptions, sizeof *all);
    for (uint64_t i = 0; i != subscriptions; ++i) {
        struct receiver* r = &all[i];
        r->owns_connection = i % o->subscriptions == 0;
        r->nc = r->owns_connection ? natsc_connect(o) : all[i - 1].nc;
        r->size = o->size;
        r->expected = same_subject ? o->count : bench_share(o->count, i, o->connections);
        snprintf(r->subject, sizeof r->subject, "bench.%u", same_subject ? 0U : (unsigned)i);
        sem_init(&r->complete, 0, 0);
        if (strcmp(o->form, "next") == 0)
            natsc_check(natsConnection_SubscribeSync(&r->sub, r->nc, r->subject), "subscribe");
        else
            natsc_check(natsConnection_Subscribe(&r->sub, r->nc, r->subject, on_message, r),
                        "subscribe");
        natsc_check(natsSubscription_SetPendingLimits(r->sub, -1, -1), "limits");
        natsc_check(natsConnection_Flush(r->nc), "flush");
    }
    return all;
}

// Sums up, and cleans up.
static void finish(const struct bench_options* o, struct receiver* all,
                   struct bench_result* result) {
    struct bench_mark first = all[0].first;
    struct bench_mark last = all[0].last;
    for (uint64_t i = 0; i != receivers_of(o); ++i) {
        if (all[i].bytes != all[i].count * o->size)
            natsc_check(NATS_ERR, "received payloads of the wrong size");
        if (all[i].first.time < first.time)
            first = all[i].first;
        if (all[i].last.time > last.time)
            last = all[i].last;
        result->messages += all[i].count;
        natsSubscription_Destroy(all[i].sub);
    }
    for (uint64_t i = 0; i != receivers_of(o); ++i)
        if (all[i].owns_connection)
            natsConnection_Destroy(all[i].nc);
    bench_set_span(result, first, last);
    free(all);
}

// Every subscription receives every message.
void natsc_subscribe(const struct bench_options* o, struct bench_result* result) {
    struct receiver* all = subscribe(o, true);
    bench_say_ready();
    if (strcmp(o->form, "next") == 0)
        natsc_in_threads(take_all, all, receivers_of(o), sizeof *all);
    for (uint64_t i = 0; i != receivers_of(o); ++i)
        sem_wait(&all[i].complete);
    finish(o, all, result);
}

static void* publish(void* receiver) {
    struct receiver* r = receiver;
    const int size = (int)r->size;
    for (uint64_t i = 0; i != r->expected; ++i)
        natsc_check(natsConnection_Publish(r->nc, r->subject, r->payload, size), "publish");
    natsc_check(natsConnection_FlushTimeout(r->nc, 60000), "flush");
    return NULL;
}

// Every connection receives what it has published itself.
void natsc_publish_subscribe(const struct bench_options* o, struct bench_result* result) {
    char* payload = natsc_payload(o->size);
    struct receiver* all = subscribe(o, false);
    for (uint64_t i = 0; i != o->connections; ++i)
        all[i].payload = payload;
    const struct bench_mark first = bench_now();
    if (o->connections == 1)
        publish(all);
    else
        natsc_in_threads(publish, all, o->connections, sizeof *all);
    for (uint64_t i = 0; i != o->connections; ++i)
        sem_wait(&all[i].complete);
    all[0].first = first;
    finish(o, all, result);
    free(payload);
}
