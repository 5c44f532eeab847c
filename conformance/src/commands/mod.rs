//! What the program can be asked to do.

mod compare;
mod judge;
mod reference;
mod replay;
mod run;
mod seeds;
mod self_test;

pub use compare::compare;
pub use judge::{JudgeOptions, judge};
pub use reference::{ReferenceOptions, reference};
pub use replay::{Told, replay, tell};
pub use run::{CannotRun, run};
pub use seeds::run_seeds;
pub use self_test::{SelfTestOptions, self_test};

pub(crate) use run::random;
