// SPDX-License-Identifier: Apache-2.0
#include "common/raw_frames.h"

#include "common/raw_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { write_size = 64 * 1024 };

size_t raw_frame_size(const char* head, size_t size) {
    return (size_t)snprintf(NULL, 0, "%s %zu\r\n", head, size) + size + 2;
}

static void make_frame(char* to, const char* head, size_t size) {
    char* payload = to + sprintf(to, "%s %zu\r\n", head, size);
    memset(payload, 'p', size);
    memcpy(payload + size, "\r\n", 2);
}

void raw_send_frames(int fd, const char* head, size_t size, uint64_t count) {
    const size_t frame = raw_frame_size(head, size);
    const uint64_t at_once = write_size / frame + 1;
    char* frames = malloc(at_once * frame);
    if (frames == NULL)
        raw_fail("memory");
    make_frame(frames, head, size);
    for (uint64_t i = 1; i != at_once; ++i)
        memcpy(frames + i * frame, frames, frame);
    for (; count >= at_once; count -= at_once)
        raw_send(fd, frames, at_once * frame);
    raw_send(fd, frames, (size_t)count * frame);
    free(frames);
}
