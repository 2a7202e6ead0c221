// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/options.h"

#include <nats/nats.h>

#include <stddef.h>
#include <stdint.h>

// common.c
void natsc_check(natsStatus status, const char* what); // ends the program with a message
natsConnection* natsc_connect(const struct bench_options* o);
void* natsc_new(uint64_t count, size_t size); // zeroed
char* natsc_payload(uint64_t size);
// Calls f with each of `count` elements, each in a thread of its own, and waits for all.
void natsc_in_threads(void* (*f)(void*), void* elements, uint64_t count, size_t size);

// publish.c, receive.c, request.c
void natsc_publish(const struct bench_options* o, struct bench_result* result);
void natsc_subscribe(const struct bench_options* o, struct bench_result* result);
void natsc_publish_subscribe(const struct bench_options* o, struct bench_result* result);
void natsc_request(const struct bench_options* o, struct bench_result* result);
