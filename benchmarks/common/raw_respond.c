// SPDX-License-Identifier: Apache-2.0
#include "common/raw_modes.h"
#include "common/raw_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { room = 1024 * 1024 };

// Answers the complete "MSG subject sid reply size\r\npayload\r\n" in [begin, end) and returns
// where the first incomplete one begins. What is answered is never longer than what has come.
static char* answer(int fd, char* begin, const char* end, char* out) {
    size_t used = 0;
    for (;;) {
        char* line_end = memchr(begin, '\n', (size_t)(end - begin));
        char reply[256];
        size_t size = 0;
        if (line_end == NULL)
            break;
        *line_end = '\0'; // sscanf measures the whole text
        const int fields = sscanf(begin, "MSG %*s %*s %255s %zu", reply, &size);
        *line_end = '\n';
        if (fields == 2 && (size_t)(end - line_end - 1) < size + 2)
            break;
        if (fields == 2) {
            used += (size_t)sprintf(out + used, "PUB %s %zu\r\n", reply, size);
            memcpy(out + used, line_end + 1, size + 2);
            used += size + 2;
            line_end += size + 2;
        } else if (strncmp(begin, "PING", 4) == 0) {
            used += (size_t)sprintf(out + used, "PONG\r\n");
        }
        begin = line_end + 1;
    }
    raw_send(fd, out, used);
    return begin;
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
    if (write(STDOUT_FILENO, "ready\n", 6) != 6)
        raw_fail("stdout");
    for (;;) {
        if (have == room)
            raw_fail("payload");
        have += raw_receive(fd, in + have, room - have);
        const char* rest = answer(fd, in, in + have, out);
        have -= (size_t)(rest - in);
        memmove(in, rest, have);
    }
}
