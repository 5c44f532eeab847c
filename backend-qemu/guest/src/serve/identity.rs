//! Being somebody else from now on, as a machine that was copied has to.

use std::fs::{self, File};
use std::io::{self, Write};

use leap0_guest::protocol::Identity;
use rustix::ioctl::{NoArg, ioctl};
use rustix::system::sethostname;
use rustix::time::{ClockId, Timespec, clock_settime};

use crate::console::say;

/// Nanoseconds in a second.
const NANOS: i64 = 1_000_000_000;

/// The request to the kernel to start its random number generator anew, from `linux/random.h`.
const RNDRESEEDCRNG: u32 = 0x5207;

/// Takes the identity. The files that tell of it are the user's as well, and a disk may be full: a
/// machine that can't write them works, and says so on its console.
pub(super) fn assume(identity: &Identity) -> Result<(), String> {
    let failed = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    // First what must not be the same in two machines.
    reseed(&identity.entropy).map_err(failed("can't reseed the random number generator"))?;
    set_clock(identity.unix_nanos).map_err(failed("can't set the clock"))?;
    sethostname(identity.hostname.as_bytes())
        .map_err(|error| failed("can't set the host name")(error.into()))?;
    let name = &identity.hostname;
    tell("/etc/hostname", |_| format!("{name}\n"));
    tell("/etc/hosts", |old| hosts(old, name));
    tell("/etc/machine-id", |_| machine_id(&identity.machine_id));
    Ok(())
}

/// Writes a file unless it already says so: most of the time little changes.
fn tell(path: &str, text: impl FnOnce(&str) -> String) {
    let old = fs::read_to_string(path).unwrap_or_default();
    let text = text(&old);
    if old != text
        && let Err(error) = rewrite(path, &text)
    {
        say(&format!("{path} could not be written: {error}"));
    }
}

/// Not by truncating first, which makes ext4 write the file out when it is closed.
fn rewrite(path: &str, text: &str) -> io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(false).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

/// The hosts file with this machine's name; what a user has added to it stays.
fn hosts(old: &str, name: &str) -> String {
    const OWN: &str = "127.0.1.1";
    let own = format!("{OWN}\t{name}\n");
    if old.is_empty() {
        return format!(
            "127.0.0.1\tlocalhost\n{own}\
             ::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
        );
    }
    let is_own = |line: &str| line.split_ascii_whitespace().next() == Some(OWN);
    let mut text = String::new();
    let mut told = false;
    for line in old.lines() {
        if !is_own(line) {
            text.push_str(line);
            text.push('\n');
        } else if !told {
            text.push_str(&own);
            told = true;
        }
    }
    if !told {
        text.push_str(&own);
    }
    text
}

fn machine_id(id: &[u8; 16]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(33);
    for byte in id {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text.push('\n');
    text
}

fn set_clock(unix_nanos: i64) -> io::Result<()> {
    let time =
        Timespec { tv_sec: unix_nanos.div_euclid(NANOS), tv_nsec: unix_nanos.rem_euclid(NANOS) };
    Ok(clock_settime(ClockId::Realtime, time)?)
}

/// What is written is mixed in, but used only when the generator starts anew, which it does once a
/// minute if nobody asks.
fn reseed(entropy: &[u8]) -> io::Result<()> {
    let mut random = File::options().write(true).open("/dev/urandom")?;
    random.write_all(entropy)?;
    #[expect(unsafe_code, reason = "there is no safe function for this request")]
    // SAFETY: the request takes no argument, and the kernel touches none of our memory for it.
    unsafe {
        ioctl(&random, NoArg::<RNDRESEEDCRNG>::new())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_hosts_file_is_written_whole() {
        let text = hosts("", "box");
        assert!(text.starts_with("127.0.0.1\tlocalhost\n127.0.1.1\tbox\n::1\t"), "{text}");
        assert_eq!(hosts(&text, "box"), text);
        assert_eq!(hosts(&text, "other"), text.replace("box", "other"));
    }

    #[test]
    fn what_a_user_has_added_to_the_hosts_file_stays() {
        let old = "127.0.0.1 localhost\n127.0.1.1 old\n# mine\n10.0.0.1 server\n127.0.1.1 twice";
        let new = "127.0.0.1 localhost\n127.0.1.1\tbox\n# mine\n10.0.0.1 server\n";
        assert_eq!(hosts(old, "box"), new);
        assert_eq!(hosts("10.0.0.1 server", "box"), "10.0.0.1 server\n127.0.1.1\tbox\n");
    }

    #[test]
    fn a_machine_id_is_32_digits() {
        let mut id = [0; 16];
        id[15] = 0xab;
        assert_eq!(machine_id(&id), format!("{}ab\n", "0".repeat(30)));
    }
}
