//! Finding what the back end needs on this host.

use std::io;
use std::path::{Path, PathBuf};

use leap0_guest_image::Image;

use crate::accel::{self, Accel};
use crate::capacity::Capacity;
use crate::cgroup::Groups;
use crate::fingerprint::Fingerprint;
use crate::helper;
use crate::hypervisor::Hypervisor;
use crate::initrd;
use crate::isolation::installed;
use crate::network::{Networks, PASST};
use crate::state::State;
use crate::store::{Store, bring};

/// The program that runs a machine.
const QEMU: &str = "qemu-system-x86_64";

/// What has to be installed: the program, and the Debian package that has it.
const PROGRAMS: [(&str, &str); 4] = [
    (QEMU, "qemu-system-x86"),
    ("qemu-img", "qemu-utils"),
    ("setpriv", "util-linux"),
    ("prlimit", "util-linux"),
];

/// What can be chosen.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the machines boot.
    pub image: Image,
    /// A folder for the files of this and other emulators; see [`default_folder`].
    pub folder: PathBuf,
    /// What is to run the machines' instructions; `None` for the fastest that works.
    pub accel: Option<Accel>,
    /// Whether sandboxes may have QEMU's user networking, which leads to the host's loopback.
    pub insecure_user_net: bool,
}

/// The back end can't work here.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It was built without its half inside the machines.
    #[error("this build has no program for the virtual machines: {0}")]
    NoProgram(&'static str),
    /// Something is not installed.
    #[error("{program} is not installed: on Debian and Ubuntu it is in the package {package}")]
    NotInstalled {
        /// What is missing.
        program: &'static str,
        /// Where it is.
        package: &'static str,
    },
    /// KVM was asked for and does not work.
    #[error("KVM does not work here: {0}; --accel tcg does everywhere")]
    NoKvm(String),
    /// A file or folder of ours failed.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        error: io::Error,
    },
}

pub(crate) async fn open(settings: Settings) -> Result<Hypervisor, OpenError> {
    let program = helper::program().map_err(OpenError::NoProgram)?;
    if let Some((program, package)) = PROGRAMS.into_iter().find(|(program, _)| !installed(program))
    {
        return Err(OpenError::NotInstalled { program, package });
    }
    let Settings { image, folder, accel, insecure_user_net } = settings;
    let failed = |path: &Path| {
        let what = path.display().to_string();
        move |error| OpenError::Io { what, error }
    };
    let (state, isolation) = State::open(&folder.join("run")).map_err(failed(&folder))?;
    let images = state.folder("images", isolation).map_err(failed(&folder))?;
    let runs = state.folder("vms", isolation).map_err(failed(&folder))?;
    // The machines' user can't go where ours keeps the image.
    let [base, kernel] =
        [(&image.root, "base.qcow2"), (&image.kernel, "kernel")].map(|(from, name)| {
            let to = state.path(name);
            bring(from, &to).map_err(failed(from)).map(|()| to)
        });
    let (base, kernel) = (base?, kernel?);
    let initrd = state.path("initrd");
    let mut first = initrd::archive(program);
    first.extend(std::fs::read(&image.modules).map_err(failed(&image.modules))?);
    std::fs::write(&initrd, &first).map_err(failed(&initrd))?;
    let qemu = PathBuf::from(QEMU);
    let accel = match accel {
        Some(Accel::Tcg) => Accel::Tcg,
        chosen => match accel::kvm(&qemu, &kernel, &initrd, &folder).await {
            Ok(()) => Accel::Kvm,
            Err(why) if chosen.is_some() => return Err(OpenError::NoKvm(why)),
            Err(why) => {
                log::info!("machines are emulated (TCG), because KVM does not work here: {why}");
                Accel::Tcg
            }
        },
    };
    let networks = Networks::find(insecure_user_net);
    if !networks.outside() {
        log::warn!("no sandbox reaches a network: {PASST} is not installed");
    }
    let booted = Fingerprint::new()
        .with(accel::version(&qemu).as_bytes())
        .with(image.manifest.name.as_bytes())
        .with(image.manifest.files.root.sha256.as_bytes())
        .with(image.manifest.files.kernel.sha256.as_bytes())
        .with(&first)
        .finish();
    let store = Store::new(images.clone(), isolation);
    let base = store.base(base);
    let capacity = Capacity::new(images);
    Ok(Hypervisor {
        store,
        _state: state,
        isolation,
        groups: Groups::find(),
        capacity,
        runs,
        qemu,
        networks,
        accel,
        booted,
        kernel,
        initrd,
        base,
        _image: image,
    })
}

/// Where the machines' files are unless somebody chooses: in the user's cache. Root's own is closed
/// to the user that the machines of root run as, so that it takes the system's.
pub fn default_folder(cache: &Path) -> PathBuf {
    let chosen = std::env::var_os("LEAP0_CACHE_DIR").is_some_and(|folder| !folder.is_empty());
    let root = rustix::process::geteuid().is_root();
    let cache = if root && !chosen { Path::new("/var/cache/leap0") } else { cache };
    cache.join("qemu")
}
