// SPDX-License-Identifier: Apache-2.0
#include "common/raw_frames.h"
#include "common/raw_modes.h"
#include "common/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static int accept_client(void) {
    char info[300];
    int port = 0;
    const int on = 1;
    const int listener = listen_anywhere(&port);
    printf("%d\n", port);
    fflush(stdout);
    const int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        raw_fail("accept");
    close(listener);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int size = snprintf(info, sizeof info,
                              "INFO {\"server_id\":\"RAW\",\"server_name\":\"raw\",\"version\":"
                              "\"2.9.10\",\"proto\":1,\"headers\":true,\"host\":\"127.0.0.1\","
                              "\"port\":%d,\"max_payload\":1048576}\r\n",
                              port);
    raw_send(fd, info, (size_t)size);
    return fd;
}

void raw_serve(size_t size, uint64_t count) {
    const int fd = accept_client();
    char in[8192];
    char head[600] = "";
    size_t have = 0;
    for (bool sent = false;;) {
        if (have == sizeof in - 1)
            raw_fail("a line that is too long");
        const ssize_t n = recv(fd, in + have, sizeof in - 1 - have, 0);
        if (n <= 0)
            return; // the client is gone
        have += (size_t)n;
        in[have] = '\0';
        char* line = in;
        for (char* end; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
            char subject[256];
            char sid[256];
            *end = '\0';
            if (sscanf(line, "SUB %255s %255s", subject, sid) == 2)
                snprintf(head, sizeof head, "MSG %s %s", subject, sid);
            if (strncmp(line, "PING", 4) != 0)
                continue;
            raw_send(fd, "PONG\r\n", 6);
            if (head[0] != '\0' && !sent) {
                raw_send_frames(fd, head, size, count);
                sent = true;
            }
        }
        have -= (size_t)(line - in);
        memmove(in, line, have);
    }
}
