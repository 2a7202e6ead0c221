// SPDX-License-Identifier: Apache-2.0
#include "common/raw_frames.h"
#include "common/raw_modes.h"
#include "common/raw_process.h"
#include "common/raw_socket.h"
#include "common/result.h"

#include <stdio.h>
#include <stdlib.h>

enum { read_size = 64 * 1024 };

static void print(const char* scenario, size_t size, uint64_t count, struct bench_mark first,
                  struct bench_mark last) {
    struct bench_result result = {.client = "raw", .version = "-", .scenario = scenario};
    result.form = "socket";
    result.size = size;
    result.messages = count;
    result.connections = 1;
    result.subscriptions = 1;
    result.concurrent = 1;
    bench_set_span(&result, first, last);
    bench_print(&result, true);
}

void raw_publish(int fd, const char* subject, size_t size, uint64_t count) {
    char head[300];
    snprintf(head, sizeof head, "PUB %s", subject);
    const struct bench_mark first = bench_now();
    raw_send_frames(fd, head, size, count);
    raw_send(fd, "PING\r\n", 6);
    raw_await(fd, "PONG\r\n");
    print("pub", size, count, first, bench_now());
}

void raw_count(int fd, const char* subject, size_t size, uint64_t count) {
    const char* server = getenv("NATS_URL");
    char head[300];
    char* in = malloc(read_size);
    int hello = snprintf(head, sizeof head, "SUB %s 1\r\nPING\r\n", subject);
    if (in == NULL || server == NULL)
        raw_fail("memory, or NATS_URL");
    raw_send(fd, head, (size_t)hello);
    raw_await(fd, "PONG\r\n");
    const pid_t publisher = bench_start_publisher(server, subject, size, count);
    if (publisher < 0)
        raw_fail("publisher");
    snprintf(head, sizeof head, "MSG %s 1", subject);
    const uint64_t all = raw_frame_size(head, size) * count;
    uint64_t have = raw_receive(fd, in, read_size);
    const struct bench_mark first = bench_now();
    while (have < all)
        have += raw_receive(fd, in, read_size);
    print("sub", size, count, first, bench_now());
    bench_stop_process(publisher);
    free(in);
}
