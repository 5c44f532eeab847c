//! `replay`: tell a story to a server.

use std::path::PathBuf;

use super::run::{CannotRun, Reason, meet};
use crate::run::RunOptions;
use crate::scenario::{Story, play};

/// Tells stories to the server that the options name, and prints how each went. The exit code is 1
/// if one went otherwise than it was told, and 2 if none could be told.
pub async fn replay(files: &[PathBuf], options: RunOptions) -> Result<u8, CannotRun> {
    let mut stories = Vec::new();
    for path in files {
        let bad = |why: String| Reason::Report { path: path.clone(), why };
        let text = std::fs::read_to_string(path).map_err(|why| bad(why.to_string()))?;
        stories.push((path, Story::parse(&text).map_err(|why| bad(why.to_string()))?));
    }
    let session = meet(&options).await?;
    let (mut told, mut wrong) = (0, 0);
    for (path, story) in stories {
        if let Some(lack) = story.needs().into_iter().find(|need| !session.has(*need)) {
            println!("{}: skipped: {}", path.display(), lack.lack());
            continue;
        }
        if story.live > options.max_live {
            let most = options.max_live;
            println!(
                "{}: skipped: needs {} at once, --max-live is {most}",
                path.display(),
                story.live
            );
            continue;
        }
        let ended = tokio::select! {
            ended = play(&story, &session) => ended,
            _ = tokio::signal::ctrl_c() => {
                session.clean_up().await;
                return Err(Reason::Interrupted.into());
            }
        };
        told += 1;
        session.clean_up_made().await;
        if ended.fault.is_some() {
            wrong += 1;
            println!("{}\n{}", path.display(), ended.transcript);
        } else {
            println!("{}: as told", path.display());
        }
        if files.len() == 1 && ended.fault.is_none() {
            println!("{}", ended.transcript);
        }
    }
    session.clean_up().await;
    println!("{told} told, {wrong} went otherwise");
    Ok(match (told, wrong) {
        (0, _) => 2,
        (_, 0) => 0,
        _ => 1,
    })
}
