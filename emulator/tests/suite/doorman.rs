//! A server that can be restarted where it is: a doorman keeps the address while the emulator behind
//! it ends, and a new one begins with what it has left on the disk.

use std::env;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, ensure};

use crate::emulator::Emulator;
use crate::process::{WORD, signal};
use crate::relay::{authority, carry};

/// What the bell says when there is a new emulator.
const DONE: &[u8] = b"done";

/// A doorman. Its threads end with the process, its emulator when this is dropped.
pub(crate) struct Doorman {
    pub(crate) url: String,
    bell: SocketAddr,
    inside: Arc<Mutex<Option<Emulator>>>,
}

impl Doorman {
    /// Lets whoever comes in to an emulator that keeps everything in this folder.
    pub(crate) fn start(name: &str, folder: &Path) -> Result<Self> {
        let inside = Arc::new(Mutex::new(Some(begin(name, folder)?)));
        let (door, bell) =
            (TcpListener::bind(("127.0.0.1", 0))?, TcpListener::bind(("127.0.0.1", 0))?);
        let doorman = Self {
            url: format!("http://{}", door.local_addr()?),
            bell: bell.local_addr()?,
            inside: Arc::clone(&inside),
        };
        {
            let inside = Arc::clone(&inside);
            thread::spawn(move || {
                for guest in door.incoming().flatten() {
                    let inside = Arc::clone(&inside);
                    // A connection that breaks is seen by the suite, which says so.
                    thread::spawn(move || lead(guest, &inside));
                }
            });
        }
        let (name, folder) = (name.to_owned(), PathBuf::from(folder));
        thread::spawn(move || {
            for mut ringing in bell.incoming().flatten() {
                // Whoever rings sees that nothing comes of it.
                if replace(&inside, &name, &folder).is_ok() {
                    let _ = ringing.write_all(DONE);
                }
            }
        });
        Ok(doorman)
    }

    /// The command that has the emulator replaced.
    pub(crate) fn restart(&self) -> String {
        let program = env::current_exe().expect("this program has a path");
        format!("'{}' {WORD} ring {}", program.display(), self.bell)
    }
}

impl Drop for Doorman {
    fn drop(&mut self) {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Has the emulator replaced, and returns when it is.
pub(crate) fn ring(bell: &str) -> Result<()> {
    let mut heard = Vec::new();
    TcpStream::connect(bell)?.read_to_end(&mut heard)?;
    ensure!(heard == DONE, "the emulator could not be replaced");
    Ok(())
}

fn begin(name: &str, folder: &Path) -> Result<Emulator> {
    let folder = folder.to_str().context("the folder's name is not UTF-8")?;
    Emulator::start(name, &["--data-dir", folder])
}

fn replace(inside: &Mutex<Option<Emulator>>, name: &str, folder: &Path) -> Result<()> {
    let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
    let mut old = inside.take().context("it has ended")?;
    signal("TERM", &[old.child.id()])?;
    let ended = old.child.wait()?;
    ensure!(ended.success(), "it ended with {ended}");
    *inside = Some(begin(name, folder)?);
    Ok(())
}

fn lead(guest: TcpStream, inside: &Mutex<Option<Emulator>>) -> Result<()> {
    let url = {
        let inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.as_ref().context("it has ended")?.environment("")[0].1.to_owned()
    };
    Ok(carry(guest, TcpStream::connect(authority(&url)?)?)?)
}
