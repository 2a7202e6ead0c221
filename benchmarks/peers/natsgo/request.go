// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

func call(nc *nats.Conn, payload []byte, latencies []time.Duration) {
	for i := range latencies {
		began := time.Now()
		reply, err := nc.Request("bench.0", payload, 5*time.Second)
		latencies[i] = time.Since(began)
		check(err, "request")
		if len(reply.Data) != len(payload) {
			check(errors.New("a reply of the wrong size"), "request")
		}
	}
}

// The callers share the connections evenly.
func runRequest(o *options, r *result) {
	connections := connectAll(o)
	payload := newPayload(o)
	latencies := make([]time.Duration, o.count)
	rest := latencies
	var all sync.WaitGroup
	first := now()
	for i := range o.concurrent {
		n := share(o.count, i, o.concurrent)
		own := rest[:n]
		rest = rest[n:]
		all.Go(func() { call(connections[i%o.connections], payload, own) })
	}
	all.Wait()
	r.setSpan(o.count, first, now())
	r.setLatencies(latencies)
}

// As many under way as concurrent says, over one inbox: each reply is followed by a request.
func runPipeline(o *options, r *result) {
	nc := connect(o)
	payload := newPayload(o)
	inbox := nats.NewInbox()
	asked, answered := 0, 0
	done := make(chan struct{})
	ask := func() {
		asked++
		check(nc.PublishRequest("bench.0", inbox, payload), "publish")
	}
	sub, err := nc.Subscribe(inbox, func(*nats.Msg) {
		if answered++; answered == o.count {
			close(done)
		} else if asked < o.count {
			ask()
		}
	})
	check(err, "subscribe")
	check(sub.SetPendingLimits(-1, -1), "limits")
	check(nc.Flush(), "flush")
	first := now()
	asked = min(o.concurrent, o.count) // before the first reply, whose handler counts on
	for range asked {
		check(nc.PublishRequest("bench.0", inbox, payload), "publish")
	}
	<-done
	r.setSpan(o.count, first, now())
}
