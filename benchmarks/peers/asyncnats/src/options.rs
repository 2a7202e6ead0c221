// SPDX-License-Identifier: Apache-2.0

use std::env;
use std::process::exit;

#[derive(Default)]
pub struct Options {
    pub server: String, // from NATS_URL
    pub scenario: String,
    pub form: String,
    pub size: usize,
    pub count: usize,
    pub connections: usize,
    pub subscriptions: usize, // of each connection
    pub concurrent: usize,    // requests under way at once
    pub headers: bool,
}

const SCENARIOS: [(&str, &str); 4] = [
    ("pub", "publish"),
    ("sub", "next"),
    ("pubsub", "next"),
    ("request", "request"),
];

fn usage() -> ! {
    eprintln!("usage: SCENARIO --count N [--form FORM] [--size N] [--connections N]");
    eprintln!("       [--subscriptions N] [--concurrent N] [--headers]");
    eprintln!("with the server in NATS_URL. Scenarios and their forms:");
    for (name, form) in SCENARIOS {
        eprintln!("  {name:<10} {form}");
    }
    exit(2)
}

fn number(text: Option<String>) -> usize {
    text.and_then(|t| t.parse().ok()).unwrap_or_else(|| usage())
}

impl Options {
    pub fn parse() -> Options {
        let mut o = Options {
            server: env::var("NATS_URL").unwrap_or_else(|_| usage()),
            size: 16,
            connections: 1,
            subscriptions: 1,
            concurrent: 1,
            ..Options::default()
        };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--form" => o.form = arguments.next().unwrap_or_else(|| usage()),
                "--size" => o.size = number(arguments.next()),
                "--count" => o.count = number(arguments.next()),
                "--connections" => o.connections = number(arguments.next()),
                "--subscriptions" => o.subscriptions = number(arguments.next()),
                "--concurrent" => o.concurrent = number(arguments.next()),
                "--headers" => o.headers = true,
                _ if o.scenario.is_empty() && !argument.starts_with('-') => o.scenario = argument,
                _ => usage(),
            }
        }
        let Some((_, form)) = SCENARIOS.iter().find(|(name, _)| *name == o.scenario) else {
            usage()
        };
        if o.form.is_empty() {
            o.form = form.to_string();
        }
        let numbers = [o.count, o.connections, o.subscriptions, o.concurrent];
        if o.form != *form || numbers.contains(&0) {
            usage();
        }
        o
    }
}

/// The part of `count` that the one of `of` with this index does.
pub fn share(count: usize, index: usize, of: usize) -> usize {
    count / of + usize::from(index < count % of)
}
