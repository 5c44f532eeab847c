//! SB-TMO, hours long, and LIM-04: on targets whose time can be moved.

use serde_json::{Value, json};

use crate::check::{Check, Outcome, OwnWorld, Stop, Trial, check, meanwhile};
use crate::http::{Answer, Request};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(
        eight_hours_are_eight_hours,
        Sandbox,
        ["SB-TMO-01", "SB-TMO-02", "SB-TMO-05", "SB-PAUSE-08", "SB-LIST-05"]
    )
    .when(&[C::Clock, C::Seconds]),
    check!(a_sandbox_lives_for_five_minutes_by_default, Sandbox, ["SB-CREATE-03", "SB-TMO-03"])
        .when(&[C::Clock]),
    check!(a_launch_ends_before_what_falls_due_later, Sandbox, ["SB-TMO-01"])
        .when(&[C::Clock, C::Seconds, C::Transitions])
        .live(2),
    check!(a_minute_of_requests_ends, Nothing, ["LIM-04"]).when(&[C::Clock, C::RateLimit]),
];

/// How often a launch is tried to be seen under way.
const ROUNDS: usize = 10;
/// How far from its moment a timeout is looked at, in seconds: the clock goes on meanwhile.
const NEAR: u64 = 20;
const HOURS: u64 = 8 * 3600;
const DAY: u64 = 24 * 3600;

async fn eight_hours_are_eight_hours(t: &Trial) -> Outcome {
    t.in_a_world(async |world| {
        let id = made(&world.create(json!({ "timeout": HOURS, "auto_pause": true })).await?)?;
        world.until(&id, "running").await?;
        for (rule, what) in [
            ("SB-TMO-01", "it runs until its timeout, eight hours from its launch"),
            ("SB-PAUSE-08", "a resumed one runs until its timeout, eight hours from its resume"),
        ] {
            world.advance(HOURS - NEAR).await?;
            let running = world.state(&id).await? == "running";
            match rule {
                "SB-TMO-01" => t.must(rule, what, running),
                _ => t.decided(rule, what, running),
            };
            world.advance(2 * NEAR).await?;
            let paused = world.until(&id, "paused").await?;
            t.must("SB-TMO-02", "then it is paused", paused);
            world.advance(DAY).await?;
            let still = world.state(&id).await? == "paused";
            t.decided("SB-TMO-05", "a day later it still is", still);
            let paused = changed(&world.listed().await?);
            world.post(&id, "filesystem/exists", &json!({ "path": "/" })).await?;
            let resumed = changed(&world.listed().await?);
            // It need not be told.
            let follows = paused.is_none() || resumed.is_none() || paused != resumed;
            t.must("SB-LIST-05", "state_change_time is that of the last change", follows);
        }
        world.advance(HOURS / 2).await?;
        world.post(&id, "pause", &json!({})).await?;
        world.until(&id, "paused").await?;
        world.post(&id, "filesystem/exists", &json!({ "path": "/" })).await?;
        world.advance(HOURS / 2 + NEAR).await?;
        let running = world.state(&id).await? == "running";
        t.decided("SB-PAUSE-08", "what had passed before a pause is not counted", running);
        Ok(())
    })
    .await
}

/// When the state of the only sandbox changed.
fn changed(listed: &[Value]) -> Option<Value> {
    listed.first().map(|item| item["state_change_time"].clone()).filter(|time| !time.is_null())
}

async fn a_sandbox_lives_for_five_minutes_by_default(t: &Trial) -> Outcome {
    const DEFAULT: u64 = 300;
    t.in_a_world(async |world| {
        let id = made(&world.create(json!({})).await?)?;
        world.until(&id, "running").await?;
        world.advance(DEFAULT - NEAR).await?;
        let running = world.state(&id).await? == "running";
        t.must("SB-CREATE-03", "it runs for five minutes", running);
        world.advance(2 * NEAR).await?;
        let gone = world.until(&id, "gone").await?;
        t.must("SB-TMO-03", "then it does not run", world.state(&id).await? != "running");
        t.decided("SB-TMO-03", "it is deleted", gone);
        Ok(())
    })
    .await
}

/// The clock is moved over the end of one sandbox's time while another one starts.
async fn a_launch_ends_before_what_falls_due_later(t: &Trial) -> Outcome {
    const FIRST: u64 = 300;
    const SECOND: u64 = 600;
    for _ in 0..ROUNDS {
        let seen = t
            .in_a_world(async |world| {
                world.create(json!({ "timeout": FIRST })).await?;
                let create = world.create(json!({ "timeout": SECOND }));
                tokio::pin!(create);
                // Between two looks it may start and run.
                let starts = async || {
                    Ok(world.listed().await?.iter().any(|item| item["state"] == "starting"))
                };
                if meanwhile(create.as_mut(), starts).await?.is_some() {
                    return Ok(false);
                }
                world.advance(FIRST + NEAR).await?;
                let id = made(&create.await?)?;
                world.until(&id, "running").await?;
                world.advance(SECOND - FIRST - 2 * NEAR).await?;
                let running = world.state(&id).await? == "running";
                t.must("SB-TMO-01", "one that started meanwhile runs until its timeout", running);
                world.advance(2 * NEAR).await?;
                world.until(&id, "gone").await?;
                let ended = world.state(&id).await? != "running";
                t.must("SB-TMO-01", "its timeout is counted from its launch", ended);
                Ok(true)
            })
            .await?;
        if seen {
            return Ok(());
        }
    }
    Err(Stop::Unprepared("no launch was seen under way".to_owned()))
}

/// How many requests are sent until one is refused; none if none is.
async fn admitted(world: &OwnWorld<'_>) -> Outcome<Option<usize>> {
    for count in 0..1100 {
        let request = Request::get("/v1/sandboxes?page-size=1").final_429();
        if world.trial.send(request).await?.status == 429 {
            return Ok(Some(count));
        }
    }
    Ok(None)
}

async fn a_minute_of_requests_ends(t: &Trial) -> Outcome {
    t.in_a_world(async |world| {
        world.tell_the_clock(json!({ "action": "freeze" })).await?;
        let first = admitted(world).await?;
        t.must("LIM-04", "after a thousand requests one is refused", first == Some(1000));
        let told = world.control("GET", "/_emulator/capabilities", &json!({})).await?;
        let told = &told.json["quotas"];
        let tells = told.is_null() || told["rate_limit_per_minute"] == 1000;
        t.decided("LIM-04", "the capabilities tell the limit", tells);
        world.tell_the_clock(json!({ "action": "advance", "ms": 59_999 })).await?;
        let early = admitted(world).await?;
        t.decided("LIM-04", "within 60 seconds of the first all are", early == Some(0));
        world.tell_the_clock(json!({ "action": "advance", "ms": 1 })).await?;
        let again = admitted(world).await?;
        t.must("LIM-04", "60 seconds later as many are answered", again == first);
        Ok(())
    })
    .await
}

fn made(answer: &Answer) -> Outcome<String> {
    match &answer.json["id"] {
        Value::String(id) if answer.ok() => Ok(id.clone()),
        _ => Err(Stop::Unprepared(format!("creating a sandbox was answered {}", answer.brief()))),
    }
}
