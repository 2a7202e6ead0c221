// SPDX-License-Identifier: Apache-2.0

use crate::Error;
use crate::measure::{Mark, now};
use crate::options::Options;

use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use std::process::exit;
use std::time::Duration;
use tokio::time::timeout;

/// A client, and a subscription by which it hears of itself.
pub struct Connection {
    pub client: Client,
    inbox: String,
    echo: Subscriber,
}

async fn on_event(event: Event) {
    match event {
        Event::Disconnected | Event::SlowConsumer(_) | Event::ServerError(_) => {
            eprintln!("asyncnats: {event}");
            exit(1)
        }
        _ => {}
    }
}

impl Connection {
    pub async fn new(o: &Options) -> Result<Connection, Error> {
        let mut url = o.server.parse::<ServerAddr>()?.into_inner();
        let mut options = ConnectOptions::new()
            .subscription_capacity(o.count) // what goes beyond would be dropped
            .request_timeout(Some(Duration::from_secs(5)))
            .event_callback(on_event);
        // To the library this is a user without a password.
        if !url.username().is_empty() {
            options = options.token(url.username().to_string());
            url.set_username("")
                .map_err(|()| "a URL that has a user but may not have one")?;
        }
        let client = options.connect(ServerAddr::from_url(url)?).await?;
        let inbox = client.new_inbox();
        let echo = client.subscribe(inbox.clone()).await?;
        Ok(Connection {
            client,
            inbox,
            echo,
        })
    }

    pub async fn new_all(o: &Options) -> Result<Vec<Connection>, Error> {
        let mut all = Vec::new();
        for _ in 0..o.connections {
            all.push(Connection::new(o).await?);
        }
        Ok(all)
    }

    /// Waits until the server has all that was sent, which the library's `flush` does not do, and
    /// returns that time. A server that answers nothing but PING would not send the message that
    /// is waited for: then it is the time when the socket had taken all.
    pub async fn flush(&mut self) -> Result<Mark, Error> {
        self.client
            .publish(self.inbox.clone(), Bytes::new())
            .await?;
        self.client.flush().await?;
        let sent = now();
        match timeout(Duration::from_secs(1), self.echo.next()).await {
            Ok(Some(_)) => Ok(now()),
            Ok(None) => Err("the connection was closed".into()),
            Err(_) => Ok(sent),
        }
    }

    /// To drain a subscription sends PING, for which a server may wait that begins by itself.
    pub async fn ping(&mut self) -> Result<(), Error> {
        Ok(self.echo.drain().await?)
    }
}
