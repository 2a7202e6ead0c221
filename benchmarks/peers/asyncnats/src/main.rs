// SPDX-License-Identifier: Apache-2.0

//! The scenarios with async-nats, written as its users write for speed: the runtime and the buffers
//! by default, payloads that are shared and not copied, one task for each request under way.

mod connection;
mod measure;
mod options;
mod receive;
mod send;

use measure::print_result;
use options::Options;
use std::process::exit;

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn run(o: &Options) -> Result<(), Error> {
    let outcome = match o.scenario.as_str() {
        "pub" => send::publish(o).await?,
        "sub" => receive::subscribe(o).await?,
        "pubsub" => receive::publish_subscribe(o).await?,
        _ => send::request(o).await?,
    };
    print_result(o, outcome);
    Ok(())
}

#[tokio::main]
async fn main() {
    if let Err(error) = run(&Options::parse()).await {
        eprintln!("asyncnats: {error}");
        exit(1);
    }
}
