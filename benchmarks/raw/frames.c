// SPDX-License-Identifier: Apache-2.0
#include "raw/frames.h"

#include "raw/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { write_size = 64 * 1024 };

static const char header_block[] = "NATS/1.0\r\nNats-Msg-Id: 1\r\nTrace: 0123456789abcdef\r\n\r\n";
static const size_t header_size = sizeof header_block - 1;

static char* put(char* to, const char* from, size_t size) {
    memcpy(to, from, size);
    return to + size;
}

static char* put_number(char* to, size_t n) {
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    return put(to, digits + i, sizeof digits - i);
}

char* raw_encode(char* to, const struct raw_frame* f, const char* payload) {
    if (f->headers)
        *to++ = 'H';
    to = put(to, f->verb, strlen(f->verb));
    *to++ = ' ';
    to = put(to, f->words, strlen(f->words));
    *to++ = ' ';
    if (f->headers) {
        to = put_number(to, header_size);
        *to++ = ' ';
    }
    to = put_number(to, f->size + (f->headers ? header_size : 0));
    to = put(to, "\r\n", 2);
    if (f->headers)
        to = put(to, header_block, header_size);
    to = put(to, payload, f->size);
    return put(to, "\r\n", 2);
}

static char* new_frame(const struct raw_frame* f, size_t copies, size_t* size) {
    char* payload = malloc(f->size + 1);
    char* frames = malloc(copies * (f->size + header_size + strlen(f->words) + 64));
    if (payload == NULL || frames == NULL)
        raw_fail("memory");
    memset(payload, 'p', f->size);
    *size = (size_t)(raw_encode(frames, f, payload) - frames);
    free(payload);
    for (size_t i = 1; i < copies; ++i)
        memcpy(frames + i * *size, frames, *size);
    return frames;
}

size_t raw_frame_size(const struct raw_frame* f) {
    size_t size = 0;
    free(new_frame(f, 1, &size));
    return size;
}

static uint64_t frames_at_once(const struct raw_frame* f) {
    return write_size / raw_frame_size(f) + 1;
}

char* raw_new_frames(const struct raw_frame* f, size_t* size) {
    const uint64_t at_once = frames_at_once(f);
    char* frames = new_frame(f, at_once, size);
    *size *= at_once;
    return frames;
}

void raw_send_frames(int fd, const struct raw_frame* f, uint64_t count) {
    const uint64_t at_once = frames_at_once(f);
    size_t size = 0;
    char* frames = new_frame(f, at_once, &size);
    for (; count >= at_once; count -= at_once)
        raw_send(fd, frames, at_once * size);
    raw_send(fd, frames, (size_t)count * size);
    free(frames);
}

static size_t number(const char* text, size_t length) {
    size_t n = 0;
    for (size_t i = 0; i != length; ++i)
        n = n * 10 + (size_t)(text[i] - '0');
    return n;
}

bool raw_is(const struct raw_command* c, const char* verb) {
    const size_t length = strlen(verb);
    return c->words != 0 && c->length[0] == length && memcmp(c->word[0], verb, length) == 0;
}

const char* raw_take_command(const char* at, const char* end, struct raw_command* c) {
    c->words = 0;
    c->payload = NULL;
    c->size = 0;
    const char* word = at;
    for (;; ++at) {
        if (at == end)
            return NULL;
        if (*at != ' ' && *at != '\r' && *at != '\n')
            continue;
        if (at != word && c->words < 6) {
            c->word[c->words] = word;
            c->length[c->words++] = (size_t)(at - word);
        }
        word = at + 1;
        if (*at == '\n')
            break;
    }
    ++at;
    if (!raw_is(c, "MSG") && !raw_is(c, "PUB") && !raw_is(c, "HMSG") && !raw_is(c, "HPUB"))
        return at;
    c->size = number(c->word[c->words - 1], c->length[c->words - 1]);
    if ((size_t)(end - at) < c->size + 2)
        return NULL;
    c->payload = at;
    return at + c->size + 2;
}
