//! A server in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use leap0_emulator::{Access, Emulator, Keys, Limits, server};
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::RandomIds;
use leap0_emulator_core::service::{Host, Settings};
use leap0_storage::DataFolder;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Client;

/// A running server; it ends with the trial.
pub(crate) struct Server {
    authority: String,
    emulator: Arc<Emulator>,
    task: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

/// A server with settings of the trial's own.
pub(crate) struct Builder {
    settings: Settings,
    keys: Keys,
    access: Access,
    limits: Limits,
    grace: Duration,
    folder: Option<PathBuf>,
}

impl Server {
    /// A server with the default settings.
    pub(crate) async fn start() -> Self {
        Self::with().start().await
    }

    /// A server with settings of one's own.
    pub(crate) fn with() -> Builder {
        Builder {
            settings: Settings::default(),
            keys: Keys::Any,
            access: Access::default(),
            limits: Limits::default(),
            // Commands that run when a snapshot is taken get little time: trials don't wait.
            grace: Duration::from_millis(20),
            folder: None,
        }
    }

    /// A client with a key of its own organisation.
    pub(crate) fn client(&self) -> Client {
        self.client_with_key("key-of-the-trial")
    }

    /// A client with this key.
    pub(crate) fn client_with_key(&self, key: &str) -> Client {
        Client::new(&self.authority, Some(key))
    }

    /// A client that sends no key.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(&self.authority, None)
    }

    /// Ends it in an orderly way.
    pub(crate) async fn end(mut self) {
        drop(self.stop.take());
        let _ = (&mut self.task).await;
        self.emulator.shut_down().await;
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Builder {
    /// Changes the service's settings.
    pub(crate) fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Accepts only these keys, each `KEY` or `KEY:ORG`.
    pub(crate) fn keys(mut self, keys: &[&str]) -> Self {
        self.keys = Keys::new(keys.iter().map(|key| key.parse().expect("a key")).collect());
        self
    }

    /// Lets pages of these origins in.
    pub(crate) fn origins(mut self, origins: &[&str]) -> Self {
        let origins: Vec<_> = origins.iter().map(|&origin| origin.to_owned()).collect();
        self.access = Access::new(&origins, false).expect("origins");
        self
    }

    /// Refuses larger bodies.
    pub(crate) fn max_body(mut self, bytes: usize) -> Self {
        self.limits.max_body = bytes;
        self
    }

    /// Lets commands that run when a snapshot is taken end, for this long, where they can't be
    /// frozen.
    pub(crate) fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Keeps everything in this folder, and begins with what is there.
    pub(crate) fn data_dir(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Starts it.
    pub(crate) async fn start(self) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let authority = listener.local_addr().expect("bound").to_string();
        let backend = crate::backend(self.grace);
        let mut host =
            Host::new(backend, Arc::new(SystemClock), Arc::new(RandomIds), self.settings);
        if let Some(folder) = &self.folder {
            let storage = DataFolder::open(folder, host.backend().name).expect("a data folder");
            host = host.kept_in(Arc::new(storage));
        }
        let emulator = Emulator::new(host, self.keys, self.access, self.limits);
        emulator.recall().await.expect("what was kept is read");
        let emulator = Arc::new(emulator);
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let serving = server::run(Arc::clone(&emulator), listener, stopped);
        Server { authority, emulator, task: tokio::spawn(serving), stop: Some(stop) }
    }
}
