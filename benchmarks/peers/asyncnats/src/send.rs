// SPDX-License-Identifier: Apache-2.0

use crate::Error;
use crate::connection::Connection;
use crate::measure::{Outcome, now};
use crate::options::{Options, share};

use async_nats::{Client, HeaderMap, Subject};
use bytes::Bytes;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

pub fn subject_of(connection: usize) -> Subject {
    format!("bench.{connection}").into()
}

pub fn new_payload(o: &Options) -> Bytes {
    vec![b'p'; o.size].into()
}

pub async fn publish_plain(
    client: &Client,
    subject: Subject,
    payload: Bytes,
    count: usize,
) -> Result<(), Error> {
    for _ in 0..count {
        client.publish(subject.clone(), payload.clone()).await?;
    }
    Ok(())
}

async fn publish_with_headers(
    client: &Client,
    subject: Subject,
    payload: Bytes,
    count: usize,
) -> Result<(), Error> {
    for _ in 0..count {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", "1");
        headers.insert("Trace", "0123456789abcdef");
        client
            .publish_with_headers(subject.clone(), headers, payload.clone())
            .await?;
    }
    Ok(())
}

pub async fn publish(o: &Options) -> Result<Outcome, Error> {
    let connections = Connection::new_all(o).await?;
    let payload = new_payload(o);
    let mut tasks = JoinSet::new();
    let first = now();
    for (i, mut connection) in connections.into_iter().enumerate() {
        let (subject, payload) = (subject_of(i), payload.clone());
        let (count, headers) = (share(o.count, i, o.connections), o.headers);
        tasks.spawn(async move {
            if headers {
                publish_with_headers(&connection.client, subject, payload, count).await?;
            } else {
                publish_plain(&connection.client, subject, payload, count).await?;
            }
            connection.flush().await
        });
    }
    let mut last = first;
    while let Some(done) = tasks.join_next().await {
        let flushed = done??;
        if flushed.time > last.time {
            last = flushed;
        }
    }
    Ok(Outcome {
        messages: o.count,
        first,
        last,
        latencies: Vec::new(),
    })
}

async fn call(client: Client, payload: Bytes, count: usize) -> Result<Vec<Duration>, Error> {
    let subject = subject_of(0);
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        let reply = client.request(subject.clone(), payload.clone()).await?;
        latencies.push(began.elapsed());
        if reply.payload.len() != payload.len() {
            return Err("a reply of the wrong size".into());
        }
    }
    Ok(latencies)
}

/// The callers share the connections evenly.
pub async fn request(o: &Options) -> Result<Outcome, Error> {
    let connections = Connection::new_all(o).await?;
    let payload = new_payload(o);
    let mut latencies = Vec::with_capacity(o.count);
    let mut callers = JoinSet::new();
    let first = now();
    for i in 0..o.concurrent {
        let client = connections[i % o.connections].client.clone();
        callers.spawn(call(
            client,
            payload.clone(),
            share(o.count, i, o.concurrent),
        ));
    }
    while let Some(done) = callers.join_next().await {
        latencies.append(&mut done??);
    }
    let last = now();
    Ok(Outcome {
        messages: o.count,
        first,
        last,
        latencies,
    })
}
