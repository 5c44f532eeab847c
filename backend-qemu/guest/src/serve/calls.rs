//! From a request to its answer.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use leap0_guest::protocol::{Message, Reply, Request, VERSION};

use super::exec::exec;
use super::identity;
use super::session::Session;
use super::worker::Workers;
use crate::account::Account;
use crate::answer::answer;

/// Who the sandbox's user is.
#[derive(Clone, Copy, Debug)]
pub(super) enum User {
    /// Whoever has this name at the time.
    Named(&'static str),
    /// This one.
    Fixed(Account),
}

/// Takes requests, and sees that each gets its answer.
pub(super) struct Calls {
    performer: Arc<Performer>,
    session: Arc<Session>,
    answers: Sender<Message<Reply>>,
}

impl Calls {
    pub(super) fn new(user: User, session: Arc<Session>, answers: Sender<Message<Reply>>) -> Self {
        let performer = Arc::new(Performer { user, workers: Workers::default() });
        Self { performer, session, answers }
    }

    /// Starts on a request. It waits for nothing, as the next one may be the hello that ends
    /// whatever it would wait for.
    pub(super) fn take(&self, request: Message<Request>) {
        let Message { session, call, body } = request;
        if let Request::Hello = body {
            self.session.begin(session);
            send(&self.answers, Message { session, call, body: Reply::Hello { version: VERSION } });
        } else if self.session.is(session) {
            let (performer, answers) = (Arc::clone(&self.performer), self.answers.clone());
            let started = thread::Builder::new().spawn(move || {
                let body = answer(|| performer.perform(body));
                send(&answers, Message { session, call, body });
            });
            if let Err(error) = started {
                let body = Reply::Failed(format!("no thread for a call: {error}"));
                send(&self.answers, Message { session, call, body });
            }
        }
    }
}

fn send(answers: &Sender<Message<Reply>>, answer: Message<Reply>) {
    // Without a writer the port is gone, and nobody waits for an answer any more.
    let _ = answers.send(answer);
}

struct Performer {
    user: User,
    workers: Workers,
}

impl Performer {
    fn perform(&self, request: Request) -> Reply {
        match request {
            Request::Hello => Reply::Hello { version: VERSION },
            Request::Assume(identity) => match identity::assume(&identity) {
                Ok(()) => Reply::Assumed,
                Err(why) => Reply::Failed(why),
            },
            Request::Exec(request) => self.as_user(|account| exec(account, &request)),
            Request::Files(op) => self.as_user(|account| self.workers.perform(account, &op)),
        }
    }

    fn as_user(&self, perform: impl FnOnce(Account) -> Reply) -> Reply {
        let account = match self.user {
            User::Named(name) => Account::named(name),
            User::Fixed(account) => Ok(account),
        };
        match account {
            Ok(account) => perform(account),
            Err(error) => Reply::Failed(format!("the sandbox's user can't be found: {error}")),
        }
    }
}
