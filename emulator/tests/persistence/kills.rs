//! An emulator that is killed at any moment keeps what it has acknowledged, and nothing half.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, KEY, id, send, start_on};
use crate::emulator::Emulator;

/// How much is done, and to what.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// The flags that choose the back end.
    pub(crate) machines: &'static [&'static str],
    /// How often an emulator is killed.
    pub(crate) kills: usize,
    /// Clients at a time.
    pub(crate) clients: usize,
    /// Most requests that are answered between two kills.
    pub(crate) most: usize,
}

impl Load {
    /// With as many kills as an environment variable says, if it is set.
    pub(crate) fn or_as_told_by(self, variable: &str) -> Self {
        let told = std::env::var(variable).ok().and_then(|text| text.parse().ok());
        Self { kills: told.unwrap_or(self.kills), ..self }
    }
}

/// What a client knows of a sandbox or snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// It is there, with this text in its file.
    There(String),
    /// It is not, for good.
    Gone,
    /// A request about it was not answered: either may be, but nothing else.
    Unanswered(String),
}

/// What the clients were told: snapshots by name, paused sandboxes by id.
#[derive(Debug, Default)]
struct Record {
    snapshots: BTreeMap<String, Known>,
    paused: BTreeMap<String, Known>,
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// Kills emulators in the middle of what clients do, and compares what each next one has with what
/// the clients were told.
pub(crate) fn kill_again_and_again(Load { machines, kills, clients, most }: Load) {
    let folder = tempfile::tempdir().expect("a folder");
    let record = Mutex::new(Record::default());
    let next = AtomicUsize::new(0);
    let (mut dice, mut unanswered) = (Dice(1), 0);
    let mut slowest = Duration::ZERO;
    for kill in 0..kills {
        let emulator = start_on(machines, "kills", folder.path());
        let (clients, enough) = (clients, 1 + dice.below(most));
        live_until_killed(emulator, clients, enough, &record, &next, &mut dice);
        let begun = Instant::now();
        let emulator = start_on(machines, "kills-judge", folder.path());
        slowest = slowest.max(begun.elapsed());
        unanswered += judge(&emulator, &mut record.lock().expect("no panic"), kill);
    }
    let record = record.into_inner().expect("no panic");
    let count = |there| {
        let is = |known: &&Known| matches!(known, Known::There(_)) == there;
        record.snapshots.values().chain(record.paused.values()).filter(is).count()
    };
    let (there, gone) = (count(true), count(false));
    println!(
        "{kills} kills: {there} acknowledged snapshots and paused sandboxes are there, {gone} \
         deleted ones are not; {unanswered} requests had no answer, and left a whole thing or none; \
         the slowest restart was ready after {} ms",
        slowest.as_millis()
    );
    assert!(there > 0 && gone > 0, "too little was at stake: {there}, {gone}");
}

/// Clients at work until a kill that comes after some answer, in the middle of what the others do.
fn live_until_killed(
    emulator: Emulator,
    clients: usize,
    enough: usize,
    record: &Mutex<Record>,
    next: &AtomicUsize,
    dice: &mut Dice,
) {
    let url = emulator.environment(KEY)[0].1.to_owned();
    let (answered, answers) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..clients {
            let (answered, url) = (answered.clone(), &url);
            let dice = Dice(dice.below(usize::MAX >> 1) as u64);
            scope.spawn(move || client(url, record, next, dice, &answered));
        }
        drop(answered);
        let _ = answers.iter().take(enough).count();
        drop(emulator);
    });
}

/// One client: it makes sandboxes, takes snapshots, pauses and deletes, until nobody answers.
fn client(
    url: &str,
    record: &Mutex<Record>,
    next: &AtomicUsize,
    mut dice: Dice,
    answered: &mpsc::Sender<()>,
) {
    let ask = |call: &str, body: &Value| {
        let answer = send(url, KEY, call, body).ok()?;
        let _ = answered.send(());
        Some(answer)
    };
    let lock = || record.lock().expect("no panic");
    // `None` when the emulator is gone.
    let mut turn = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (name, text) = (format!("s{number}"), format!("text {number}"));
        let template = json!({ "template_name": "system/debian:bookworm", "timeout": 28_800 });
        let (status, made) = ask("POST /v1/sandbox", &template)?;
        assert_eq!(status, 201, "{made}");
        let sandbox = id(&made);
        let script =
            format!("printf '{text}' > f; head -c {} /dev/zero > pad", number % 7 * 50_000);
        let exec = format!("POST /v1/sandbox/{sandbox}/process/execute");
        assert_eq!(ask(&exec, &json!({ "command": script }))?.0, 200);

        lock().snapshots.insert(name.clone(), Known::Unanswered(text.clone()));
        let create = format!("POST /v1/sandbox/{sandbox}/snapshot/create");
        let (status, snapshot) = ask(&create, &json!({ "name": name }))?;
        assert_eq!(status, 201, "{snapshot}");
        lock().snapshots.insert(name.clone(), Known::There(text.clone()));

        if dice.below(2) == 0 {
            lock().snapshots.insert(name.clone(), Known::Unanswered(text.clone()));
            let delete = format!("DELETE /v1/snapshot/{}", id(&snapshot));
            assert_eq!(ask(&delete, &Value::Null)?.0, 204);
            lock().snapshots.insert(name, Known::Gone);
        }
        if dice.below(2) == 0 {
            // Until it is answered a crash may leave it running, and so gone.
            lock().paused.insert(sandbox.clone(), Known::Unanswered(text.clone()));
            let pause = format!("POST /v1/sandbox/{sandbox}/pause");
            assert_eq!(ask(&pause, &Value::Null)?.0, 201);
            lock().paused.insert(sandbox, Known::There(text));
        } else {
            lock().paused.insert(sandbox.clone(), Known::Unanswered(text));
            let delete = format!("DELETE /v1/sandbox/{sandbox}");
            assert_eq!(ask(&delete, &Value::Null)?.0, 204);
            lock().paused.insert(sandbox, Known::Gone);
        }
        Some(())
    };
    while turn().is_some() {}
}

/// Compares what is there with what was acknowledged. What was left open is settled by what is
/// seen, and must not change any more; how many were.
fn judge(emulator: &Emulator, record: &mut Record, kill: usize) -> usize {
    let client = Client::of(emulator);
    let Record { snapshots, paused } = record;
    let mut open = 0;
    let all = all_snapshots(&client);
    for (name, known) in snapshots.iter_mut() {
        let found = all.contains(name);
        match known {
            Known::There(_) => assert!(found, "kill {kill}: {name} was acknowledged and is lost"),
            Known::Gone => assert!(!found, "kill {kill}: {name} was deleted and is back"),
            Known::Unanswered(text) => {
                open += 1;
                if found {
                    let copy = client.restore(name);
                    assert_eq!(client.run(&copy, "cat f"), *text, "kill {kill}: {name} is half");
                    client.expect(204, &format!("DELETE /v1/sandbox/{copy}"), &Value::Null);
                }
                *known = if found { Known::There(text.clone()) } else { Known::Gone };
            }
        }
    }
    for name in &all {
        assert!(snapshots.contains_key(name), "kill {kill}: nobody has made {name}");
    }
    for (id, known) in paused.iter_mut() {
        let path = format!("/v1/sandbox/{id}");
        let (status, shown) = client.call(&format!("GET {path}"), &Value::Null);
        match known {
            Known::There(_) => {
                assert_eq!(shown["state"], "paused", "kill {kill}: {id} was paused: {shown}");
            }
            Known::Gone => assert_eq!(status, 404, "kill {kill}: {id} was deleted: {shown}"),
            Known::Unanswered(text) => {
                open += 1;
                *known = if status == 404 {
                    Known::Gone
                } else {
                    assert_eq!(shown["state"], "paused", "kill {kill}: {shown}");
                    Known::There(text.clone())
                };
            }
        }
    }
    look_inside(&client, snapshots, paused, kill);
    open
}

/// Reads what a few hold, a different few every time. A paused one that was looked into is done
/// with: it would run when the next kill comes.
fn look_inside(
    client: &Client,
    snapshots: &BTreeMap<String, Known>,
    paused: &mut BTreeMap<String, Known>,
    kill: usize,
) {
    let few = |all: &BTreeMap<String, Known>| -> Vec<(String, String)> {
        let there = all.iter().filter_map(|(name, known)| match known {
            Known::There(text) => Some((name.clone(), text.clone())),
            Known::Gone | Known::Unanswered(_) => None,
        });
        let there: Vec<_> = there.collect();
        there.iter().cycle().skip(3 * kill).take(there.len().min(3)).cloned().collect()
    };
    for (name, text) in few(snapshots) {
        let copy = client.restore(&name);
        assert_eq!(client.run(&copy, "cat f"), text, "kill {kill}: {name}");
        client.expect(204, &format!("DELETE /v1/sandbox/{copy}"), &Value::Null);
    }
    for (id, text) in few(paused) {
        assert_eq!(client.run(&id, "cat f"), text, "kill {kill}: {id}");
        client.expect(204, &format!("DELETE /v1/sandbox/{id}"), &Value::Null);
        paused.insert(id, Known::Gone);
    }
}

fn all_snapshots(client: &Client) -> Vec<String> {
    let mut all = Vec::new();
    for page in 1.. {
        let list = client.get(&format!("/v1/snapshots?page_size=100&page={page}"));
        let items = list["items"].as_array().expect("a list");
        all.extend(items.iter().map(|one| one["name"].as_str().expect("a name").to_owned()));
        if items.len() < 100 {
            break;
        }
    }
    all
}
