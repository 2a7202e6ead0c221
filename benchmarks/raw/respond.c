// SPDX-License-Identifier: Apache-2.0
#include "raw/frames.h"
#include "raw/modes.h"
#include "raw/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { room = 2 * 1024 * 1024 };

static char* put(char* to, const char* from, size_t size) {
    memcpy(to, from, size);
    return to + size;
}

// What is answered is never longer than what has come.
static char* answer(char* out, const struct raw_command* c) {
    if (c->payload == NULL)
        return raw_is(c, "PING") ? put(out, "PONG\r\n", 6) : out;
    const size_t last = c->words - 1;
    out = put(out, "PUB ", 4);
    out = put(out, c->word[3], c->length[3]);
    *out++ = ' ';
    out = put(out, c->word[last], c->length[last]);
    out = put(out, "\r\n", 2);
    return put(out, c->payload, c->size + 2);
}

void raw_respond(int fd, const char* subject) {
    char* in = malloc(room);
    char* out = malloc(room);
    char hello[512];
    size_t have = 0;
    if (in == NULL || out == NULL)
        raw_fail("memory");
    const int size = snprintf(hello, sizeof hello, "SUB %s 1\r\nPING\r\n", subject);
    raw_send(fd, hello, (size_t)size);
    raw_await(fd, "PONG\r\n");
    bench_say_ready();
    for (;;) {
        struct raw_command c;
        char* end = out;
        if (have == room)
            raw_fail("payload");
        have += raw_receive(fd, in + have, room - have);
        const char* at = in;
        for (const char* next; (next = raw_take_command(at, in + have, &c)) != NULL; at = next)
            end = answer(end, &c);
        raw_send(fd, out, (size_t)(end - out));
        have -= (size_t)(at - in);
        memmove(in, at, have);
    }
}
