// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What conats_bench_raw does. `fd` is a connection to the server, if there is one.

// The limits: scenarios like those of a client.
void raw_limit_publish(int fd, const struct bench_options* o, struct bench_result* result);
void raw_limit_receive(int fd, const struct bench_options* o, struct bench_result* result);
void raw_limit_both(int fd, const struct bench_options* o, struct bench_result* result);
void raw_limit_request(int fd, const struct bench_options* o, struct bench_result* result);

/// Publishes frames encoded beforehand, until the server has all.
void raw_publish(int fd, const char* subject, bool headers, size_t size, uint64_t count);

/// Answers requests with what came, until it is killed. Prints "ready".
void raw_respond(int fd, const char* subject);

// Servers without a nats-server, for one client after another. Each prints its port.

/// Sends messages to the last subscription as soon as it gets a PING after it.
void raw_serve_source(bool headers, size_t size, uint64_t count);
/// Once the client has published something: sends messages to the last `spread` of its
/// subscriptions, at random.
void raw_serve_random(size_t size, uint64_t count, uint64_t spread);
/// Throws away what comes, but for PINGs.
void raw_serve_sink(void);
/// Answers each message that has a reply subject with its payload, at the last subscription.
void raw_serve_echo(void);
