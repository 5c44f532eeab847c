//! QMP: the machine's monitor.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use qapi::{Command, Empty, qmp};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::sync::{Notify, oneshot};

use super::{Client, QmpError};

/// Drives one machine.
#[derive(Debug)]
pub(crate) struct Monitor {
    client: Client,
    jobs: Jobs,
    stalled: Arc<Notify>,
}

/// Who waits for which job. A job's end is known by its event, which may come before the answer to
/// the command that started it.
type Jobs = Arc<Mutex<Option<HashMap<String, oneshot::Sender<()>>>>>;

/// `blockdev-add`, as it is written in QEMU's documents: the tree of options is its own language.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct BlockdevAdd(pub(crate) Value);

impl Command for BlockdevAdd {
    type Ok = Empty;
    const NAME: &'static str = "blockdev-add";
    const ALLOW_OOB: bool = false;
}

impl Monitor {
    /// Reads the greeting and leaves the negotiation mode.
    pub(crate) async fn open<S>(stream: S) -> Result<Self, QmpError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (read, write) = tokio::io::split(stream);
        let mut read = BufReader::new(read);
        greeting(&mut read).await?;
        let jobs: Jobs = Arc::new(Mutex::new(Some(HashMap::new())));
        let stalled = Arc::new(Notify::new());
        let watch = Watch { jobs: Arc::clone(&jobs), stalled: Arc::clone(&stalled) };
        let client =
            Client::start(read, write, Box::new(move |name, data| watch.event(name, data)));
        client.execute(qmp::qmp_capabilities { enable: None }).await?;
        Ok(Self { client, jobs, stalled })
    }

    /// Sends a command and waits for its answer.
    pub(crate) async fn execute<C: Command>(&self, command: C) -> Result<C::Ok, QmpError> {
        self.client.execute(command).await
    }

    /// Returns when the machine has been stopped because its disk could not be written to for want
    /// of room.
    pub(crate) async fn stalled(&self) {
        self.stalled.notified().await;
    }

    /// Starts the job `id` by a command, waits for its end and clears it away. The command must
    /// leave a concluded job where it is (`auto-dismiss: false` where it has the choice): its error
    /// is told nowhere else.
    pub(crate) async fn run_job<C: Command>(&self, id: &str, start: C) -> Result<(), QmpError> {
        let closed = || QmpError::Closed { command: C::NAME };
        let (sender, concluded) = oneshot::channel();
        self.lock().as_mut().ok_or_else(closed)?.insert(id.to_owned(), sender);
        if let Err(error) = self.execute(start).await {
            if let Some(waiting) = self.lock().as_mut() {
                waiting.remove(id);
            }
            return Err(error);
        }
        concluded.await.map_err(|_| closed())?;
        let jobs = self.execute(qmp::query_jobs {}).await?;
        self.execute(qmp::job_dismiss { id: id.to_owned() }).await?;
        match jobs.into_iter().find(|job| job.id == id) {
            Some(qmp::JobInfo { error: Some(error), .. }) => {
                Err(QmpError::Job { job: id.to_owned(), error })
            }
            Some(_) => Ok(()),
            None => Err(QmpError::Protocol {
                command: C::NAME,
                problem: format!("the job {id} has concluded and is not among the jobs"),
            }),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HashMap<String, oneshot::Sender<()>>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn greeting<R: AsyncRead + Unpin>(read: &mut BufReader<R>) -> Result<(), QmpError> {
    let mut line = Vec::new();
    let command = "greeting";
    match read.read_until(b'\n', &mut line).await {
        Ok(n) if n > 0 => {}
        _ => return Err(QmpError::Closed { command }),
    }
    match serde_json::from_slice::<Value>(&line) {
        Ok(Value::Object(object)) if object.contains_key("QMP") => Ok(()),
        _ => Err(QmpError::Protocol {
            command,
            problem: format!("not QMP: {}", String::from_utf8_lossy(&line).trim_end()),
        }),
    }
}

/// The reader's end of [`Jobs`]. When the connection ends it is dropped, and with it the hope of
/// everyone who waits.
struct Watch {
    jobs: Jobs,
    stalled: Arc<Notify>,
}

impl Watch {
    fn event(&self, name: &str, data: &Value) {
        match name {
            "JOB_STATUS_CHANGE" if data["status"] == "concluded" => {
                let waiting = data["id"].as_str().and_then(|id| self.lock().as_mut()?.remove(id));
                if let Some(waiting) = waiting {
                    let _ = waiting.send(());
                }
            }
            "BLOCK_IO_ERROR" if data["action"] == "stop" => self.stalled.notify_one(),
            "BLOCK_IO_ERROR" => log::warn!("QEMU: {name}: {data}"),
            _ => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HashMap<String, oneshot::Sender<()>>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *self.lock() = None;
    }
}
