// SPDX-License-Identifier: Apache-2.0
#include "raw/frames.h"
#include "raw/modes.h"
#include "raw/socket.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { room = 2 * 1024 * 1024, sink_size = 256 * 1024 };

static int listen_anywhere(int* port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr*)&address, size) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr*)&address, &size) != 0)
        raw_fail("listen");
    *port = ntohs(address.sin_port);
    return fd;
}

static int accept_client(int listener, int port) {
    char info[300];
    const int on = 1;
    const int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        raw_fail("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int size = snprintf(info, sizeof info,
                              "INFO {\"server_id\":\"RAW\",\"server_name\":\"raw\",\"version\":"
                              "\"2.9.10\",\"proto\":1,\"headers\":true,\"host\":\"127.0.0.1\","
                              "\"port\":%d,\"max_payload\":1048576}\r\n",
                              port);
    raw_send(fd, info, (size_t)size);
    return fd;
}

// Serves one client after another, until it is killed.
static void serve_each(void (*serve)(int fd, const void* what), const void* what) {
    int port = 0;
    const int listener = listen_anywhere(&port);
    printf("%d\n", port);
    fflush(stdout);
    for (;;) {
        const int fd = accept_client(listener, port);
        serve(fd, what);
        close(fd);
    }
}

// Calls `on_command` for each command of the client, until that is gone.
static void read_commands(int fd, void (*on_command)(const struct raw_command* c, void* to),
                          void (*on_read)(void* to), void* to) {
    char* in = malloc(room);
    size_t have = 0;
    if (in == NULL)
        raw_fail("memory");
    for (;;) {
        struct raw_command c;
        const ssize_t n = recv(fd, in + have, room - have, 0);
        if (n <= 0)
            break;
        have += (size_t)n;
        const char* at = in;
        for (const char* next; (next = raw_take_command(at, in + have, &c)) != NULL; at = next)
            on_command(&c, to);
        on_read(to);
        have -= (size_t)(at - in);
        memmove(in, at, have);
        if (have == room)
            raw_fail("a command that is too long");
    }
    free(in);
}

struct client {
    int fd;
    char sid[32]; // of the last subscription
    // of a source, or of one at random
    void (*on_command)(const struct raw_command* c, void* client);
    char words[300];
    const struct raw_frame* frame;
    uint64_t count;
    // of one at random
    uint64_t spread;
    bool began;
    // of an echo
    char* out;
    char* out_end;
};

static void note_subscription(struct client* to, const struct raw_command* c) {
    const size_t last = c->words - 1;
    if (c->length[last] >= sizeof to->sid)
        return;
    memcpy(to->sid, c->word[last], c->length[last]);
    to->sid[c->length[last]] = '\0';
    snprintf(to->words, sizeof to->words, "%.*s %s", (int)c->length[1], c->word[1], to->sid);
}

static void on_command_of_source(const struct raw_command* c, void* client) {
    struct client* to = client;
    if (raw_is(c, "SUB"))
        note_subscription(to, c);
    if (!raw_is(c, "PING"))
        return;
    raw_send(to->fd, "PONG\r\n", 6);
    if (to->sid[0] != '\0') {
        struct raw_frame frame = *to->frame;
        frame.words = to->words;
        raw_send_frames(to->fd, &frame, to->count);
        to->count = 0;
    }
}

// xorshift
static uint64_t random_number(uint64_t* state) {
    *state ^= *state << 13U;
    *state ^= *state >> 7U;
    *state ^= *state << 17U;
    return *state;
}

static void send_at_random(const struct client* to) {
    const uint64_t last = strtoull(to->sid, NULL, 10);
    const uint64_t spread = to->spread < last ? to->spread : last;
    char* payload = malloc(to->frame->size + 1);
    char* out = malloc(sink_size + to->frame->size + 512);
    char* end = out;
    uint64_t state = 88172645463325252U;
    if (payload == NULL || out == NULL)
        raw_fail("memory");
    memset(payload, 'p', to->frame->size);
    for (uint64_t i = 0; i != to->count; ++i) {
        char words[64];
        struct raw_frame frame = *to->frame;
        snprintf(words, sizeof words, "orders %" PRIu64, last - random_number(&state) % spread);
        frame.words = words;
        end = raw_encode(end, &frame, payload);
        if (end - out >= sink_size) {
            raw_send(to->fd, out, (size_t)(end - out));
            end = out;
        }
    }
    raw_send(to->fd, out, (size_t)(end - out));
    free(out);
    free(payload);
}

static void on_command_of_random(const struct raw_command* c, void* client) {
    struct client* to = client;
    if (raw_is(c, "SUB"))
        note_subscription(to, c);
    to->began = to->began || raw_is(c, "PUB");
    if (!raw_is(c, "PING"))
        return;
    raw_send(to->fd, "PONG\r\n", 6);
    if (to->began) {
        send_at_random(to);
        to->count = 0;
    }
}

static void on_read_nothing(void* client) {
    (void)client;
}

static void serve_sender(int fd, const void* what) {
    struct client to = *(const struct client*)what;
    to.fd = fd;
    read_commands(fd, to.on_command, on_read_nothing, &to);
}

void raw_serve_random(size_t size, uint64_t count, uint64_t spread) {
    const struct raw_frame frame = {"MSG", "", false, size};
    struct client to;
    memset(&to, 0, sizeof to);
    to.frame = &frame;
    to.count = count;
    to.spread = spread;
    to.on_command = on_command_of_random;
    serve_each(serve_sender, &to);
}

void raw_serve_source(bool headers, size_t size, uint64_t count) {
    const struct raw_frame frame = {"MSG", "", headers, size};
    struct client to;
    memset(&to, 0, sizeof to);
    to.frame = &frame;
    to.count = count;
    to.on_command = on_command_of_source;
    serve_each(serve_sender, &to);
}

// Nothing else that clients of a benchmark send has a G.
static bool is_ping(const char* g) {
    return memcmp(g - 3, "PING", 4) == 0;
}

static void serve_sink(int fd, const void* what) {
    enum { carried = 3 }; // a PING may come in two parts
    char* in = malloc(carried + sink_size);
    (void)what;
    if (in == NULL)
        raw_fail("memory");
    memset(in, 0, carried);
    for (ssize_t n; (n = recv(fd, in + carried, sink_size, 0)) > 0;) {
        const char* end = in + carried + n;
        const char* g = in + carried;
        while ((g = memchr(g, 'G', (size_t)(end - g))) != NULL) {
            if (is_ping(g++))
                raw_send(fd, "PONG\r\n", 6);
        }
        memmove(in, end - carried, carried);
    }
    free(in);
}

void raw_serve_sink(void) {
    serve_each(serve_sink, NULL);
}

static void on_command_of_echo(const struct raw_command* c, void* client) {
    struct client* to = client;
    if (raw_is(c, "SUB"))
        note_subscription(to, c);
    if (raw_is(c, "PING")) {
        memcpy(to->out_end, "PONG\r\n", 6);
        to->out_end += 6;
    }
    if (c->payload == NULL || c->words < 4)
        return;
    to->out_end += sprintf(to->out_end, "MSG %.*s %s %zu\r\n", (int)c->length[2], c->word[2],
                           to->sid, c->size);
    memcpy(to->out_end, c->payload, c->size + 2);
    to->out_end += c->size + 2;
}

static void send_answers(void* client) {
    struct client* to = client;
    raw_send(to->fd, to->out, (size_t)(to->out_end - to->out));
    to->out_end = to->out;
}

static void serve_echo(int fd, const void* what) {
    struct client to;
    (void)what;
    memset(&to, 0, sizeof to);
    to.fd = fd;
    to.out = malloc(2 * room); // an answer may have some bytes more than its request
    to.out_end = to.out;
    if (to.out == NULL)
        raw_fail("memory");
    read_commands(fd, on_command_of_echo, send_answers, &to);
    free(to.out);
}

void raw_serve_echo(void) {
    serve_each(serve_echo, NULL);
}
