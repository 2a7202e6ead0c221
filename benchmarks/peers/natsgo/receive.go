// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// A tally is what all subscriptions together have received.
type tally struct {
	begin      sync.Once
	first      mark // the first message
	last       mark // the last message
	incomplete atomic.Int64
	messages   atomic.Int64
	bytes      atomic.Int64
	done       chan struct{}
}

func newTally(subscriptions int) *tally {
	t := &tally{done: make(chan struct{})}
	t.incomplete.Store(int64(subscriptions))
	return t
}

// A receiver belongs to one subscription, whose messages come in one goroutine.
type receiver struct {
	to       *tally
	expected int
	count    int
	bytes    int
}

func (r *receiver) take(m *nats.Msg) {
	if r.count == 0 {
		r.to.begin.Do(func() { r.to.first = now() })
	}
	r.bytes += len(m.Data)
	r.count++
	if r.count == r.expected {
		r.complete()
	}
}

func (r *receiver) takeAll(sub *nats.Subscription) {
	for r.count != r.expected {
		m, err := sub.NextMsg(time.Minute)
		check(err, "next")
		r.take(m)
	}
}

func (r *receiver) complete() {
	r.to.messages.Add(int64(r.count))
	r.to.bytes.Add(int64(r.bytes))
	if r.to.incomplete.Add(-1) == 0 {
		r.to.last = now()
		close(r.to.done)
	}
}

func (t *tally) subscribe(nc *nats.Conn, form, subject string, expected int) {
	r := &receiver{to: t, expected: expected}
	if expected == 0 {
		r.complete()
		return
	}
	var sub *nats.Subscription
	var err error
	if form == "next" {
		sub, err = nc.SubscribeSync(subject)
	} else {
		sub, err = nc.Subscribe(subject, r.take)
	}
	check(err, "subscribe")
	check(sub.SetPendingLimits(-1, -1), "pending limits")
	if form == "next" {
		go r.takeAll(sub)
	}
}

func (t *tally) report(o *options, r *result, first mark) {
	if t.bytes.Load() != t.messages.Load()*int64(o.size) {
		check(errors.New("payloads of the wrong size"), "received")
	}
	r.setSpan(int(t.messages.Load()), first, t.last)
}

// Every subscription receives every message.
func runSubscribe(o *options, r *result) {
	t := newTally(o.connections * o.subscriptions)
	for _, nc := range connectAll(o) {
		for range o.subscriptions {
			t.subscribe(nc, o.form, subject(0), o.count)
		}
		check(nc.FlushTimeout(time.Minute), "flush")
	}
	fmt.Println("ready")
	<-t.done
	t.report(o, r, t.first)
}

// Every connection receives what it has published itself.
func runPublishSubscribe(o *options, r *result) {
	t := newTally(o.connections)
	connections := connectAll(o)
	payload := newPayload(o)
	for i, nc := range connections {
		t.subscribe(nc, o.form, subject(i), share(o.count, i, o.connections))
		check(nc.FlushTimeout(time.Minute), "flush")
	}
	first := now()
	for i, nc := range connections {
		go func() {
			publishPlain(nc, subject(i), payload, share(o.count, i, o.connections))
			check(nc.FlushTimeout(time.Minute), "flush")
		}()
	}
	<-t.done
	t.report(o, r, first)
}
