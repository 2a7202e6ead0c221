// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
)

type options struct {
	server        string // from NATS_URL
	scenario      string
	form          string
	size          int
	count         int
	connections   int
	subscriptions int // of each connection
	concurrent    int // requests under way at once
	headers       bool
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: SCENARIO --count N [--form FORM] [--size N] [--connections N]\n"+
		"       [--subscriptions N] [--concurrent N] [--headers]\n"+
		"with the server in NATS_URL. Scenarios and their forms:")
	for _, s := range scenarios {
		fmt.Fprintf(os.Stderr, "  %-10s %v\n", s.name, s.forms)
	}
	os.Exit(2)
}

func parseOptions() (*options, *scenario) {
	o := &options{server: os.Getenv("NATS_URL")}
	if len(os.Args) < 2 || o.server == "" {
		usage()
	}
	o.scenario = os.Args[1]
	flags := flag.NewFlagSet("", flag.ExitOnError)
	flags.Usage = usage
	flags.StringVar(&o.form, "form", "", "")
	flags.IntVar(&o.size, "size", 16, "")
	flags.IntVar(&o.count, "count", 0, "")
	flags.IntVar(&o.connections, "connections", 1, "")
	flags.IntVar(&o.subscriptions, "subscriptions", 1, "")
	flags.IntVar(&o.concurrent, "concurrent", 1, "")
	flags.BoolVar(&o.headers, "headers", false, "")
	flags.Parse(os.Args[2:])

	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == o.scenario })
	if i < 0 || flags.NArg() != 0 || o.size < 0 ||
		min(o.count, o.connections, o.subscriptions, o.concurrent) < 1 {
		usage()
	}
	found := &scenarios[i]
	if o.form == "" {
		o.form = found.forms[0]
	}
	if !slices.Contains(found.forms, o.form) {
		usage()
	}
	return o, found
}
