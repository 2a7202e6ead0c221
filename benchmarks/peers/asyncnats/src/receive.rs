// SPDX-License-Identifier: Apache-2.0

use crate::Error;
use crate::connection::Connection;
use crate::measure::{Mark, Outcome, now};
use crate::options::{Options, share};
use crate::send::{new_payload, publish_plain, subject_of};

use async_nats::Subscriber;
use futures_util::StreamExt;
use tokio::task::JoinSet;

/// What one subscription has received.
#[derive(Default)]
struct Received {
    count: usize,
    bytes: usize,
    first: Option<Mark>,
    last: Option<Mark>,
}

type Receivers = JoinSet<Result<Received, Error>>;

async fn receive(mut messages: Subscriber, expected: usize) -> Result<Received, Error> {
    let mut received = Received::default();
    while received.count != expected {
        let message = messages.next().await.ok_or("the subscription has ended")?;
        if received.count == 0 {
            received.first = Some(now());
        }
        received.bytes += message.payload.len();
        received.count += 1;
    }
    received.last = Some(now());
    Ok(received)
}

/// Waits for all of them; `began` is the time of the first message if it is not given.
async fn finish(
    o: &Options,
    mut receivers: Receivers,
    began: Option<Mark>,
) -> Result<Outcome, Error> {
    let mut all = Vec::new();
    while let Some(done) = receivers.join_next().await {
        let received = done??;
        if received.bytes != received.count * o.size {
            return Err("received payloads of the wrong size".into());
        }
        all.push(received);
    }
    let earliest = all.iter().filter_map(|r| r.first).min_by_key(|m| m.time);
    let last = all.iter().filter_map(|r| r.last).max_by_key(|m| m.time);
    Ok(Outcome {
        messages: all.iter().map(|r| r.count).sum(),
        first: began.or(earliest).ok_or("nothing was received")?,
        last: last.ok_or("nothing was received")?,
        latencies: Vec::new(),
    })
}

/// Every subscription receives every message.
pub async fn subscribe(o: &Options) -> Result<Outcome, Error> {
    let mut receivers = Receivers::new();
    let mut connections = Connection::new_all(o).await?;
    for connection in &mut connections {
        for _ in 0..o.subscriptions {
            let subscriber = connection.client.subscribe(subject_of(0)).await?;
            receivers.spawn(receive(subscriber, o.count));
        }
        connection.flush().await?;
        connection.ping().await?;
    }
    println!("ready");
    finish(o, receivers, None).await
}

/// Every connection receives what it has published itself.
pub async fn publish_subscribe(o: &Options) -> Result<Outcome, Error> {
    let mut receivers = Receivers::new();
    let mut connections = Connection::new_all(o).await?;
    for (i, connection) in connections.iter_mut().enumerate() {
        let subscriber = connection.client.subscribe(subject_of(i)).await?;
        receivers.spawn(receive(subscriber, share(o.count, i, o.connections)));
        connection.flush().await?;
    }
    let payload = new_payload(o);
    let mut publishers = JoinSet::new();
    let first = now();
    for (i, mut connection) in connections.into_iter().enumerate() {
        let (payload, count) = (payload.clone(), share(o.count, i, o.connections));
        publishers.spawn(async move {
            publish_plain(&connection.client, subject_of(i), payload, count).await?;
            connection.flush().await
        });
    }
    while let Some(done) = publishers.join_next().await {
        done??;
    }
    finish(o, receivers, Some(first)).await
}
