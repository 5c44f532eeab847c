//! Recording a history on a target.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

use super::call::{Call, History, Operation, Told};
use super::plan::{Act, Move, Plan};
use super::wire;
use crate::http::Exchange;
use crate::run::Session;

/// The files that are written: on disk, where a stop leaves them.
const FILES: [&str; 2] = ["/tmp/one", "/tmp/two"];

/// What was recorded, and the exchange of each call.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) history: History,
    pub(crate) exchanges: Vec<Exchange>,
    /// The first request that nobody answered, though its client waited.
    pub(crate) unanswered: Option<String>,
}

/// Clients that act at once, and what they know of each other.
struct Scene {
    session: Arc<Session>,
    /// Where snapshots are restored; not every era has the same place.
    restore: &'static str,
    clock: Instant,
    names: Vec<String>,
    /// How many more sandboxes there may be at once.
    room: Semaphore,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    calls: Vec<Call>,
    exchanges: Vec<Exchange>,
    sandboxes: Vec<String>,
    /// The latest snapshot of each name, as far as somebody was told.
    snapshots: Vec<Option<String>>,
    /// Restored sandboxes that were left.
    copies: Vec<String>,
    values: usize,
    unanswered: Option<String>,
}

/// Records a history of a plan; none if not even its sandboxes could be made. Everything that was
/// made is removed, but for what nobody got an answer about.
pub(crate) async fn record(
    session: &Arc<Session>,
    restore: &'static str,
    plan: Plan,
    most: usize,
) -> Option<Recorded> {
    let names: Vec<String> = (0..plan.names).map(|_| session.fresh_name()).collect();
    let log = Log { snapshots: vec![None; names.len()], ..Log::default() };
    let room = Semaphore::new(most.saturating_sub(plan.sandboxes));
    let clock = Instant::now();
    let log = Mutex::new(log);
    let scene = Arc::new(Scene { session: session.clone(), restore, clock, names, room, log });
    let ready = scene.begin(&plan).await;
    if ready {
        scene.act(plan).await;
        if !scene.is_silent() {
            scene.look_at_all().await;
        }
    }
    scene.clear().await;
    let mut log = scene.log(std::mem::take);
    let history = History {
        target: session.client().target(),
        seed: session.settings.seed,
        keeps_used: false,
        calls: std::mem::take(&mut log.calls),
    };
    let Log { exchanges, unanswered, .. } = log;
    ready.then_some(Recorded { history, exchanges, unanswered })
}

impl Scene {
    fn log<T>(&self, act: impl FnOnce(&mut Log) -> T) -> T {
        act(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Whether a request was left without an answer: the next ones may wait as long.
    fn is_silent(&self) -> bool {
        self.log(|log| log.unanswered.is_some())
    }

    /// One call and its answer; none if nothing came back.
    async fn call(&self, client: usize, operation: Operation) -> Option<Told> {
        let request = wire::request(&self.session, self.restore, &operation);
        let begin = self.now();
        let exchange = self.session.send(request).await;
        let end = self.now();
        let told = exchange.answer.as_ref().ok();
        let told = told.map(|answer| Told { end, ..wire::told(&operation, answer) });
        self.log(|log| {
            if let Err(why) = &exchange.answer {
                let (method, path) = (&exchange.request.method, &exchange.request.path);
                log.unanswered.get_or_insert_with(|| format!("{method} {path}: {why}"));
            }
            log.calls.push(Call { client, operation, begin, answer: told.clone() });
            log.exchanges.push(exchange);
        });
        told
    }

    /// One call whose client hangs up: whatever came of it, nobody was told.
    async fn hang_up(&self, client: usize, operation: Operation, after: Duration) {
        let request = wire::request(&self.session, self.restore, &operation);
        let begin = self.now();
        if self.session.client().hang_up(&request, after).await.is_ok() {
            let exchange = Exchange::failed(request, "the client hung up");
            self.log(|log| {
                log.calls.push(Call { client, operation, begin, answer: None });
                log.exchanges.push(exchange);
            });
        }
    }

    /// Makes the sandboxes and writes every file.
    async fn begin(&self, plan: &Plan) -> bool {
        for _ in 0..plan.sandboxes {
            let Some(id) = self.make(0).await else { return false };
            self.log(|log| log.sandboxes.push(id));
        }
        true
    }

    /// A sandbox that runs, with something in every file.
    async fn make(&self, client: usize) -> Option<String> {
        let told = self.call(client, Operation::Create).await?;
        let id = told.made.filter(|_| told.status == 201)?;
        if told.state.as_deref() != Some("running") && !self.session.until_running(&id).await {
            return None;
        }
        for file in FILES {
            let (sandbox, file, value) = (id.clone(), file.to_owned(), self.value(client));
            self.call(client, Operation::Write { sandbox, file, value }).await;
        }
        Some(id)
    }

    /// A value that nobody else writes.
    fn value(&self, client: usize) -> String {
        self.log(|log| {
            log.values += 1;
            format!("v{client}x{}", log.values)
        })
    }

    /// Makes another sandbox if the one in a place is gone.
    async fn renew(&self, client: usize, place: usize) {
        let Some(sandbox) = self.log(|log| log.sandboxes.get(place).cloned()) else { return };
        let told = self.call(client, Operation::Get { sandbox }).await;
        let gone = |told: &Told| told.status == 404 || told.state.as_deref() == Some("deleted");
        if told.as_ref().is_some_and(gone)
            && let Some(id) = self.make(client).await
        {
            self.log(|log| log.sandboxes[place] = id);
        }
    }

    async fn drop_copies(&self, client: usize) {
        for sandbox in self.log(|log| std::mem::take(&mut log.copies)) {
            let told = self.call(client, Operation::Delete { sandbox }).await;
            if told.is_some_and(|told| told.status < 300 || told.status == 404) {
                self.room.add_permits(1);
            }
        }
    }

    /// Lets all clients act.
    async fn act(self: &Arc<Self>, plan: Plan) {
        let clients = plan.waves.first().map_or(0, Vec::len);
        let barrier = Arc::new(Barrier::new(clients));
        let mut running = JoinSet::new();
        for client in 0..clients {
            let moves: Vec<Move> =
                plan.waves.iter().filter_map(|wave| wave.get(client).copied()).collect();
            let (scene, barrier) = (self.clone(), barrier.clone());
            running.spawn(async move {
                for one in moves {
                    barrier.wait().await;
                    if scene.is_silent() {
                        continue;
                    }
                    if one.after > 0 {
                        tokio::time::sleep(micros(one.after)).await;
                    }
                    match (one.hangs_up, scene.operation(client, one.act)) {
                        (Some(after), Some(operation)) => {
                            scene.hang_up(client, operation, micros(after)).await;
                            // It tries again, as clients do that were cut off.
                            scene.perform(client, one.act).await;
                        }
                        _ => scene.perform(client, one.act).await,
                    }
                }
            });
        }
        while running.join_next().await.is_some() {}
    }

    /// What an act asks for; none if there is nothing to ask it of.
    fn operation(&self, client: usize, act: Act) -> Option<Operation> {
        let value = || self.value(client);
        let at = |place: usize| self.log(|log| log.sandboxes.get(place).cloned());
        Some(match act {
            Act::Get(place) => Operation::Get { sandbox: at(place)? },
            Act::Write(place, file) => {
                let file = FILES[file].to_owned();
                Operation::Write { sandbox: at(place)?, file, value: value() }
            }
            Act::Read(place, file) => {
                Operation::Read { sandbox: at(place)?, file: FILES[file].to_owned() }
            }
            Act::Execute(place, file) => {
                let file = FILES[file].to_owned();
                Operation::Execute { sandbox: at(place)?, file, value: value() }
            }
            Act::Pause(place) => Operation::Pause { sandbox: at(place)? },
            Act::Stop(place) => Operation::Stop { sandbox: at(place)? },
            Act::Start(place) => Operation::Start { sandbox: at(place)? },
            Act::Delete(place) => Operation::Delete { sandbox: at(place)? },
            Act::Capture(place, name) => {
                Operation::Capture { sandbox: at(place)?, name: self.names[name].clone() }
            }
            Act::Restore(name) => Operation::Restore { name: self.names[name].clone() },
            Act::DeleteSnapshot(name) => {
                let snapshot = self.log(|log| log.snapshots.get(name).cloned().flatten())?;
                Operation::DeleteSnapshot { snapshot }
            }
            Act::Find(name) => Operation::Find { name: self.names[name].clone() },
            Act::Renew(_) | Act::DropCopies | Act::Rest => return None,
        })
    }

    async fn perform(&self, client: usize, act: Act) {
        match act {
            Act::Renew(place) => return self.renew(client, place).await,
            Act::DropCopies => return self.drop_copies(client).await,
            _ => {}
        }
        let Some(operation) = self.operation(client, act) else { return };
        if let Act::Restore(_) = act {
            return self.restore(client, operation).await;
        }
        let Some(told) = self.call(client, operation).await else { return };
        match act {
            Act::Capture(_, name) if told.status == 201 => {
                self.log(|log| log.snapshots[name] = told.made);
            }
            Act::Find(name) if !told.found.is_empty() => {
                self.log(|log| log.snapshots[name] = told.found.first().cloned());
            }
            _ => {}
        }
    }

    /// Restores a snapshot, if there is room, and looks at what it holds.
    async fn restore(&self, client: usize, operation: Operation) {
        let Ok(place) = self.room.try_acquire() else { return };
        let made = self.call(client, operation).await;
        let Some(id) = made.and_then(|told| told.made) else { return };
        // Until it is deleted it takes its place.
        place.forget();
        self.log(|log| log.copies.push(id.clone()));
        if self.session.until_running(&id).await {
            self.read_all(client, &id).await;
        }
    }

    async fn read_all(&self, client: usize, sandbox: &str) {
        for file in FILES {
            let (sandbox, file) = (sandbox.to_owned(), file.to_owned());
            self.call(client, Operation::Read { sandbox, file }).await;
        }
    }

    /// Looks at everything, one after another.
    async fn look_at_all(&self) {
        const LAST: usize = super::plan::CLIENTS;
        for (place, id) in self.log(|log| log.sandboxes.clone()).into_iter().enumerate() {
            let told = self.call(LAST, Operation::Get { sandbox: id.clone() }).await;
            match told.as_ref().and_then(|told| told.state.as_deref()) {
                Some("stopped") => self.perform(LAST, Act::Start(place)).await,
                Some("deleted") => continue,
                _ => {}
            }
            self.read_all(LAST, &id).await;
        }
        self.drop_copies(LAST).await;
        for name in 0..self.names.len() {
            self.perform(LAST, Act::Find(name)).await;
            self.perform(LAST, Act::Restore(name)).await;
            self.drop_copies(LAST).await;
            // A name that nobody has must be free.
            let places = self.log(|log| log.sandboxes.len());
            self.perform(LAST, Act::Capture(places.saturating_sub(1), name)).await;
        }
    }

    /// Removes what was made. Snapshots that were made after all have names to be found by.
    async fn clear(&self) {
        let made = self.log(|log| log.exchanges.clone());
        self.session.remove_made(made.iter()).await;
        for name in &self.names {
            self.session.sweep(name).await;
        }
    }
}

fn micros(count: usize) -> Duration {
    Duration::from_micros(u64::try_from(count).unwrap_or(0))
}

/// Whether a target refuses to delete a snapshot while a copy runs; none if that can't be told.
pub(crate) async fn keeps_used(session: &Arc<Session>, restore: &'static str) -> Option<bool> {
    let send = async |operation: Operation| {
        let exchange = session.send(wire::request(session, restore, &operation)).await;
        exchange.answer.ok().map(|answer| wire::told(&operation, &answer))
    };
    let name = session.fresh_name();
    let sandbox = send(Operation::Create).await?.made?;
    session.until_running(&sandbox).await;
    let captured = send(Operation::Capture { sandbox: sandbox.clone(), name: name.clone() }).await;
    let snapshot = captured.and_then(|told| told.made);
    let copy = send(Operation::Restore { name }).await.and_then(|told| told.made);
    let refused = match (&snapshot, &copy) {
        (Some(snapshot), Some(copy)) => {
            session.until_running(copy).await;
            let told = send(Operation::DeleteSnapshot { snapshot: snapshot.clone() }).await;
            told.map(|told| told.status == 409)
        }
        _ => None,
    };
    for id in [Some(sandbox), copy].into_iter().flatten() {
        session.remove_sandbox(&id).await;
    }
    if let Some(snapshot) = snapshot {
        session.remove_snapshot(&snapshot).await;
    }
    refused
}
