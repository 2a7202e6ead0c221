// SPDX-License-Identifier: Apache-2.0
#include "common/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option names[] = {{"form", required_argument, NULL, 'f'},
                                      {"size", required_argument, NULL, 'b'},
                                      {"count", required_argument, NULL, 'n'},
                                      {"connections", required_argument, NULL, 'c'},
                                      {"subscriptions", required_argument, NULL, 'u'},
                                      {"concurrent", required_argument, NULL, 'r'},
                                      {"headers", no_argument, NULL, 'h'},
                                      {NULL, 0, NULL, 0}};

static void usage(const struct bench_scenario* scenarios) {
    fprintf(stderr, "usage: SCENARIO --count N [--form FORM] [--size N] [--connections N]\n"
                    "       [--subscriptions N] [--concurrent N] [--headers]\n"
                    "with the server in NATS_URL. Scenarios and their forms:\n");
    for (; scenarios->name != NULL; ++scenarios) {
        fprintf(stderr, "  %-10s", scenarios->name);
        for (size_t i = 0; i != 4 && scenarios->forms[i] != NULL; ++i)
            fprintf(stderr, " %s", scenarios->forms[i]);
        fputc('\n', stderr);
    }
    exit(2);
}

static uint64_t number(const char* text, const struct bench_scenario* scenarios) {
    char* end = NULL;
    const uint64_t n = strtoull(text, &end, 10);
    if (end == text || *end != '\0')
        usage(scenarios);
    return n;
}

static void read_options(struct bench_options* o, int count, char** arguments,
                         const struct bench_scenario* s) {
    for (int c; (c = getopt_long(count, arguments, "", names, NULL)) != -1;) {
        switch (c) {
        case 'f': o->form = optarg; break;
        case 'b': o->size = number(optarg, s); break;
        case 'n': o->count = number(optarg, s); break;
        case 'c': o->connections = number(optarg, s); break;
        case 'u': o->subscriptions = number(optarg, s); break;
        case 'r': o->concurrent = number(optarg, s); break;
        case 'h': o->headers = true; break;
        default: usage(s);
        }
    }
}

static void choose_form(struct bench_options* o, const struct bench_scenario* found,
                        const struct bench_scenario* all) {
    if (o->form == NULL)
        o->form = found->forms[0];
    for (size_t i = 0; i != 4 && found->forms[i] != NULL; ++i)
        if (strcmp(o->form, found->forms[i]) == 0)
            return;
    usage(all);
}

struct bench_options bench_parse_options(int count, char** arguments,
                                         const struct bench_scenario* scenarios) {
    struct bench_options o = {.server = getenv("NATS_URL"), .size = 16, .connections = 1};
    const struct bench_scenario* found = scenarios;
    o.subscriptions = 1;
    o.concurrent = 1;
    read_options(&o, count, arguments, scenarios);
    if (optind + 1 != count || o.server == NULL)
        usage(scenarios);
    while (found->name != NULL && strcmp(found->name, arguments[optind]) != 0)
        ++found;
    if (found->name == NULL || o.count == 0 || o.connections == 0 || o.subscriptions == 0 ||
        o.concurrent == 0)
        usage(scenarios);
    o.scenario = found->name;
    choose_form(&o, found, scenarios);
    return o;
}

struct bench_result bench_begin_result(const struct bench_options* o, const char* client,
                                       const char* version) {
    struct bench_result r = {.client = client, .version = version, .scenario = o->scenario};
    r.form = o->form;
    r.size = o->size;
    r.connections = o->connections;
    r.subscriptions = o->subscriptions;
    r.concurrent = o->concurrent;
    r.headers = o->headers;
    return r;
}

uint64_t bench_share(uint64_t count, uint64_t index, uint64_t of) {
    return count / of + (index < count % of ? 1 : 0);
}
