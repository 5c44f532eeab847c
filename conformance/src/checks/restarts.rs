//! CTL-09: what a server has after it was asked to end and started again.

use serde_json::json;

use super::worlds::{furnish, is_all_there};
use crate::check::{Check, Outcome, Stop, Trial, check};
use crate::target::Capability as C;

const RULE: &str = "CTL-09";

pub(super) const CHECKS: &[Check] = &[
    check!(what_was_answered_outlives_a_restart, Snapshots, ["CTL-09"])
        .when(&[C::Restart, C::Seconds])
        .live(3),
    check!(worlds_outlive_a_restart, Snapshots, ["CTL-09"])
        .when(&[C::Restart, C::Clock, C::Worlds, C::Faults, C::Seconds])
        .live(3),
];

async fn restart(t: &Trial) -> Outcome {
    t.session.restart().await.map_err(|why| Stop::Unprepared(format!("the restart: {why}")))
}

async fn what_was_answered_outlives_a_restart(t: &Trial) -> Outcome {
    let gone = t.sandbox().await?;
    let name = t.name();
    let snapshot = t.a_snapshot(&gone.id, &name).await?;
    t.remove(&gone.id).await?;
    t.delete(format!("/v1/snapshot/{snapshot}")).await?;
    let furnished = furnish(t).await?;
    restart(t).await?;
    t.same(RULE, "a deleted sandbox", &*t.state(&gone.id).await?, "gone");
    let deleted = t.restore_with(&name, json!({})).await?;
    t.same(RULE, "what restoring a deleted snapshot is answered", &deleted.status, &404);
    let state = t.state(&furnished.running).await?;
    t.must(RULE, "what ran is paused, or runs", ["paused", "running"].contains(&&*state));
    let state = t.state(&furnished.paused).await?;
    t.same(RULE, "what was paused", &*state, "paused");
    is_all_there(t, t, RULE, &furnished).await?;
    t.remove(&furnished.running).await
}

async fn worlds_outlive_a_restart(t: &Trial) -> Outcome {
    t.in_a_world(async |world| {
        let furnished = furnish(&world.trial).await?;
        let (fork, import, empty) = (world.another(), world.another(), world.another());
        for answer in [
            world.fork(&fork).await?,
            world.fork(&empty).await?,
            import.import(&world.export().await?.json).await?,
            empty.reset().await?,
        ] {
            if !answer.ok() {
                let why = format!("a control path was answered {}", answer.brief());
                return Err(Stop::Unprepared(why));
            }
        }
        let fault =
            json!([{ "operation": "sandbox/list", "first": 1, "answer": { "status": 418 } }]);
        world.fail(fault).await?;
        world.tell_the_clock(json!({ "action": "advance", "ms": 600_000 })).await?;
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let (stood, counted) = (world.clock().await?, world.counts().await?);
        restart(t).await?;
        t.same(RULE, "a clock that stood", &world.clock().await?.json, &stood.json);
        t.same(RULE, "what is counted", &world.counts().await?, &counted);
        t.same(RULE, "what a fork counts", &fork.counts().await?, &counted);
        t.same(RULE, "what a reset left", &empty.counts().await?, &(0.into(), 0.into()));
        let told = world.trial.get("/v1/sandboxes").await?;
        t.same(RULE, "what was told to fail", &told.status, &418);
        world.tell_the_clock(json!({ "action": "resume" })).await?;
        let named = fork.items(&format!("/v1/snapshots?query={}", furnished.name)).await?;
        t.same(RULE, "how many snapshots of a name a fork has", &named.len(), &1);
        for world in [world, &fork, &import] {
            is_all_there(t, &world.trial, RULE, &furnished).await?;
        }
        Ok(())
    })
    .await
}
