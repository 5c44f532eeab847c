//! Between HTTP and the model, with the faults and oddities that are of the wire alone.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use serde_json::{Map, Value};

use super::server::{Contents, Never};
use crate::model::{Body, Call, Fault, Oddity, Reply, Traits};

pub(super) type AnswerBody = BoxBody<Contents, BadBody>;

/// A body that ends before its end.
#[derive(Debug, thiserror::Error)]
#[error("cut off")]
pub(super) struct BadBody;

/// A request as the model has it.
pub(super) fn call(head: &Parts, body: Bytes) -> Call {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let query = head.uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty());
    let query = query.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    });
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Call {
        method: head.method.to_string(),
        path: decode(head.uri.path()),
        query: query.collect(),
        headers: head.headers.iter().map(|(name, v)| (name.to_string(), text(v))).collect(),
        body,
    }
}

/// An answer as it is sent.
pub(super) fn answer(traits: &Traits, call: &Call, reply: Reply) -> Response<AnswerBody> {
    let bug = |fault: Fault| traits.faults.contains(&fault);
    let odd = |oddity: Oddity| traits.oddities.contains(&oddity);
    let (mut kind, bytes) = match reply.body {
        Body::Empty => (None, Bytes::new()),
        Body::Bytes(kind, bytes) => (Some(kind), bytes),
        Body::Json(mut value) => {
            disguise(traits, reply.status, call, &mut value);
            let text = written(traits, &value);
            let kind = if odd(Oddity::CharsetTold) {
                "application/json; charset=utf-8"
            } else {
                "application/json"
            };
            (Some(kind.to_owned()), Bytes::from(text))
        }
    };
    if (bug(Fault::ErrorsAreText) && reply.status >= 400)
        || (bug(Fault::JsonUnderAnotherType) && reply.status < 400 && kind.is_some())
    {
        kind = Some("text/plain".to_owned());
    }
    if bug(Fault::NoContentHasBody) && reply.status == 204 {
        kind = Some("application/json".to_owned());
    }
    let cut = bug(Fault::CutsAnswers) && call.path.ends_with("filesystem/ls");
    let body = match () {
        () if cut => {
            let half = bytes.slice(..bytes.len() / 2);
            let frames = [Ok(Frame::data(half)), Err(BadBody)];
            StreamBody::new(Frames(frames.into_iter())).boxed()
        }
        () if odd(Oddity::ChunkedAnswers) && !bytes.is_empty() => {
            let middle = bytes.len() / 2;
            let frames = [bytes.slice(..middle), bytes.slice(middle..)];
            StreamBody::new(Frames(frames.map(|part| Ok(Frame::data(part))).into_iter())).boxed()
        }
        () => Full::new(bytes).map_err(|never: Never| match never {}).boxed(),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        hyper::StatusCode::from_u16(reply.status).unwrap_or(hyper::StatusCode::OK);
    let headers = response.headers_mut();
    if let Some(value) = kind.and_then(|kind| HeaderValue::try_from(kind).ok()) {
        headers.insert(CONTENT_TYPE, value);
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if odd(Oddity::ConnectionCloses) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Frames that are there already.
struct Frames<I>(I);

impl<I> futures_core::Stream for Frames<I>
where
    I: Iterator<Item = Result<Frame<Bytes>, BadBody>> + Unpin,
{
    type Item = Result<Frame<Bytes>, BadBody>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

fn disguise(traits: &Traits, status: u16, call: &Call, value: &mut Value) {
    let bug = |fault: Fault| traits.faults.contains(&fault);
    let odd = |oddity: Oddity| traits.oddities.contains(&oddity);
    let list = call.path.ends_with("boxes") || call.path.ends_with("shots");
    let Some(object) = value.as_object_mut() else { return };
    if status >= 400 {
        if bug(Fault::ErrorsWithoutMessage) {
            let message = object.remove("message").unwrap_or_default();
            object.insert("detail".into(), message);
        }
        if bug(Fault::ErrorsWithoutFields) && !list {
            object.remove("errors");
        }
        if odd(Oddity::FirstErrorOnly)
            && let Some(errors) = object.get_mut("errors").and_then(Value::as_array_mut)
        {
            errors.truncate(1);
        }
        if odd(Oddity::OtherWords) && status != 400 && status != 409 {
            object.insert("message".into(), "Nope.".into());
        }
    }
    if odd(Oddity::ExtraFields) {
        extend(value);
    }
}

/// Adds a field to every object that is not a map of names.
fn extend(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                if name != "network_policy" {
                    extend(value);
                }
            }
            object.insert("x_extra".into(), serde_json::json!({"since": "v9", "n": [1, null]}));
        }
        Value::Array(items) => items.iter_mut().for_each(extend),
        _ => {}
    }
}

fn written(traits: &Traits, value: &Value) -> String {
    if traits.oddities.contains(&Oddity::PrettyJson) {
        return serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    }
    if traits.oddities.contains(&Oddity::KeysReversed) {
        return reversed(value);
    }
    value.to_string()
}

/// JSON with the fields of every object in reverse.
fn reversed(value: &Value) -> String {
    let pairs = |object: &Map<String, Value>| {
        let pair = |(name, value): (&String, &Value)| {
            format!("{}:{}", Value::from(name.as_str()), reversed(value))
        };
        object.iter().rev().map(pair).collect::<Vec<_>>().join(",")
    };
    match value {
        Value::Object(object) => format!("{{{}}}", pairs(object)),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}
