//! The tree of a live machine, under its lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use leap0_emulator_core::backend::Ending;

use crate::tree::Tree;

/// What commands and filesystem operations share. Once the machine has ended nothing changes it any
/// more, whoever still holds it.
#[derive(Debug)]
pub(crate) struct Files(Mutex<State>);

#[derive(Debug)]
struct State {
    tree: Tree,
    ended: Option<Ending>,
}

impl Files {
    pub(crate) fn new(tree: Tree) -> Self {
        Self(Mutex::new(State { tree, ended: None }))
    }

    /// Looks at the tree while nobody changes it.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Tree) -> T) -> T {
        look(&self.lock().tree)
    }

    /// Changes the tree, unless the machine has ended.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Tree) -> T) -> Result<T, Ending> {
        let mut state = self.lock();
        match state.ended {
            None => Ok(change(&mut state.tree)),
            Some(ending) => Err(ending),
        }
    }

    /// The tree as it is now, unless the machine has ended.
    pub(crate) fn capture(&self) -> Result<Tree, Ending> {
        self.change(|tree| tree.clone())
    }

    /// Ends the machine and gives what it leaves; `Err` with how it ended earlier.
    pub(crate) fn end(&self, ending: Ending) -> Result<Tree, Ending> {
        let mut state = self.lock();
        match state.ended {
            None => {
                state.ended = Some(ending);
                Ok(state.tree.clone())
            }
            Some(earlier) => Err(earlier),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A change that panicked has failed before it touched the tree or after it was whole:
        // every change of the tree is a single replacement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
