//! `reference`: the server that the suite is judged by, to be tried by hand.

use super::run::{CannotRun, Reason};
use crate::model::{ODDITIES, Traits, catalogue};
use crate::reference::{KEY, OTHER_KEY, Reference};

/// What `reference` is told.
#[derive(Clone, Debug, Default)]
pub struct ReferenceOptions {
    /// Names of faults, as `self-test` prints them.
    pub faults: Vec<String>,
    /// Names of oddities.
    pub oddities: Vec<String>,
    /// How long every change of state takes, in milliseconds.
    pub delay_ms: u64,
}

/// Serves on a free port until Ctrl-C.
pub async fn reference(options: ReferenceOptions) -> Result<u8, CannotRun> {
    let mut traits = Traits { delay_ms: options.delay_ms, quota: Some(3), ..Traits::default() };
    for name in &options.faults {
        let known = catalogue().find(|entry| entry.fault.name() == *name);
        let entry = known.ok_or_else(|| Reason::NoSuch("fault", name.clone()))?;
        traits.faults.insert(entry.fault);
    }
    for name in &options.oddities {
        let known = ODDITIES.iter().find(|(oddity, _)| oddity.name() == *name);
        let (oddity, _) = known.ok_or_else(|| Reason::NoSuch("oddity", name.clone()))?;
        traits.oddities.insert(*oddity);
    }
    let server = Reference::start(traits).await.map_err(Reason::Listen)?;
    println!("reference server on {} with the keys {KEY} and {OTHER_KEY}", server.url);
    let _ = tokio::signal::ctrl_c().await;
    Ok(0)
}
