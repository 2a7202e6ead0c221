// SPDX-License-Identifier: Apache-2.0
#include "raw/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void raw_fail(const char* what) {
    fprintf(stderr, "conats_bench_raw: %s: %s\n", what, errno != 0 ? strerror(errno) : "failed");
    exit(1);
}

void raw_send(int fd, const char* data, size_t size) {
    while (size > 0) {
        const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0)
            raw_fail("send");
        data += n;
        size -= (size_t)n;
    }
}

size_t raw_receive(int fd, char* to, size_t room) {
    const ssize_t n = recv(fd, to, room, 0);
    if (n < 0)
        raw_fail("receive");
    if (n == 0) {
        errno = ECONNRESET;
        raw_fail("receive");
    }
    return (size_t)n;
}

// Reads until `what` has come; nothing that follows it may be of interest.
void raw_await(int fd, const char* what) {
    char seen[8192];
    size_t size = 0;
    for (;;) {
        if (size == sizeof seen - 1)
            size = 0;
        size += raw_receive(fd, seen + size, sizeof seen - 1 - size);
        seen[size] = '\0';
        if (strstr(seen, what) != NULL)
            return;
        if (strstr(seen, "-ERR") != NULL) {
            fprintf(stderr, "conats_bench_raw: the server says %s", strstr(seen, "-ERR"));
            exit(1);
        }
    }
}

struct address {
    char user[256]; // or the token
    char password[256];
    char host[256];
    char port[16];
};

static void parse_url(const char* url, struct address* a) {
    memset(a, 0, sizeof *a);
    const char* scheme = strstr(url, "://");
    const char* at = strrchr(url, '@');
    const char* begin = scheme != NULL ? scheme + 3 : url;
    if (at != NULL && sscanf(begin, "%255[^:@]:%255[^@]", a->user, a->password) < 1)
        raw_fail("NATS_URL");
    if (sscanf(at != NULL ? at + 1 : begin, "%255[^:]:%15[0-9]", a->host, a->port) < 1)
        raw_fail("NATS_URL");
    if (a->port[0] == '\0')
        strcpy(a->port, "4222");
}

static int dial(const struct address* a) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo* found = NULL;
    const int on = 1;
    int fd = -1;
    if (getaddrinfo(a->host, a->port, &hints, &found) != 0)
        raw_fail(a->host);
    for (const struct addrinfo* i = found; i != NULL && fd < 0; i = i->ai_next) {
        fd = socket(i->ai_family, i->ai_socktype, i->ai_protocol);
        if (fd >= 0 && connect(fd, i->ai_addr, i->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd < 0)
        raw_fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

int raw_connect(void) {
    const char* url = getenv("NATS_URL");
    struct address a;
    char greeting[1024];
    parse_url(url != NULL ? url : "nats://127.0.0.1:4222", &a);
    const int fd = dial(&a);
    raw_await(fd, "\r\n");
    // Both are on where they are not named, and pedantic halves what the server does.
    int size = snprintf(greeting, sizeof greeting,
                        "CONNECT {\"verbose\":false,\"pedantic\":false,"
                        "\"protocol\":1,\"headers\":true");
    if (a.password[0] != '\0')
        size += snprintf(greeting + size, sizeof greeting - (size_t)size,
                         ",\"user\":\"%s\",\"pass\":\"%s\"", a.user, a.password);
    else if (a.user[0] != '\0')
        size += snprintf(greeting + size, sizeof greeting - (size_t)size, ",\"auth_token\":\"%s\"",
                         a.user);
    size += snprintf(greeting + size, sizeof greeting - (size_t)size, "}\r\nPING\r\n");
    raw_send(fd, greeting, (size_t)size);
    raw_await(fd, "PONG\r\n");
    return fd;
}
