// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

// Starts conats_bench_raw; see common/raw_modes.h. Each returns the process id, or -1 with errno.
// The server's address goes to it in the environment, since arguments are shown to every user of
// the machine.

pid_t bench_start_publisher(const char* server, const char* subject, uint64_t size, uint64_t count);

/// Returns when the server knows the service.
pid_t bench_start_responder(const char* server, const char* subject);

/// Returns when it listens; `url` gets its address.
pid_t bench_start_server(uint64_t size, uint64_t count, char* url, size_t room);

/// Ends it, if it has not ended, and waits for that.
void bench_stop_process(pid_t process);

#ifdef __cplusplus
}
#endif
