//! The machine that builds: its programs, and what this user may do.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::privilege::{self, Privilege};
use crate::{Cache, ImageError, Recipe};

/// The programs that every build uses, and the Debian packages that hold them.
const TOOLS: [(&str, &str); 11] = [
    ("apt-get", "apt"),
    ("debugfs", "e2fsprogs"),
    ("dpkg-deb", "dpkg"),
    ("e2fsck", "e2fsprogs"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mmdebstrap", "mmdebstrap"),
    ("qemu-img", "qemu-utils"),
    ("sh", "dash"),
    ("tar", "tar"),
    ("unshare", "util-linux"),
    ("xz", "xz-utils"),
];

/// The variables that reach the programs: what else is set here must not change the image.
const VARIABLES: [&str; 9] = [
    "HOME",
    "TMPDIR",
    "SOURCE_DATE_EPOCH",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// The machine that builds.
#[derive(Debug)]
pub(crate) struct Host {
    path: OsString,
    log: PathBuf,
    command: String,
    pub(crate) privilege: Privilege,
}

impl Host {
    /// Looks at this one.
    pub(crate) fn look(cache: &Cache) -> Result<Self, ImageError> {
        let images = cache.images();
        let folder = images.parent().unwrap_or(images).display();
        Ok(Self {
            path: search_path(env::var_os("PATH").as_deref()),
            log: images.join("build.log"),
            command: format!("sudo LEAP0_CACHE_DIR={folder} leap0-emulator image build"),
            privilege: Privilege::of_this_process()?,
        })
    }

    /// Whether this recipe can be built here, before any time is spent on it.
    pub(crate) fn can_build(&self, recipe: &Recipe) -> Result<(), ImageError> {
        let here = match env::consts::ARCH {
            "x86_64" => "amd64",
            other => other,
        };
        if here != recipe.architecture {
            let wanted = recipe.architecture.clone();
            return Err(ImageError::Architecture { wanted, here: here.to_owned() });
        }
        let needed = TOOLS.iter().chain(self.privilege.tools());
        let missing: Vec<_> = needed.filter(|(tool, _)| !self.has(tool)).collect();
        if !missing.is_empty() {
            let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
            packages.sort_unstable();
            packages.dedup();
            let tools: Vec<_> = missing.iter().map(|(tool, _)| *tool).collect();
            return Err(ImageError::MissingTools {
                tools: tools.join(", "),
                packages: packages.join(" "),
            });
        }
        privilege::check(self).map_err(|why| {
            let command = self.command.clone();
            ImageError::Unprivileged { why, command }
        })
    }

    /// Whether that program is installed.
    pub(crate) fn has(&self, tool: &str) -> bool {
        env::split_paths(&self.path).any(|folder| folder.join(tool).is_file())
    }

    /// A call of that program, with nothing to read and a clean environment.
    pub(crate) fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command.env_clear().env("PATH", &self.path).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        for name in VARIABLES {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Where everything is that the programs of the last build said.
    pub(crate) fn log_path(&self) -> &Path {
        &self.log
    }

    /// Begins an empty log.
    pub(crate) fn start_log(&self) -> Result<(), ImageError> {
        File::create(&self.log).map(drop).map_err(ImageError::file("write", &self.log))
    }

    /// The log, to add to.
    pub(crate) fn log(&self) -> Result<File, ImageError> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.log)
            .map_err(ImageError::file("write", &self.log))
    }

    /// A file of the system, or nothing where it can't be read.
    pub(crate) fn read(path: impl AsRef<Path>) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }
}

/// Where programs are looked for: an ordinary user of Debian does not have the last ones.
fn search_path(path: Option<&OsStr>) -> OsString {
    let path = path.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let folders = env::split_paths(path).filter(|folder| folder.is_absolute()).chain(system);
    env::join_paths(folders).expect("split before")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which only these programs are installed.
    fn host(folder: &Path, tools: &[&str]) -> Host {
        for tool in tools {
            fs::write(folder.join(tool), "").unwrap();
        }
        Host {
            path: folder.into(),
            log: folder.join("build.log"),
            command: String::new(),
            privilege: Privilege::Root,
        }
    }

    #[test]
    fn everything_that_is_missing_is_named_in_one_go_with_its_packages() {
        let folder = tempfile::tempdir().unwrap();
        let host = host(folder.path(), &["apt-get", "dpkg-deb", "sh", "tar", "unshare", "debugfs"]);
        let error = host.can_build(&Recipe::debian_bookworm()).unwrap_err().to_string();
        if env::consts::ARCH == "x86_64" {
            assert_eq!(
                error,
                "cannot build the image without e2fsck, mkfs.ext4, mmdebstrap, qemu-img, xz: \
                 run `apt-get install e2fsprogs mmdebstrap qemu-utils xz-utils` as root"
            );
        }
    }

    #[test]
    fn another_processor_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = Recipe::debian_bookworm();
        recipe.architecture = "s390x".to_owned();
        let error = host(folder.path(), &[]).can_build(&recipe).unwrap_err().to_string();
        assert!(error.contains("s390x"), "{error}");
    }

    #[test]
    fn programs_of_the_system_are_found_by_ordinary_users_too() {
        let path = search_path(Some(OsStr::new("/usr/bin::relative:/opt/bin")));
        assert_eq!(path, "/usr/bin:/opt/bin:/usr/local/sbin:/usr/sbin:/sbin");
    }

    #[test]
    fn what_is_set_here_does_not_reach_the_programs() {
        let folder = tempfile::tempdir().unwrap();
        let mut host = host(folder.path(), &[]);
        host.path = search_path(None);
        let output = host.command("env").output().unwrap();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let name = line.split('=').next().unwrap();
            assert!(["PATH", "LC_ALL"].contains(&name) || VARIABLES.contains(&name), "{line}");
        }
    }
}
