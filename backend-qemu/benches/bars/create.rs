//! `create`: a new sandbox from the warm template, against a boot.

use std::time::Instant;

use anyhow::Result;

use crate::pairs::Pairs;
use crate::report::Line;
use crate::sandbox::Sandbox;
use crate::stage::Stage;

pub(crate) const NAME: &str = "create";

/// Times the boot of a stopped sandbox that did nothing before, either until a command has run.
const LIMIT: f64 = 0.4;
const ROUNDS: usize = 7;

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Line>> {
    let disk = stage.create().await?.machine.stop().await?;
    let mut creates = Pairs::default();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let sandbox = stage.create().await?;
        sandbox.said("true").await?;
        let warm = begun.elapsed();
        sandbox.end().await?;

        let begun = Instant::now();
        let sandbox = Sandbox::started(&*disk).await?;
        sandbox.said("true").await?;
        creates.add(warm, begun.elapsed());
        sandbox.end().await?;
    }
    Ok(vec![creates.line(NAME, LIMIT, "a boot")])
}
