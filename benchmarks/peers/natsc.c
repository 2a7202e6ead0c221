// SPDX-License-Identifier: Apache-2.0

// The scenarios of conats_bench with nats.c, written as its users write for speed: default buffers,
// payloads published from where they are, asynchronous subscriptions without pending limits, one
// thread for each request under way. The options and the output are those of conats_bench.

#include "peers/natsc.h"

#include <string.h>

int main(int count, char** arguments) {
    const struct natsc_options o = natsc_parse(count, arguments);
    struct bench_result result;
    memset(&result, 0, sizeof result);
    result.client = "nats.c";
    result.version = nats_GetVersion();
    result.scenario = o.scenario;
    result.form = o.form;
    result.size = o.size;
    result.connections = o.connections;
    result.subscriptions = o.subscriptions;
    result.direct = o.direct;
    result.concurrent = o.concurrent;
    if (strcmp(o.scenario, "pub") == 0)
        natsc_publish(&o, &result);
    else if (strcmp(o.scenario, "sub") == 0)
        natsc_subscribe(&o, &result);
    else if (strcmp(o.scenario, "pubsub") == 0)
        natsc_publish_subscribe(&o, &result);
    else
        natsc_request(&o, &result);
    bench_print(&result, o.json);
    return 0;
}
