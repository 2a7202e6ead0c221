// SPDX-License-Identifier: Apache-2.0

// The other side of a benchmark, and the limit to compare with: as fast as a blocking socket and no
// library allow.
//
//     NATS_URL=nats://token@host:port conats_bench_raw publish SUBJECT SIZE COUNT
//     NATS_URL=nats://token@host:port conats_bench_raw count SUBJECT SIZE COUNT
//     NATS_URL=nats://token@host:port conats_bench_raw respond SUBJECT
//     conats_bench_raw serve SIZE COUNT

#include "common/raw_modes.h"
#include "common/raw_socket.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static uint64_t number(const char* text) {
    return strtoull(text, NULL, 10);
}

int main(int count, char** arguments) {
    const char* mode = count > 1 ? arguments[1] : "";
    prctl(PR_SET_PDEATHSIG, SIGTERM); // ends with who started it
    if (count == 5 && strcmp(mode, "publish") == 0) {
        raw_publish(raw_connect(), arguments[2], number(arguments[3]), number(arguments[4]));
    } else if (count == 5 && strcmp(mode, "count") == 0) {
        raw_count(raw_connect(), arguments[2], number(arguments[3]), number(arguments[4]));
    } else if (count == 3 && strcmp(mode, "respond") == 0) {
        raw_respond(raw_connect(), arguments[2]);
    } else if (count == 4 && strcmp(mode, "serve") == 0) {
        raw_serve(number(arguments[2]), number(arguments[3]));
    } else {
        fprintf(stderr, "usage: conats_bench_raw publish|count SUBJECT SIZE COUNT\n"
                        "       conats_bench_raw respond SUBJECT\n"
                        "       conats_bench_raw serve SIZE COUNT\n");
        return 2;
    }
    return 0;
}
