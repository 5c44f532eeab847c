//! `replay`: tell stories to a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::run::{CannotRun, Reason, meet};
use crate::run::{RunOptions, Session};
use crate::scenario::{Story, play};

/// How a story went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// As it stands in the file; the transcript.
    AsTold(String),
    /// Otherwise; the transcript, whose last line says how.
    Otherwise(String),
    /// Not at all, and why.
    Skipped(String),
}

/// Tells stories to the server that the options name, and prints how each went; their transcripts
/// are left in `transcripts`. The exit code is 1 if one went otherwise than it was told, and 2 if
/// none could be told.
pub async fn replay(
    files: &[PathBuf],
    transcripts: Option<&Path>,
    options: RunOptions,
) -> Result<u8, CannotRun> {
    let mut stories = Vec::new();
    for path in files {
        stories.push((path, read(path)?));
    }
    let session = meet(&options).await?;
    let (mut told, mut wrong) = (0, 0);
    for (path, story) in stories {
        let transcript = match tell_one(&session, &story).await? {
            Told::Skipped(why) => {
                println!("{}: skipped: {why}", path.display());
                continue;
            }
            Told::Otherwise(transcript) => {
                wrong += 1;
                println!("{}\n{transcript}", path.display());
                transcript
            }
            Told::AsTold(transcript) => {
                println!("{}: as told", path.display());
                if files.len() == 1 {
                    println!("{transcript}");
                }
                transcript
            }
        };
        told += 1;
        if let Some(folder) = transcripts {
            leave(folder, path, &transcript)?;
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

/// Tells one story to the server that the options name.
pub async fn tell(file: &Path, options: RunOptions) -> Result<Told, CannotRun> {
    let story = read(file)?;
    let session = meet(&options).await?;
    let told = tell_one(&session, &story).await?;
    session.clean_up().await;
    Ok(told)
}

fn read(path: &Path) -> Result<Story, CannotRun> {
    let bad = |why: String| Reason::Report { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|why| bad(why.to_string()))?;
    Ok(Story::parse(&text).map_err(|why| bad(why.to_string()))?)
}

async fn tell_one(session: &Arc<Session>, story: &Story) -> Result<Told, CannotRun> {
    if let Some(lack) = story.needs().into_iter().find(|need| !session.has(*need)) {
        return Ok(Told::Skipped(lack.lack().to_owned()));
    }
    let most = session.settings.max_live;
    if story.live > most {
        let live = story.live;
        return Ok(Told::Skipped(format!("needs {live} at once, --max-live is {most}")));
    }
    let ended = tokio::select! {
        ended = play(story, session) => ended,
        _ = tokio::signal::ctrl_c() => {
            session.clean_up().await;
            return Err(Reason::Interrupted.into());
        }
    };
    session.clean_up_made().await;
    Ok(match ended.fault {
        None => Told::AsTold(ended.transcript),
        Some(_) => Told::Otherwise(ended.transcript),
    })
}

/// Writes the transcript of a story that stands in `file`.
fn leave(folder: &Path, file: &Path, transcript: &str) -> Result<(), CannotRun> {
    let name = file.with_extension("txt");
    let path = folder.join(name.file_name().unwrap_or_default());
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, transcript));
    Ok(written.map_err(|why| Reason::Write { path, why })?)
}
