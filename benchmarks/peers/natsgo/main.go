// SPDX-License-Identifier: Apache-2.0

// The scenarios with nats.go, written as its users write for speed: default buffers, payloads
// published from where they are, subscriptions without pending limits, one goroutine for each
// request under way.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/nats-io/nats.go"
)

type scenario struct {
	name  string
	forms []string // the first is the default
	run   func(o *options, r *result)
}

var scenarios = []scenario{
	{"pub", []string{"publish"}, runPublish},
	{"sub", []string{"handler", "next"}, runSubscribe},
	{"pubsub", []string{"handler", "next"}, runPublishSubscribe},
	{"request", []string{"request"}, runRequest},
	{"pipeline", []string{"handler"}, runPipeline},
}

func main() {
	o, chosen := parseOptions()
	r := newResult(o)
	chosen.run(o, r)
	r.print()
}

// check ends the program with a message where there is an error.
func check(err error, what string) {
	if err == nil {
		return
	}
	// The whole error would show the URL, and with it the token.
	var parsing *url.Error
	if errors.As(err, &parsing) {
		err = parsing.Err
	}
	fmt.Fprintf(os.Stderr, "natsgo: %s: %v\n", what, err)
	os.Exit(1)
}

func connect(o *options) *nats.Conn {
	nc, err := nats.Connect(o.server,
		nats.NoReconnect(),
		nats.SyncQueueLen(o.count), // a subscription drops what goes beyond, whatever its limits
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			check(err, "asynchronous error")
		}),
		nats.ClosedHandler(func(nc *nats.Conn) { // nothing here closes a connection
			check(cmp.Or(nc.LastError(), nats.ErrConnectionClosed), "connection")
		}))
	check(err, "connect")
	return nc
}

func connectAll(o *options) []*nats.Conn {
	connections := make([]*nats.Conn, o.connections)
	for i := range connections {
		connections[i] = connect(o)
	}
	return connections
}

func subject(connection int) string {
	return fmt.Sprintf("bench.%d", connection)
}

func newPayload(o *options) []byte {
	return bytes.Repeat([]byte{'p'}, o.size)
}

// share is the part of count that the one of n with this index does.
func share(count, index, n int) int {
	part := count / n
	if index < count%n {
		part++
	}
	return part
}
