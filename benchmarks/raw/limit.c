// SPDX-License-Identifier: Apache-2.0

// As fast as a blocking socket and no library allow. "raw": frames encoded beforehand, bytes
// counted and not looked at. "ideal": one thread that encodes or parses each message; with a mutex,
// as one needs to publish from many threads, or with a copy, as one needs to keep messages.

#include "raw/frames.h"
#include "raw/modes.h"
#include "raw/socket.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { write_size = 64 * 1024, read_size = 64 * 1024 };

static void* allocate(size_t size) {
    void* memory = malloc(size);
    if (memory == NULL)
        raw_fail("memory");
    return memory;
}

static void encode_and_send(int fd, const struct raw_frame* f, uint64_t count, bool locks) {
    const size_t frame = raw_frame_size(f);
    char* out = allocate(write_size + frame);
    char* payload = allocate(f->size + 1);
    char* at = out;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    memset(payload, 'p', f->size);
    for (uint64_t i = 0; i != count; ++i) {
        if (locks)
            pthread_mutex_lock(&mutex);
        at = raw_encode(at, f, payload);
        if (at - out >= write_size) {
            raw_send(fd, out, (size_t)(at - out));
            at = out;
        }
        if (locks)
            pthread_mutex_unlock(&mutex);
    }
    raw_send(fd, out, (size_t)(at - out));
    free(payload);
    free(out);
}

void raw_limit_publish(int fd, const struct bench_options* o, struct bench_result* result) {
    const struct raw_frame frame = {"PUB", "bench.0", o->headers, o->size};
    const struct bench_mark first = bench_now();
    if (strcmp(o->form, "raw") == 0)
        raw_send_frames(fd, &frame, o->count);
    else
        encode_and_send(fd, &frame, o->count, strcmp(o->form, "ideal_mutex") == 0);
    raw_send(fd, "PING\r\n", 6);
    raw_await(fd, "PONG\r\n");
    bench_set_span(result, first, bench_now());
    result->messages = o->count;
}

void raw_publish(int fd, const char* subject, bool headers, size_t size, uint64_t count) {
    const struct raw_frame frame = {"PUB", subject, headers, size};
    raw_send_frames(fd, &frame, count);
    raw_send(fd, "PING\r\n", 6);
    raw_await(fd, "PONG\r\n");
}

static void subscribe(int fd, const char* subject) {
    char line[300];
    const int size = snprintf(line, sizeof line, "SUB %s 1\r\nPING\r\n", subject);
    raw_send(fd, line, (size_t)size);
}

// Subscribes and says that it has. A source sends at once: returns how much came after the PONG.
static size_t begin_receiving(int fd, char* in, size_t room) {
    size_t have = 0;
    char* pong = NULL;
    subscribe(fd, "bench.0");
    while (pong == NULL) {
        if (have == room)
            raw_fail("no PONG");
        have += raw_receive(fd, in + have, room - have);
        pong = memmem(in, have, "PONG\r\n", 6);
    }
    bench_say_ready();
    have -= (size_t)(pong + 6 - in);
    memmove(in, pong + 6, have);
    return have;
}

static struct bench_mark count_bytes(int fd, const struct bench_options* o) {
    const struct raw_frame frame = {"MSG", "bench.0 1", o->headers, o->size};
    const uint64_t all = raw_frame_size(&frame) * o->count;
    char* in = allocate(read_size);
    uint64_t have = begin_receiving(fd, in, read_size);
    if (have == 0)
        have = raw_receive(fd, in, read_size);
    const struct bench_mark first = bench_now();
    while (have < all)
        have += raw_receive(fd, in, read_size);
    free(in);
    return first;
}

static void look_at(const struct raw_command* c, bool copies) {
    if (copies) {
        char* copy = allocate(c->size);
        memcpy(copy, c->payload, c->size);
        __asm__ volatile("" : : "r"(copy) : "memory"); // so that it is made
        free(copy);
    }
}

static struct bench_mark parse_each(int fd, const struct bench_options* o) {
    const bool copies = strcmp(o->form, "ideal_copy") == 0;
    const size_t room = read_size + o->size + 1024;
    struct bench_mark first = {0, 0};
    char* in = allocate(room);
    size_t have = begin_receiving(fd, in, room);
    for (uint64_t n = 0; n < o->count;) {
        struct raw_command c;
        const char* at = in;
        for (const char* next; (next = raw_take_command(at, in + have, &c)) != NULL; at = next) {
            if (c.payload == NULL)
                continue;
            if (n++ == 0)
                first = bench_now();
            look_at(&c, copies);
        }
        have -= (size_t)(at - in);
        memmove(in, at, have);
        if (n < o->count)
            have += raw_receive(fd, in + have, room - have);
    }
    free(in);
    return first;
}

void raw_limit_receive(int fd, const struct bench_options* o, struct bench_result* result) {
    const struct bench_mark first =
        strcmp(o->form, "raw") == 0 ? count_bytes(fd, o) : parse_each(fd, o);
    bench_set_span(result, first, bench_now());
    result->messages = o->count;
}

// How many bytes a call of send or recv that may not wait has moved.
static size_t moved(ssize_t n) {
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        raw_fail("publish and receive");
    return n < 0 ? 0 : (size_t)n;
}

// One thread that receives what it publishes, whichever the socket is ready for.
void raw_limit_both(int fd, const struct bench_options* o, struct bench_result* result) {
    const struct raw_frame sent = {"PUB", "bench.0", o->headers, o->size};
    const struct raw_frame received = {"MSG", "bench.0 1", o->headers, o->size};
    uint64_t to_receive = raw_frame_size(&received) * o->count;
    uint64_t to_send = raw_frame_size(&sent) * o->count;
    size_t block = 0;
    char* frames = raw_new_frames(&sent, &block);
    char* in = allocate(read_size);
    size_t at = 0; // in the block, which is sent again and again
    subscribe(fd, "bench.0");
    raw_await(fd, "PONG\r\n");
    const struct bench_mark first = bench_now();
    while (to_receive != 0) {
        struct pollfd ready = {fd, (short)(to_send != 0 ? POLLIN | POLLOUT : POLLIN), 0};
        if (poll(&ready, 1, -1) < 0)
            raw_fail("poll");
        if ((ready.revents & POLLOUT) != 0) {
            const size_t here = block - at < to_send ? block - at : to_send;
            const size_t n = moved(send(fd, frames + at, here, MSG_NOSIGNAL | MSG_DONTWAIT));
            at = (at + n) % block;
            to_send -= n;
        }
        if ((ready.revents & POLLIN) != 0)
            to_receive -= raw_receive(fd, in, read_size);
    }
    bench_set_span(result, first, bench_now());
    result->messages = o->count;
    free(in);
    free(frames);
}

// Sends `n` requests at once.
static void ask(int fd, const char* request, size_t size, uint64_t n, char* out) {
    for (uint64_t i = 0; i != n; ++i)
        memcpy(out + i * size, request, size);
    raw_send(fd, out, n * size);
}

void raw_limit_request(int fd, const struct bench_options* o, struct bench_result* result) {
    const struct raw_frame frame = {"PUB", "bench.0 _INBOX.raw", false, o->size};
    const size_t size = raw_frame_size(&frame);
    const size_t room = read_size + o->concurrent * (o->size + 128);
    char* payload = allocate(o->size + 1);
    char* request = allocate(size);
    char* out = allocate(size * o->concurrent);
    char* in = allocate(room);
    uint32_t* took = allocate(o->count * sizeof *took);
    uint64_t asked = o->concurrent < o->count ? o->concurrent : o->count;
    size_t have = 0;
    memset(payload, 'p', o->size);
    raw_encode(request, &frame, payload);
    subscribe(fd, "_INBOX.raw");
    raw_await(fd, "PONG\r\n");
    const struct bench_mark first = bench_now();
    uint64_t began = bench_nanoseconds();
    ask(fd, request, size, asked, out);
    for (uint64_t answered = 0; answered != o->count;) {
        struct raw_command c;
        uint64_t came = 0;
        have += raw_receive(fd, in + have, room - have);
        const char* at = in;
        for (const char* next; (next = raw_take_command(at, in + have, &c)) != NULL; at = next)
            came += c.payload != NULL;
        have -= (size_t)(at - in);
        memmove(in, at, have);
        if (came == 0)
            continue;
        const uint64_t now = bench_nanoseconds();
        for (uint64_t i = 0; i != came; ++i)
            took[answered++] = (uint32_t)(now - began); // means something for one at a time only
        const uint64_t more = o->count - asked < came ? o->count - asked : came;
        began = bench_nanoseconds();
        ask(fd, request, size, more, out);
        asked += more;
    }
    bench_set_span(result, first, bench_now());
    result->messages = o->count;
    if (o->concurrent == 1)
        bench_set_latencies(result, took, o->count);
    free(took);
    free(in);
    free(out);
    free(request);
    free(payload);
}
