// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

// What conats_bench_raw does.

/// Publishes frames encoded beforehand, until the server has all; prints how long it took.
void raw_publish(int fd, const char* subject, size_t size, uint64_t count);

/// Counts the bytes of what a second conats_bench_raw publishes; prints how long it took.
void raw_count(int fd, const char* subject, size_t size, uint64_t count);

/// Answers requests with what came, until it is killed. Prints "ready".
void raw_respond(int fd, const char* subject);

/// A server for one client: prints its port, and sends messages to the first subscription as soon
/// as it gets a PING after it.
void raw_serve(size_t size, uint64_t count);
