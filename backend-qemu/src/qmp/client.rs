//! Commands and answers as lines of JSON.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qapi::{Command, Execute};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};

use super::QmpError;

/// A connection to QEMU or to its agent; cheap to clone. Calls may be made side by side, and may
/// be dropped: a command that was sent is carried out all the same.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    shared: Arc<Shared>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
}

/// What is told of an event: its name and data.
type OnEvent = Box<dyn FnMut(&str, &Value) + Send>;

#[derive(Debug, Default)]
struct Shared(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    last: u64,
    /// `None` once the connection has ended.
    calls: Option<HashMap<u64, oneshot::Sender<Result<Value, qapi::Error>>>>,
}

/// One line from the other side.
#[derive(Deserialize)]
struct Line {
    id: Option<u64>,
    event: Option<String>,
    #[serde(default)]
    data: Value,
    error: Option<Refusal>,
    #[serde(rename = "return")]
    value: Option<Value>,
}

#[derive(Deserialize)]
struct Refusal {
    class: Value,
    desc: String,
}

impl Client {
    /// Takes over a connection. `rest` is what was read of it already.
    pub(crate) fn start<R, W>(read: BufReader<R>, write: W, on_event: OnEvent) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let shared = Arc::new(Shared::default());
        shared.lock().calls = Some(HashMap::new());
        let (lines, queue) = mpsc::unbounded_channel();
        // The writer ends with the last client, which closes this half; the reader with the other
        // side.
        tokio::spawn(write_lines(queue, write));
        tokio::spawn(read_lines(read, Arc::clone(&shared), on_event));
        Self { shared, lines }
    }

    /// Sends a command and waits for its answer.
    pub(crate) async fn execute<C: Command>(&self, command: C) -> Result<C::Ok, QmpError> {
        let (sender, answer) = oneshot::channel();
        let id = self.shared.expect(sender).ok_or(QmpError::Closed { command: C::NAME })?;
        let protocol = |error: serde_json::Error| QmpError::Protocol {
            command: C::NAME,
            problem: error.to_string(),
        };
        let mut line = serde_json::to_vec(&Execute::with_id(command, id)).map_err(protocol)?;
        line.push(b'\n');
        self.lines.send(line).map_err(|_| QmpError::Closed { command: C::NAME })?;
        match answer.await {
            Ok(Ok(value)) => serde_json::from_value(value).map_err(protocol),
            Ok(Err(error)) => Err(QmpError::Refused { command: C::NAME, error }),
            Err(_) => Err(QmpError::Closed { command: C::NAME }),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, sender: oneshot::Sender<Result<Value, qapi::Error>>) -> Option<u64> {
        let mut pending = self.lock();
        pending.last += 1;
        let id = pending.last;
        pending.calls.as_mut()?.insert(id, sender);
        Some(id)
    }

    fn answer(&self, id: u64, result: Result<Value, qapi::Error>) {
        let sender = self.lock().calls.as_mut().and_then(|calls| calls.remove(&id));
        if let Some(sender) = sender {
            // The caller may have given up.
            let _ = sender.send(result);
        }
    }
}

async fn write_lines<W: AsyncWrite + Unpin>(
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    mut write: W,
) {
    while let Some(line) = queue.recv().await {
        if write.write_all(&line).await.is_err() {
            return;
        }
    }
}

async fn read_lines<R: AsyncRead + Unpin>(
    mut read: BufReader<R>,
    shared: Arc<Shared>,
    mut on_event: OnEvent,
) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match read.read_until(b'\n', &mut line).await {
            Ok(n) if n > 0 => {}
            _ => break,
        }
        // What is no message of the protocol, and an answer to a call of somebody else, say
        // nothing to us.
        let Ok(message) = serde_json::from_slice::<Line>(&line) else {
            log::debug!("not understood: {}", String::from_utf8_lossy(&line).trim_end());
            continue;
        };
        match message {
            Line { event: Some(name), data, .. } => on_event(&name, &data),
            Line { id: Some(id), error: Some(Refusal { class, desc }), .. } => {
                let class = serde_json::from_value(class).unwrap_or(qapi::ErrorClass::GenericError);
                shared.answer(id, Err(qapi::Error { class, desc, id: None }));
            }
            Line { id: Some(id), value: Some(value), .. } => shared.answer(id, Ok(value)),
            _ => {}
        }
    }
    // Whoever waits learns it now, whoever comes later at once.
    shared.lock().calls = None;
}
