// SPDX-License-Identifier: Apache-2.0

// What stands beside a benchmark: the limit to compare with, and the other side of a client.
//
//     NATS_URL=nats://token@host:port conats_bench_raw pub|sub|pubsub|request --count N [OPTION...]
//     NATS_URL=nats://token@host:port conats_bench_raw publish SUBJECT SIZE COUNT [headers]
//     NATS_URL=nats://token@host:port conats_bench_raw respond SUBJECT
//     conats_bench_raw serve source SIZE COUNT [headers]
//     conats_bench_raw serve random SIZE COUNT SPREAD
//     conats_bench_raw serve sink|echo

#include "raw/modes.h"
#include "raw/socket.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static uint64_t number(const char* text) {
    return strtoull(text, NULL, 10);
}

static void limit(int count, char** arguments) {
    static const struct bench_scenario scenarios[] = {{"pub", {"raw", "ideal", "ideal_mutex"}},
                                                      {"sub", {"raw", "ideal", "ideal_copy"}},
                                                      {"pubsub", {"raw"}},
                                                      {"request", {"raw"}},
                                                      {NULL, {NULL}}};
    const struct bench_options o = bench_parse_options(count, arguments, scenarios);
    struct bench_result result = bench_begin_result(&o, o.form, "-");
    const int fd = raw_connect();
    if (strcmp(o.scenario, "pub") == 0)
        raw_limit_publish(fd, &o, &result);
    else if (strcmp(o.scenario, "sub") == 0)
        raw_limit_receive(fd, &o, &result);
    else if (strcmp(o.scenario, "pubsub") == 0)
        raw_limit_both(fd, &o, &result);
    else
        raw_limit_request(fd, &o, &result);
    bench_print(&result);
}

int main(int count, char** arguments) {
    const char* mode = count > 1 ? arguments[1] : "";
    const char* what = count > 2 ? arguments[2] : "";
    const bool headers = count > 5 && strcmp(arguments[5], "headers") == 0;
    prctl(PR_SET_PDEATHSIG, SIGTERM); // ends with who started it
    signal(SIGPIPE, SIG_IGN);
    if (count >= 5 && strcmp(mode, "publish") == 0)
        raw_publish(raw_connect(), what, headers, number(arguments[3]), number(arguments[4]));
    else if (count == 3 && strcmp(mode, "respond") == 0)
        raw_respond(raw_connect(), what);
    else if (count >= 5 && strcmp(mode, "serve") == 0 && strcmp(what, "source") == 0)
        raw_serve_source(headers, number(arguments[3]), number(arguments[4]));
    else if (count == 6 && strcmp(mode, "serve") == 0 && strcmp(what, "random") == 0)
        raw_serve_random(number(arguments[3]), number(arguments[4]), number(arguments[5]));
    else if (count == 3 && strcmp(mode, "serve") == 0 && strcmp(what, "sink") == 0)
        raw_serve_sink();
    else if (count == 3 && strcmp(mode, "serve") == 0 && strcmp(what, "echo") == 0)
        raw_serve_echo();
    else
        limit(count, arguments);
    return 0;
}
