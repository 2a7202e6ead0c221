// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"

#include <nats/nats.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct natsc_options {
    const char* server;
    const char* scenario;
    const char* form;
    uint64_t size;
    uint64_t count;
    uint64_t connections;
    uint64_t subscriptions; ///< of each connection
    uint64_t concurrent;
    bool direct;
    bool json;
};

// natsc_options.c. Ends the program where the line is wrong.
struct natsc_options natsc_parse(int count, char** arguments);

// natsc_common.c
void natsc_check(natsStatus status, const char* what); // ends the program with a message
natsConnection* natsc_connect(const struct natsc_options* o);
void* natsc_new(uint64_t count, size_t size); // zeroed
char* natsc_payload(uint64_t size);
uint64_t natsc_share(uint64_t count, uint64_t index, uint64_t of);
// Calls f with each of `count` elements, each in a thread of its own, and waits for all.
void natsc_in_threads(void* (*f)(void*), void* elements, uint64_t count, size_t size);

// natsc_publish.c, natsc_receive.c, natsc_request.c
void natsc_publish(const struct natsc_options* o, struct bench_result* result);
void natsc_subscribe(const struct natsc_options* o, struct bench_result* result);
void natsc_publish_subscribe(const struct natsc_options* o, struct bench_result* result);
void natsc_request(const struct natsc_options* o, struct bench_result* result);
