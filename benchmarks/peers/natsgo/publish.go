// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

func publishPlain(nc *nats.Conn, subject string, payload []byte, count int) {
	for range count {
		check(nc.Publish(subject, payload), "publish")
	}
}

func publishWithHeaders(nc *nats.Conn, subject string, payload []byte, count int) {
	for range count {
		m := nats.NewMsg(subject)
		m.Header.Set("Nats-Msg-Id", "1")
		m.Header.Set("Trace", "0123456789abcdef")
		m.Data = payload
		check(nc.PublishMsg(m), "publish")
	}
}

func runPublish(o *options, r *result) {
	connections := connectAll(o)
	payload := newPayload(o)
	publish := publishPlain
	if o.headers {
		publish = publishWithHeaders
	}
	var all sync.WaitGroup
	first := now()
	for i, nc := range connections {
		all.Go(func() {
			publish(nc, subject(i), payload, share(o.count, i, o.connections))
			check(nc.FlushTimeout(time.Minute), "flush")
		})
	}
	all.Wait()
	r.setSpan(o.count, first, now())
}
