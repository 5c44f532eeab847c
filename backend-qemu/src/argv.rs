//! The command line of a machine.
//!
//! It is the layout that a saved memory fits into: every machine of one shape has the same devices
//! in the same places, whatever it may reach and wherever its disk lies.

use std::ffi::OsString;
use std::path::Path;

use leap0_emulator_core::spec::Resources;
use serde_json::{Value, json};

use crate::accel::Accel;
use crate::network::Net;
use crate::store::{Layer, Top};

/// Versioned, so that a newer QEMU still makes the machine that a memory was saved in. The oldest
/// QEMU that is supported has it.
const MACHINE: &str = "pc-q35-7.2";

/// Named and not the host's, for the same reason. The level is that of every x86-64 server since
/// 2009, and of what Debian and the usual Python wheels are compiled for.
const CPU: &str = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16";

/// What the kernel is told. It says nothing until something is wrong; a panic ends the machine at
/// once, and with `-no-reboot` QEMU with it. Nobody shares the machine, so nothing in it is to be
/// guarded from its neighbours.
const KERNEL: &str = "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check \
                      leap0.net=10.0.2.15/24,10.0.2.2,10.0.2.3";

/// The name of the listener that QEMU's monitor comes to, in the machine's folder.
pub(crate) const MONITOR: &str = "monitor";
/// The listener for the program inside.
pub(crate) const CHANNEL: &str = "channel";
/// The listener for `qemu-guest-agent`.
pub(crate) const AGENT: &str = "agent";
/// The file that gets what the machine says on its console.
pub(crate) const CONSOLE: &str = "console";

/// What a machine is started from.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// What it is called in a list of processes.
    pub(crate) name: &'a str,
    /// Its private folder.
    pub(crate) folder: &'a Path,
    /// Its size.
    pub(crate) resources: Resources,
    /// What runs its instructions.
    pub(crate) accel: Accel,
    /// The kernel.
    pub(crate) kernel: &'a Path,
    /// The first file system.
    pub(crate) initrd: &'a Path,
    /// Its disk.
    pub(crate) disk: Disk<'a>,
    /// What it may reach.
    pub(crate) net: Net,
    /// Wait for a memory to be loaded instead of booting.
    pub(crate) restore: bool,
}

/// The disk of a machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Disk<'a> {
    /// This one.
    Of(&'a Top),
    /// Whichever: the machine is only being described.
    Any,
}

/// The arguments of `qemu-system-x86_64`.
pub(crate) fn arguments(plan: &Plan<'_>) -> Vec<OsString> {
    let Plan { resources, .. } = plan;
    let mut args = Args(Vec::new());
    args.flags(&["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]);
    args.pair("-name", format!("leap0-{}", plan.name));
    // Nothing that a machine needs is forbidden by these, and much that an attacker would want.
    args.pair(
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny".into(),
    );
    args.pair("-machine", format!("{MACHINE},usb=off,vmport=off"));
    args.pair("-accel", plan.accel.argument().into());
    args.pair("-cpu", CPU.into());
    args.pair("-smp", resources.vcpus.to_string());
    args.pair("-m", format!("{}M", resources.memory_mib));
    args.path("-kernel", plan.kernel);
    args.path("-initrd", plan.initrd);
    args.pair("-append", KERNEL.into());
    args.pair("-chardev", format!("file,id=console,path={}", within(plan.folder, CONSOLE)));
    args.pair("-serial", "chardev:console".into());
    // QEMU comes to listeners of ours, so there is no waiting for a socket to appear.
    args.pair("-chardev", socket("monitor", plan.folder, MONITOR));
    args.pair("-mon", "chardev=monitor,mode=control".into());
    args.device("virtio-serial-pci,id=serial,max_ports=4");
    args.pair("-chardev", socket("channel", plan.folder, CHANNEL));
    let port = leap0_guest::protocol::PORT_NAME;
    args.device(&format!("virtserialport,bus=serial.0,nr=1,chardev=channel,name={port}"));
    args.pair("-chardev", socket("agent", plan.folder, AGENT));
    args.device("virtserialport,bus=serial.0,nr=2,chardev=agent,name=org.qemu.guest_agent.0");
    // Memory that the guest frees is given back, and so costs no snapshot anything.
    args.device("virtio-balloon-pci,id=balloon,free-page-reporting=on");
    args.pair("-object", "rng-builtin,id=random".into());
    args.device("virtio-rng-pci,rng=random");
    if let Disk::Of(disk) = plan.disk {
        args.pair("-blockdev", top(disk).to_string());
        args.device(&format!("virtio-blk-pci,id=disk,drive={}", disk.node()));
    }
    args.pair("-netdev", plan.net.argument(|name| within(plan.folder, name)));
    args.device("virtio-net-pci,netdev=net,romfile=,mac=52:54:00:12:34:56");
    if plan.restore {
        args.flags(&["-S"]);
    }
    args.0
}

/// The layer that a machine writes to, and all below it, as block nodes.
pub(crate) fn top(top: &Top) -> Value {
    json!({
        "driver": "qcow2",
        "node-name": top.node(),
        "discard": "unmap",
        "file": file(top.path(), false),
        "backing": layer(top.below()),
    })
}

fn layer(layer: &Layer) -> Value {
    json!({
        "driver": "qcow2",
        "node-name": layer.node(),
        "read-only": true,
        "file": file(layer.path(), true),
        "backing": layer.below().map(|below| self::layer(below)),
    })
}

/// A file that nothing is lost with when the host dies: no sandbox survives that.
pub(crate) fn file(path: &Path, read_only: bool) -> Value {
    let mut file = json!({ "driver": "file", "filename": path });
    if read_only {
        file["read-only"] = true.into();
    } else {
        file["discard"] = "unmap".into();
        file["cache"] = json!({ "no-flush": true });
    }
    file
}

struct Args(Vec<OsString>);

impl Args {
    fn flags(&mut self, flags: &[&str]) {
        self.0.extend(flags.iter().map(OsString::from));
    }

    fn pair(&mut self, flag: &str, value: String) {
        self.0.push(flag.into());
        self.0.push(value.into());
    }

    fn path(&mut self, flag: &str, path: &Path) {
        self.0.push(flag.into());
        self.0.push(path.into());
    }

    fn device(&mut self, device: &str) {
        self.pair("-device", device.to_owned());
    }
}

fn socket(id: &str, folder: &Path, name: &str) -> String {
    format!("socket,id={id},server=off,path={}", within(folder, name))
}

/// A path as the value of an option, in which a comma is written twice. The folder is ours, and
/// [`State::open`](crate::state::State::open) sees to it that it is UTF-8.
fn within(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One argument to a line, with its value.
    fn lines(plan: &Plan<'_>) -> String {
        let mut text = String::new();
        for argument in arguments(plan) {
            let argument = argument.to_str().expect("UTF-8");
            text.push(if argument.starts_with('-') { '\n' } else { ' ' });
            text.push_str(argument);
        }
        text
    }

    fn plan(disk: &Top) -> Plan<'_> {
        Plan {
            name: "sbx-7k2mpq4xvb3da",
            folder: Path::new("/state/vms/vm-1,a"),
            resources: Resources { vcpus: 2, memory_mib: 2048, ..Resources::default() },
            accel: Accel::Tcg,
            kernel: Path::new("/state/kernel"),
            initrd: Path::new("/state/initrd"),
            disk: Disk::Of(disk),
            net: Net::Closed,
            restore: false,
        }
    }

    #[test]
    fn a_machine_that_boots() {
        let disk = Top::for_test(3, &["/state/base.qcow2", "/state/images/disk-2.qcow2"]);
        insta::assert_snapshot!(lines(&plan(&disk)));
    }

    #[test]
    fn a_machine_that_is_restored_under_kvm_with_a_network_differs_in_that_alone() {
        let disk = Top::for_test(3, &["/state/base.qcow2", "/state/images/disk-2.qcow2"]);
        let boots = lines(&plan(&disk));
        let restored = Plan { accel: Accel::Kvm, net: Net::Passt, restore: true, ..plan(&disk) };
        let restored = lines(&restored);
        let others: Vec<&str> =
            restored.lines().filter(|line| !boots.lines().any(|known| known == *line)).collect();
        insta::assert_snapshot!(others.join("\n"), @r"
        -accel kvm
        -netdev stream,id=net,server=off,addr.type=unix,addr.path=/state/vms/vm-1,,a/net
        -S
        ");
    }
}
