//! The client: sends what it is told, on a connection of its own, and keeps what came back.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Answer, Auth, Exchange, Request};
use crate::moment;

type Sender = SendRequest<Full<Bytes>>;
type Connection = http1::Connection<TokioIo<TcpStream>, Full<Bytes>>;

/// Where a target listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Host and port.
    authority: String,
    /// What stands before `/v1`, without a slash at its end.
    prefix: String,
}

/// A text that is no URL of a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadUrl {
    /// Not `http://host[:port][/prefix]`.
    #[error("{0} is no URL such as http://127.0.0.1:7410")]
    Malformed(String),
    /// TLS is not built in.
    #[error(
        "{0} asks for TLS, which is not built in: put a proxy that speaks plain HTTP before it"
    )]
    Tls(String),
}

/// Sends requests to one target, with one key.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    origin: Origin,
    key: String,
    other_key: String,
    patience: Duration,
}

impl Origin {
    pub(crate) fn parse(url: &str) -> Result<Self, BadUrl> {
        let malformed = || BadUrl::Malformed(url.to_owned());
        if url.starts_with("https://") {
            return Err(BadUrl::Tls(url.to_owned()));
        }
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        let authority = uri.authority().ok_or_else(malformed)?;
        if uri.scheme_str() != Some("http") || uri.query().is_some() || url.contains('@') {
            return Err(malformed());
        }
        let port = authority.port_u16().unwrap_or(80);
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { authority: format!("{}:{port}", authority.host()), prefix })
    }
}

impl Client {
    pub(crate) fn new(origin: Origin, key: &str, other_key: &str, patience: Duration) -> Self {
        Self { origin, key: key.to_owned(), other_key: other_key.to_owned(), patience }
    }

    /// Where the target is, for people.
    pub(crate) fn target(&self) -> String {
        format!("http://{}{}", self.origin.authority, self.origin.prefix)
    }

    /// The key that is to be in no report.
    pub(crate) fn secrets(&self) -> [&str; 2] {
        [&self.key, &self.other_key]
    }

    /// The key itself, for checks of the headers that it may stand in.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Host and port of the target.
    pub(crate) fn authority(&self) -> &str {
        &self.origin.authority
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn send(&self, request: Request) -> Exchange {
        let (sent_ms, begun) = (moment::now_ms(), Instant::now());
        let answer = match tokio::time::timeout(self.patience, self.try_send(&request)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} ms", self.patience.as_millis())),
        };
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Exchange { request, answer, sent_ms, took_ms }
    }

    /// Sends a request and hangs up after a while, whether it was answered or not.
    pub(crate) async fn hang_up(&self, request: &Request, after: Duration) -> Result<(), String> {
        let (mut sender, connection) = self.connect().await?;
        let connection = tokio::spawn(connection);
        let request = self.request(request)?;
        let _ = tokio::time::timeout(after, sender.send_request(request)).await;
        // It is dropped with its socket, in the middle of whatever it does.
        connection.abort();
        Ok(())
    }

    async fn try_send(&self, request: &Request) -> Result<Answer, String> {
        let (mut sender, connection) = self.connect().await?;
        tokio::spawn(connection);
        let response =
            sender.send_request(self.request(request)?).await.map_err(|error| wire(&error))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| wire(&error))?.to_bytes();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(Answer::new(head.status.as_u16(), headers, body))
    }

    async fn connect(&self) -> Result<(Sender, Connection), String> {
        let stream = TcpStream::connect(&self.origin.authority)
            .await
            .map_err(|error| format!("no connection to {}: {error}", self.origin.authority))?;
        // Small requests are answered at once; Nagle would hold them back.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let made = http1::handshake(TokioIo::new(stream)).await;
        made.map_err(|error| wire(&error))
    }

    fn request(&self, request: &Request) -> Result<hyper::Request<Full<Bytes>>, String> {
        let mut made = hyper::Request::new(Full::new(request.body.clone()));
        *made.method_mut() =
            Method::from_bytes(request.method.as_bytes()).map_err(|error| error.to_string())?;
        let path = format!("{}{}", self.origin.prefix, request.path);
        *made.uri_mut() = path.parse().map_err(|_| format!("{path} is no path"))?;
        let host = HeaderValue::try_from(&self.origin.authority).map_err(|e| e.to_string())?;
        made.headers_mut().insert(HOST, host);
        let key = match request.auth {
            Auth::Own => Some(&self.key),
            Auth::Other => Some(&self.other_key),
            Auth::Bare => None,
        };
        let key = key.map(|key| ("authorization".to_owned(), format!("Bearer {key}")));
        for (name, value) in key.iter().chain(&request.headers) {
            let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            made.headers_mut().append(name, value);
        }
        Ok(made)
    }
}

/// What a failure on the wire is called.
fn wire(error: &hyper::Error) -> String {
    use std::error::Error as _;
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_plain_url() {
        let origin = Origin::parse("http://localhost:8080/base/").unwrap();
        assert_eq!((&*origin.authority, &*origin.prefix), ("localhost:8080", "/base"));
        assert_eq!(Origin::parse("http://example.com").unwrap().authority, "example.com:80");
        for bad in ["", "localhost", "ftp://x", "http://", "http://a@b", "http://x/?q=1", "/v1"] {
            assert!(matches!(Origin::parse(bad), Err(BadUrl::Malformed(_))), "{bad}");
        }
        assert!(matches!(Origin::parse("https://x"), Err(BadUrl::Tls(_))));
    }
}
