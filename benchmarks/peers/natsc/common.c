// SPDX-License-Identifier: Apache-2.0
#include "peers/natsc/natsc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void natsc_check(natsStatus status, const char* what) {
    natsStatus last;
    if (status == NATS_OK)
        return;
    const char* more = nats_GetLastError(&last);
    fprintf(stderr, "conats_bench_natsc: %s: %s %s\n", what, natsStatus_GetText(status),
            more != NULL ? more : "");
    exit(1);
}

natsConnection* natsc_connect(const struct bench_options* o) {
    natsOptions* options = NULL;
    natsConnection* nc = NULL;
    natsc_check(natsOptions_Create(&options), "options");
    natsc_check(natsOptions_SetURL(options, o->server), "URL");
    natsc_check(natsOptions_SetAllowReconnect(options, false), "options");
    // What its documentation advises for the latency of requests; it costs throughput elsewhere.
    if (strcmp(o->scenario, "request") == 0)
        natsc_check(natsOptions_SetSendAsap(options, true), "options");
    natsc_check(natsConnection_Connect(&nc, options), "connect");
    natsOptions_Destroy(options);
    return nc;
}

void* natsc_new(uint64_t count, size_t size) {
    void* memory = calloc(count, size);
    if (memory == NULL)
        natsc_check(NATS_NO_MEMORY, "memory");
    return memory;
}

char* natsc_payload(uint64_t size) {
    char* payload = natsc_new(size + 1, 1);
    memset(payload, 'p', size);
    return payload;
}

void natsc_in_threads(void* (*f)(void*), void* elements, uint64_t count, size_t size) {
    pthread_t* threads = natsc_new(count, sizeof *threads);
    for (uint64_t i = 0; i != count; ++i)
        if (pthread_create(&threads[i], NULL, f, (char*)elements + i * size) != 0)
            natsc_check(NATS_SYS_ERROR, "thread");
    for (uint64_t i = 0; i != count; ++i)
        pthread_join(threads[i], NULL);
    free(threads);
}
