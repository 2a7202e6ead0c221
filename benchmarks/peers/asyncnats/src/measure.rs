// SPDX-License-Identifier: Apache-2.0

use crate::options::Options;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::fs;
use std::time::{Duration, Instant};

/// A point in time, and what processor time this process had used by then.
#[derive(Clone, Copy)]
pub struct Mark {
    pub time: Instant,
    pub processor_us: i64,
}

pub fn now() -> Mark {
    let time = Instant::now();
    let used = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage of itself");
    let processor_us = used.user_time().num_microseconds() + used.system_time().num_microseconds();
    Mark { time, processor_us }
}

/// A number of /proc/self/status.
fn status_of(name: &str) -> u64 {
    fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Of async-nats, which does not tell it itself.
fn version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let (_, rest) = lock
        .split_once("name = \"async-nats\"\nversion = \"")
        .expect("a lock file");
    rest.split('"').next().unwrap_or_default()
}

/// What a scenario has measured.
pub struct Outcome {
    pub messages: usize,
    pub first: Mark,
    pub last: Mark,
    pub latencies: Vec<Duration>, // of requests
}

fn percentile(sorted: &[Duration], part: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    sorted[((sorted.len() - 1) as f64 * part) as usize].as_nanos() as f64 * 1e-3
}

/// To stdout: one line of JSON.
pub fn print_result(o: &Options, mut outcome: Outcome) {
    let (peak_rss, threads) = (status_of("VmHWM"), status_of("Threads"));
    let messages = outcome.messages as f64;
    let seconds = (outcome.last.time - outcome.first.time).as_secs_f64();
    let processor_us = (outcome.last.processor_us - outcome.first.processor_us) as f64;
    outcome.latencies.sort_unstable();
    print!(r#"{{"client":"async-nats","version":"{}","#, version());
    print!(r#""scenario":"{}","form":"{}","#, o.scenario, o.form);
    print!(r#""size":{},"messages":{},"#, o.size, outcome.messages);
    print!(
        r#""connections":{},"subscriptions":{},"#,
        o.connections, o.subscriptions
    );
    print!(r#""concurrent":{},"seconds":{seconds:.6},"#, o.concurrent);
    print!(
        r#""rate":{:.1},"processor_us":{:.5},"#,
        messages / seconds,
        processor_us / messages
    );
    for (key, part) in [("p50_us", 0.5), ("p99_us", 0.99), ("p999_us", 0.999)] {
        print!(r#""{key}":{:.1},"#, percentile(&outcome.latencies, part));
    }
    println!(r#""peak_rss_kib":{peak_rss},"threads":{threads}}}"#);
}
