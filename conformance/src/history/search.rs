//! The search for an order, after Wing, Gong and Lowe: depth first, with a cache of what was
//! reached (which calls are done, and the state), and no recursion.
//!
//! Calls are taken just in time: when one was answered, it has to be done, and of the calls that
//! are under way then only those are tried before it that can make a difference to it. What only
//! looks is taken as soon as it fits, since that changes nothing for others; unless it may have to
//! wake its sandbox later.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::footprint::Footprint;
use super::machine::{BEGUN, DONE, FRESH, State};
use super::problem::Part;
use super::task::{Reply, Task};

/// How much a search may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) steps: u64,
    pub(crate) time: Duration,
}

/// What came of a search.
#[derive(Clone, Debug)]
pub(super) struct Searched {
    pub(super) finding: Finding,
    pub(super) steps: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Finding {
    /// There is an order.
    Fits,
    /// There is none: nothing explains the answer to this task.
    Contradiction {
        task: usize,
        /// What could be there when it was answered.
        could: Vec<State>,
    },
    /// The budget ended first.
    Unknown,
}

/// A place in the search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Node {
    /// The answer that is to be explained next.
    event: usize,
    /// Tasks that are under way and have begun, or are done before they were answered.
    progress: Vec<(u32, u8)>,
    state: State,
}

enum Item {
    /// To go on from.
    Node(Rc<Node>),
    /// Where what others do first is still to be tried.
    Others(Rc<Node>),
}

struct Search<'a> {
    part: &'a Part,
    /// Tasks in the order of their answers.
    ended: Vec<usize>,
    /// The tasks that are under way at each answer, one after another, and where each begins.
    under_way: Vec<usize>,
    places: Vec<usize>,
    /// Tasks without an answer.
    open: Vec<usize>,
    seen: HashSet<Rc<Node>>,
    stack: Vec<Item>,
    deepest: usize,
    dead: Vec<Rc<Node>>,
    deadline: Instant,
}

/// Nodes are many, so their numbers are small.
fn short(task: usize) -> u32 {
    u32::try_from(task).expect("fewer than 2^32 calls")
}

impl Node {
    fn place(&self, task: usize) -> Result<usize, usize> {
        self.progress.binary_search_by_key(&short(task), |(known, _)| *known)
    }

    fn point(&self, task: usize) -> u8 {
        let place = self.place(task);
        place.map_or(FRESH, |place| self.progress[place].1)
    }

    fn set(&mut self, task: usize, point: u8) {
        match (self.place(task), point) {
            (Ok(place), FRESH) => drop(self.progress.remove(place)),
            (Ok(place), point) => self.progress[place].1 = point,
            (Err(_), FRESH) => {}
            (Err(place), point) => self.progress.insert(place, (short(task), point)),
        }
    }
}

/// Looks for an order in which every task of a part is explained.
pub(super) fn search(part: &Part, budget: Budget) -> Searched {
    let deadline = Instant::now() + budget.time;
    let mut search = Search::new(part, deadline);
    let mut steps = 0;
    let start = Node { event: 0, progress: Vec::new(), state: State::default() };
    if search.arrive(start) {
        return Searched { finding: Finding::Fits, steps };
    }
    while let Some(item) = search.stack.pop() {
        steps += 1;
        if steps > budget.steps || Instant::now() > deadline {
            return Searched { finding: Finding::Unknown, steps };
        }
        let fits = match item {
            Item::Node(node) => search.own(&node),
            Item::Others(node) => search.others(&node),
        };
        if fits {
            return Searched { finding: Finding::Fits, steps };
        }
    }
    if Instant::now() > deadline {
        return Searched { finding: Finding::Unknown, steps };
    }
    let task = search.ended[search.deepest];
    let mut could: Vec<State> = search.dead.iter().map(|node| node.state.clone()).collect();
    let mut known = HashSet::new();
    could.retain(|state| known.insert(state.clone()));
    Searched { finding: Finding::Contradiction { task, could }, steps }
}

impl<'a> Search<'a> {
    fn new(part: &'a Part, deadline: Instant) -> Self {
        let tasks = &part.tasks;
        let all = 0..tasks.len();
        let mut ended: Vec<usize> =
            all.clone().filter(|task| tasks[*task].end != u64::MAX).collect();
        ended.sort_by_key(|task| tasks[*task].end);
        let (mut under_way, mut places) = (Vec::new(), Vec::new());
        let (mut active, mut next): (Vec<usize>, usize) = (Vec::new(), 0);
        for event in &ended {
            while tasks.get(next).is_some_and(|task| task.begin <= tasks[*event].end) {
                if tasks[next].end != u64::MAX {
                    active.push(next);
                }
                next += 1;
            }
            places.push(under_way.len());
            under_way.extend(&active);
            active.retain(|task| task != event);
        }
        places.push(under_way.len());
        let open = all.filter(|task| tasks[*task].end == u64::MAX).collect();
        Self {
            part,
            ended,
            under_way,
            places,
            open,
            seen: HashSet::new(),
            stack: Vec::new(),
            deepest: 0,
            dead: Vec::new(),
            deadline,
        }
    }

    fn task(&self, task: usize) -> &'a Task {
        &self.part.tasks[task]
    }

    /// The tasks that can be taken before an answer, without those that are open.
    fn under_way(&self, event: usize) -> &[usize] {
        &self.under_way[self.places[event]..self.places[event + 1]]
    }

    /// Takes what fits and goes on to the next answer that is not explained yet, to be tried
    /// later. True if there is none.
    fn arrive(&mut self, mut node: Node) -> bool {
        loop {
            let Some(task) = self.ended.get(node.event).copied() else { return true };
            for look in self.under_way(node.event) {
                let task = self.task(*look);
                let looks = task.is_look() && !task.wakeful && node.point(*look) == FRESH;
                if looks && self.part.machine.explains(&node.state, self.task(*look)) {
                    node.set(*look, DONE);
                }
            }
            match node.point(task) {
                DONE => node.set(task, FRESH),
                // It was answered before it was done; the rest may come at any time.
                BEGUN if self.task(task).early => {}
                _ => break,
            }
            node.event += 1;
        }
        let node = Rc::new(node);
        if self.seen.insert(node.clone()) {
            if node.event > self.deepest {
                self.deepest = node.event;
                self.dead.clear();
            }
            if node.event == self.deepest {
                self.dead.push(node.clone());
            }
            self.stack.push(Item::Node(node));
        }
        false
    }

    /// Tries the task that was answered, before all others.
    fn own(&mut self, node: &Rc<Node>) -> bool {
        self.stack.push(Item::Others(node.clone()));
        let task = self.ended[node.event];
        if self.task(task).reply == Reply::Open && node.point(task) == FRESH {
            // It could be done until now, and need not have been.
            let without = Node { event: node.event + 1, ..Node::clone(node) };
            if self.arrive(without) {
                return true;
            }
        }
        self.take(node, task)
    }

    /// Tries what others may have done before.
    fn others(&mut self, node: &Rc<Node>) -> bool {
        for task in self.helpers(node) {
            if Instant::now() > self.deadline {
                break;
            }
            if self.take(node, task) {
                return true;
            }
        }
        false
    }

    /// Takes every next step of a task.
    fn take(&mut self, node: &Rc<Node>, task: usize) -> bool {
        let mut next = Vec::new();
        let point = node.point(task);
        self.part.machine.steps(&node.state, self.task(task), point, &mut next);
        if point == FRESH
            && self.task(task).wakeful
            && self.part.machine.explains(&node.state, self.task(task))
        {
            next.push((DONE, node.state.clone()));
        }
        for (point, state) in next {
            let mut node = Node { event: node.event, progress: node.progress.clone(), state };
            node.set(task, point);
            if self.arrive(node) {
                return true;
            }
        }
        false
    }

    /// The tasks that may make a difference to the answer that is to be explained, and to each
    /// other: what meets none of those that come after it can as well come after all of them.
    fn helpers(&self, node: &Node) -> Vec<usize> {
        let answered = self.ended[node.event];
        let now = self.task(answered).end;
        let begun = self.open.partition_point(|task| self.task(*task).begin <= now);
        let early = node.progress.iter().map(|(task, _)| *task as usize);
        let early = early.filter(|task| self.task(*task).early && self.task(*task).end < now);
        let under_way = self.under_way(node.event).iter().copied();
        let mut rest: Vec<usize> = self.open[..begun]
            .iter()
            .copied()
            .chain(early)
            .chain(under_way.filter(|task| *task != answered))
            .filter(|task| node.point(*task) != DONE)
            .collect();
        rest.sort_by_key(|task| (self.task(*task).end, *task));
        // Of several that ask for the same and have to be done, or may be at any time, the one that
        // is answered first may as well be first. Others may be begun and seen half done for longer
        // than the first has time.
        let mut alike = HashSet::from([self.task(answered).sameness()]);
        rest.retain(|task| {
            let one = self.task(*task);
            let bound =
                one.reply == Reply::Done || (one.reply == Reply::Open && one.end == u64::MAX);
            !bound || node.point(*task) != FRESH || alike.insert(one.sameness())
        });
        let mut rest: Vec<(usize, Footprint)> = rest
            .into_iter()
            .map(|task| (task, Footprint::now(self.task(task), &node.state)))
            .collect();
        let mut chosen = vec![Footprint::now(self.task(answered), &node.state)];
        let mut helpers = Vec::new();
        let mut place = 0;
        while let Some(footprint) = chosen.get(place).cloned() {
            rest.retain(|(task, other)| {
                let meets = other.meets(&footprint);
                if meets {
                    helpers.push(*task);
                    chosen.push(other.clone());
                }
                !meets
            });
            place += 1;
        }
        // The last is tried first: what was answered soon is more likely to come soon.
        helpers.sort_by_key(|task| std::cmp::Reverse(self.task(*task).end));
        helpers.retain(|task| {
            let task = self.task(*task);
            !task.is_look() || task.kind.is_use() || task.reply == Reply::Open
        });
        helpers
    }
}
