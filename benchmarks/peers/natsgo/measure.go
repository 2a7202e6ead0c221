// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

// A mark is a point in time, and what the process had used by then.
type mark struct {
	time        time.Time
	processor   time.Duration
	allocations uint64
	allocated   uint64 // bytes
}

func now() mark {
	m := mark{time: time.Now()}
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used), "getrusage")
	m.processor = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	m.allocations = memory.Mallocs
	m.allocated = memory.TotalAlloc
	return m
}

// statusOf returns a number of /proc/self/status.
func statusOf(name string) int {
	file, err := os.Open("/proc/self/status")
	check(err, "status")
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) > 1 && words[0] == name+":" {
			n, err := strconv.Atoi(words[1])
			check(err, name)
			return n
		}
	}
	return 0
}

type result struct {
	Client        string  `json:"client"`
	Version       string  `json:"version"`
	Scenario      string  `json:"scenario"`
	Form          string  `json:"form"`
	Size          int     `json:"size"`
	Messages      int     `json:"messages"`
	Connections   int     `json:"connections"`
	Subscriptions int     `json:"subscriptions"`
	Concurrent    int     `json:"concurrent"`
	Seconds       float64 `json:"seconds"`
	Rate          float64 `json:"rate"`
	Processor     float64 `json:"processor_us"`
	P50           float64 `json:"p50_us"`
	P99           float64 `json:"p99_us"`
	P999          float64 `json:"p999_us"`
	PeakRSS       int     `json:"peak_rss_kib"`
	Threads       int     `json:"threads"`
	Allocations   float64 `json:"allocations"`
	Allocated     float64 `json:"allocated_bytes"`
}

func newResult(o *options) *result {
	return &result{
		Client: "nats.go", Version: nats.Version, Scenario: o.scenario, Form: o.form, Size: o.size,
		Connections: o.connections, Subscriptions: o.subscriptions, Concurrent: o.concurrent,
	}
}

func (r *result) setSpan(messages int, first, last mark) {
	r.PeakRSS = statusOf("VmHWM")
	r.Threads = statusOf("Threads")
	n := float64(messages)
	r.Messages = messages
	r.Seconds = last.time.Sub(first.time).Seconds()
	r.Rate = n / r.Seconds
	r.Processor = (last.processor - first.processor).Seconds() * 1e6 / n
	r.Allocations = float64(last.allocations-first.allocations) / n
	r.Allocated = float64(last.allocated-first.allocated) / n
}

func (r *result) setLatencies(latencies []time.Duration) {
	slices.Sort(latencies)
	percentile := func(part float64) float64 {
		return float64(latencies[int(float64(len(latencies)-1)*part)]) / 1e3
	}
	r.P50 = percentile(0.5)
	r.P99 = percentile(0.99)
	r.P999 = percentile(0.999)
}

func (r *result) print() {
	check(json.NewEncoder(os.Stdout).Encode(r), "result")
}
