// SPDX-License-Identifier: Apache-2.0
#include "common/raw_process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

// Starts the program with its stdout going to `output`.
static pid_t start(char* const arguments[], int output) {
    posix_spawn_file_actions_t actions;
    pid_t process = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    errno = posix_spawn(&process, CONATS_BENCH_RAW, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return errno == 0 ? process : -1;
}

// Starts it and reads what it says first.
static pid_t start_and_read(char* const arguments[], char* text, size_t room) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    const pid_t process = start(arguments, ends[1]);
    close(ends[1]);
    const ssize_t n = process > 0 ? read(ends[0], text, room - 1) : 0;
    close(ends[0]);
    if (n > 0) {
        text[n] = '\0';
        return process;
    }
    bench_stop_process(process);
    errno = ECONNREFUSED; // it has said more on stderr
    return -1;
}

pid_t bench_start_publisher(const char* server, const char* subject, uint64_t size,
                            uint64_t count) {
    char size_text[24];
    char count_text[24];
    char* arguments[] = {"raw", "publish", (char*)subject, size_text, count_text, NULL};
    snprintf(size_text, sizeof size_text, "%" PRIu64, size);
    snprintf(count_text, sizeof count_text, "%" PRIu64, count);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0 || setenv("NATS_URL", server, 1) != 0)
        return -1;
    const pid_t process = start(arguments, nowhere);
    close(nowhere);
    return process;
}

pid_t bench_start_responder(const char* server, const char* subject) {
    char* arguments[] = {"raw", "respond", (char*)subject, NULL};
    char ready[16];
    if (setenv("NATS_URL", server, 1) != 0)
        return -1;
    return start_and_read(arguments, ready, sizeof ready);
}

pid_t bench_start_server(uint64_t size, uint64_t count, char* url, size_t room) {
    char size_text[24];
    char count_text[24];
    char port[16];
    char* arguments[] = {"raw", "serve", size_text, count_text, NULL};
    snprintf(size_text, sizeof size_text, "%" PRIu64, size);
    snprintf(count_text, sizeof count_text, "%" PRIu64, count);
    const pid_t process = start_and_read(arguments, port, sizeof port);
    if (process > 0)
        snprintf(url, room, "nats://127.0.0.1:%d", atoi(port));
    return process;
}

void bench_stop_process(pid_t process) {
    if (process <= 0)
        return;
    kill(process, SIGTERM);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
}
