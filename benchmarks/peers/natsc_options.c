// SPDX-License-Identifier: Apache-2.0
#include "peers/natsc.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scenario {
    const char* name;
    const char* forms[2]; // the first is the default
    uint64_t count;
};

static const struct scenario scenarios[] = {{"pub", {"publish", NULL}, 5000000},
                                            {"sub", {"callback", "next"}, 2000000},
                                            {"pubsub", {"callback", NULL}, 500000},
                                            {"request", {"request", NULL}, 20000}};

static const struct option names[] = {{"server", required_argument, NULL, 's'},
                                      {"form", required_argument, NULL, 'f'},
                                      {"size", required_argument, NULL, 'b'},
                                      {"count", required_argument, NULL, 'n'},
                                      {"connections", required_argument, NULL, 'c'},
                                      {"subscriptions", required_argument, NULL, 'u'},
                                      {"concurrent", required_argument, NULL, 'r'},
                                      {"direct", no_argument, NULL, 'd'},
                                      {"json", no_argument, NULL, 'j'},
                                      {NULL, 0, NULL, 0}};

static void usage(void) {
    fprintf(stderr,
            "usage: conats_bench_natsc pub|sub|pubsub|request [--server URL] [--size N]\n"
            "       [--count N] [--connections N] [--concurrent N] [--json]\n"
            "       [--form callback|next (of sub)] [--subscriptions N (sub)] [--direct (sub)]\n"
            "The server may be in the environment, as NATS_URL.\n");
    exit(2);
}

static uint64_t number(const char* text) {
    char* end = NULL;
    const uint64_t n = strtoull(text, &end, 10);
    if (end == text || *end != '\0')
        usage();
    return n;
}

static const struct scenario* find_scenario(const char* name) {
    for (size_t i = 0; i != sizeof scenarios / sizeof scenarios[0]; ++i)
        if (name != NULL && strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    usage();
    return NULL;
}

static void read_options(struct natsc_options* o, int count, char** arguments) {
    for (int c; (c = getopt_long(count, arguments, "s:f:b:n:c:u:r:", names, NULL)) != -1;) {
        switch (c) {
        case 's': o->server = optarg; break;
        case 'f': o->form = optarg; break;
        case 'b': o->size = number(optarg); break;
        case 'n': o->count = number(optarg); break;
        case 'c': o->connections = number(optarg); break;
        case 'u': o->subscriptions = number(optarg); break;
        case 'r': o->concurrent = number(optarg); break;
        case 'd': o->direct = true; break;
        case 'j': o->json = true; break;
        default: usage();
        }
    }
}

struct natsc_options natsc_parse(int count, char** arguments) {
    struct natsc_options o = {.server = getenv("NATS_URL"), .size = 16, .connections = 1};
    o.subscriptions = 1;
    o.concurrent = 1;
    read_options(&o, count, arguments);
    const struct scenario* s = find_scenario(optind + 1 == count ? arguments[optind] : NULL);
    o.scenario = s->name;
    if (o.server == NULL)
        o.server = "nats://127.0.0.1:4222";
    if (o.form == NULL)
        o.form = s->forms[0];
    if (strcmp(o.form, s->forms[0]) != 0 &&
        (s->forms[1] == NULL || strcmp(o.form, s->forms[1]) != 0))
        usage();
    if (o.count == 0)
        o.count = s->count;
    if (o.connections == 0 || o.subscriptions == 0 || o.concurrent == 0)
        usage();
    if (o.direct)
        o.connections = o.subscriptions = 1;
    return o;
}
