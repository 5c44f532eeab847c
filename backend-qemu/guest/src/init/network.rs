//! The network, as far as there is one.

use std::fs;
use std::io::{self, Error, Write};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;

use super::wanted;
use crate::console::say;

/// The parameter of the kernel's command line.
const PARAMETER: &str = "leap0.net=";
/// Where iproute2 may be.
const PROGRAMS: [&str; 3] = ["/sbin/ip", "/usr/sbin/ip", "/bin/ip"];

/// What the machine's network card gets: `ADDRESS/PREFIX,GATEWAY,DNS`.
#[derive(Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
    gateway: IpAddr,
    dns: IpAddr,
}

/// Brings up the loopback, and the network card if there is one and the emulator says how.
pub(super) fn set_up() {
    let asked = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let asked = asked.split_ascii_whitespace().find_map(|word| word.strip_prefix(PARAMETER));
    let network = match asked.map(Network::from_str) {
        Some(Err(error)) => {
            say(&format!("{PARAMETER}: {error}"));
            None
        }
        Some(Ok(_)) if !Path::new("/sys/class/net/eth0").exists() => {
            say("there is no network card for the network that was asked for");
            None
        }
        asked => asked.and_then(Result::ok),
    };
    let mut commands = "link set lo up\n".to_owned();
    if let Some(network) = &network {
        commands.push_str(&network.commands());
    }
    wanted("network", run(&commands));
    if let Some(network) = network {
        wanted("/etc/resolv.conf", network.write_resolver());
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split(',').collect();
        let [address, gateway, dns] = parts[..] else {
            return Err(format!("{text:?} is not of the form ADDRESS/PREFIX,GATEWAY,DNS"));
        };
        let ip = |text: &str| text.parse().map_err(|_| format!("{text:?} is no address"));
        let (address, prefix) =
            address.split_once('/').ok_or_else(|| format!("{address:?} has no prefix"))?;
        let prefix = prefix.parse().map_err(|_| format!("{prefix:?} is no prefix"))?;
        Ok(Self { address: ip(address)?, prefix, gateway: ip(gateway)?, dns: ip(dns)? })
    }
}

impl Network {
    /// For `ip -batch`.
    fn commands(&self) -> String {
        let Self { address, prefix, gateway, .. } = self;
        format!(
            "address add {address}/{prefix} dev eth0\nlink set eth0 up\n\
             route add default via {gateway} dev eth0\n"
        )
    }

    fn write_resolver(&self) -> io::Result<()> {
        const RESOLVER: &str = "/etc/resolv.conf";
        // It may be a link to where some service would keep it.
        if fs::symlink_metadata(RESOLVER).is_ok_and(|meta| meta.is_symlink()) {
            fs::remove_file(RESOLVER)?;
        }
        fs::write(RESOLVER, format!("nameserver {}\n", self.dns))
    }
}

/// Runs commands of `ip`, which says itself what it can't do. All in one process: starting one
/// takes longer than what it does.
fn run(commands: &str) -> io::Result<()> {
    let program = PROGRAMS.iter().find(|program| Path::new(program).exists());
    let program = program.ok_or_else(|| Error::other("there is no program ip"))?;
    let mut ip =
        Command::new(program).args(["-force", "-batch", "-"]).stdin(Stdio::piped()).spawn()?;
    ip.stdin.take().expect("it is piped").write_all(commands.as_bytes())?;
    let status = ip.wait()?;
    if status.success() { Ok(()) } else { Err(Error::other(format!("{program}: {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_told_in_three_parts() {
        let network: Network = "10.0.2.15/24,10.0.2.2,10.0.2.3".parse().expect("valid");
        assert_eq!(
            network.commands(),
            "address add 10.0.2.15/24 dev eth0\nlink set eth0 up\n\
             route add default via 10.0.2.2 dev eth0\n"
        );
        assert_eq!(network.dns.to_string(), "10.0.2.3");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.2.15,10.0.2.2,10.0.2.3", "10.0.2.15/24,10.0.2.2", "a/24,b,c"] {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
    }
}
