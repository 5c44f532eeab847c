//! What a new machine's files are: a small Debian 12, with a home and a workspace for its user.

use std::sync::OnceLock;

use leap0_emulator_core::clock::Timestamp;
use leap0_files::StoreError;

use crate::shell;
use crate::tree::{Caller, Device, Node, Space, Tree, User, group, passwd};

/// Directories with their modes; parents come first.
const DIRECTORIES: &[(&str, u32)] = &[
    ("/boot", 0o755),
    ("/dev", 0o755),
    ("/dev/shm", 0o1777),
    ("/etc", 0o755),
    ("/home", 0o755),
    ("/media", 0o755),
    ("/mnt", 0o755),
    ("/opt", 0o755),
    ("/proc", 0o555),
    ("/root", 0o700),
    ("/run", 0o755),
    ("/run/lock", 0o1777),
    ("/srv", 0o755),
    ("/sys", 0o555),
    ("/tmp", 0o1777),
    ("/usr", 0o755),
    ("/usr/bin", 0o755),
    ("/usr/lib", 0o755),
    ("/usr/lib64", 0o755),
    ("/usr/local", 0o755),
    ("/usr/local/bin", 0o755),
    ("/usr/sbin", 0o755),
    ("/usr/share", 0o755),
    ("/var", 0o755),
    ("/var/cache", 0o755),
    ("/var/lib", 0o755),
    ("/var/log", 0o755),
    ("/var/tmp", 0o1777),
];

/// Directories that belong to the user whose commands run here.
const OWN: &[&str] = &["/home/user", "/workspace"];

/// Links, as Debian 12 with its merged `/usr` has them.
const LINKS: &[(&str, &str)] = &[
    ("/bin", "usr/bin"),
    ("/lib", "usr/lib"),
    ("/lib64", "usr/lib64"),
    ("/sbin", "usr/sbin"),
    ("/var/run", "/run"),
    ("/var/lock", "/run/lock"),
    ("/etc/mtab", "/proc/mounts"),
];

const DEVICES: &[(&str, Device)] = &[
    ("/dev/full", Device::Full),
    ("/dev/null", Device::Null),
    ("/dev/random", Device::Random),
    ("/dev/urandom", Device::Random),
    ("/dev/zero", Device::Zero),
];

const OS_RELEASE: &str = "\
PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"
NAME=\"Debian GNU/Linux\"
VERSION_ID=\"12\"
VERSION=\"12 (bookworm)\"
VERSION_CODENAME=bookworm
ID=debian
";

/// The files of a new machine. They are built once; every machine shares them until it changes
/// them.
pub(crate) fn tree(now: Timestamp) -> Tree {
    static TEMPLATE: OnceLock<Tree> = OnceLock::new();
    TEMPLATE
        .get_or_init(|| build(now).expect("every path of the template has a parent, once"))
        .clone()
}

/// Names the machine in its files.
pub(crate) fn name_host(tree: &mut Tree, name: &str, now: Timestamp) {
    let caller = root(now);
    let hosts = format!("127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n::1\tlocalhost ip6-localhost\n");
    for (path, text) in [("/etc/hostname", format!("{name}\n")), ("/etc/hosts", hosts)] {
        let named = tree.read(path, caller).is_ok_and(|old| old.is(text.as_bytes()));
        if !named {
            // A full disk does not keep a machine from having its own name.
            let space = tree.space();
            *tree = tree.with_space(Space::UNBOUNDED);
            let written = tree.write(path, text.into_bytes(), None, caller);
            debug_assert_eq!(written, Ok(()), "only root writes in /etc");
            *tree = tree.with_space(space);
        }
    }
}

fn build(now: Timestamp) -> Result<Tree, StoreError> {
    let root = root(now);
    let user = User::parse("user").map_or(root, |User(id)| Caller { uid: id, gid: id, now });
    let mut tree = Tree::new(root.stamp(0o755), Space::UNBOUNDED);
    for (path, mode) in DIRECTORIES {
        tree.make_directory(path, *mode, root)?;
    }
    for path in OWN {
        tree.make_directory(path, 0o755, root)?;
        tree.set_owner(path, Some(User(user.uid)), Some(crate::tree::Group(user.gid)), root)?;
    }
    for (path, target) in LINKS {
        tree.make_link(target, path, root)?;
    }
    for (path, device) in DEVICES {
        tree.make_node(path, Node::device(root.stamp(0o666), *device), root)?;
    }
    for (path, text) in [
        ("/etc/debian_version", "12.11\n".to_owned()),
        ("/etc/group", group()),
        ("/etc/os-release", OS_RELEASE.to_owned()),
        ("/etc/passwd", passwd()),
        ("/etc/shells", "/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n".to_owned()),
        ("/etc/timezone", "Etc/UTC\n".to_owned()),
    ] {
        tree.write(path, text.into_bytes(), None, root)?;
    }
    for (name, text) in shell::programs() {
        tree.write(&format!("/usr/bin/{name}"), text.into_bytes(), Some(0o755), root)?;
    }
    Ok(tree)
}

fn root(now: Timestamp) -> Caller {
    Caller { uid: 0, gid: 0, now }
}
