// SPDX-License-Identifier: Apache-2.0

// The scenarios with nats.c, written as its users write for speed: default buffers, payloads
// published from where they are, asynchronous subscriptions without pending limits, one thread for
// each request under way.

#include "peers/natsc/natsc.h"

#include <string.h>

int main(int count, char** arguments) {
    static const struct bench_scenario scenarios[] = {{"pub", {"publish"}},
                                                      {"sub", {"handler", "next"}},
                                                      {"pubsub", {"handler"}},
                                                      {"request", {"request"}},
                                                      {NULL, {NULL}}};
    const struct bench_options o = bench_parse_options(count, arguments, scenarios);
    struct bench_result result = bench_begin_result(&o, "nats.c", nats_GetVersion());
    if (strcmp(o.scenario, "pub") == 0)
        natsc_publish(&o, &result);
    else if (strcmp(o.scenario, "sub") == 0)
        natsc_subscribe(&o, &result);
    else if (strcmp(o.scenario, "pubsub") == 0)
        natsc_publish_subscribe(&o, &result);
    else
        natsc_request(&o, &result);
    bench_print(&result);
    return 0;
}
