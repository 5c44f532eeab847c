//! The first step: Debian's packages, installed into an archive, and the kernel's package beside it.

use std::fs;
use std::process::Command;

use crate::build::Build;
use crate::privilege::{self, Privilege};
use crate::sources::Sources;
use crate::{ImageError, Progress, Step, leash, tool};

/// The root file system.
pub(crate) const ARCHIVE: &str = "root.tar";
/// The package of the kernel.
pub(crate) const KERNEL: &str = "kernel.deb";

/// Fetches the package that the kernel's package depends on, with the settings and signatures of
/// the new system's apt. It is not installed: the kernel does not come from the disk.
const FETCH_KERNEL: &str = r#"set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
package=$(apt-cache depends --important "$KERNEL" | sed -n 's/^ *Depends: //p' | head -n 1)
mkdir "$1/kernel"
cd "$1/kernel"
apt-get -o APT::Sandbox::User=root download "$package"
mv ./*.deb "$1/kernel.deb"
rmdir "$1/kernel"
"#;

pub(crate) fn install(
    build: &Build<'_>,
    sources: &Sources,
    progress: &mut dyn Progress,
) -> Result<(), ImageError> {
    let path = build.work.scratch("debian.sources");
    fs::write(&path, &sources.text).map_err(ImageError::file("write", &path))?;
    let mut estimate = Estimate::default();
    tool::run(&build.host, "mmdebstrap", command(build, sources)?, &mut |line| {
        if let Some(doing) = estimate.hear(line) {
            progress.advance(Step::Packages, estimate.fraction(), &doing);
        }
    })?;
    Ok(())
}

fn command(build: &Build<'_>, sources: &Sources) -> Result<Command, ImageError> {
    let recipe = build.recipe;
    let mut command = if privilege::has_mounts_of_its_own(&build.host) {
        let mut command = leash::command(&build.host, "unshare");
        command.args(["--mount", "mmdebstrap"]);
        command
    } else {
        leash::command(&build.host, "mmdebstrap")
    };
    if build.host.privilege == Privilege::Root {
        // What it unpacks is then removed with the rest, however the build ends. An ordinary user's
        // must be where the users that it borrows can reach it.
        let folder = build.work.scratch("tmp");
        fs::create_dir(&folder).map_err(ImageError::file("make folder", &folder))?;
        command.env("TMPDIR", folder);
    }
    command.arg("--verbose");
    command.arg(format!("--mode={}", build.host.privilege.mode()));
    command.args(["--variant=minbase", "--format=tar"]);
    command.arg(format!("--architectures={}", recipe.architecture));
    command.arg(format!("--include={}", recipe.packages.join(",")));
    let path = |rule: &str, path: &String| format!("--dpkgopt=path-{rule}={path}");
    command.args(recipe.excluded.iter().map(|excluded| path("exclude", excluded)));
    command.args(recipe.included.iter().map(|included| path("include", included)));
    command.args(sources.settings.iter().map(|setting| format!("--aptopt={setting}")));
    let kernel = &recipe.kernel;
    command.arg(format!("--customize-hook=KERNEL={kernel}\n{FETCH_KERNEL}"));
    let deb = build.work.scratch(KERNEL);
    command
        .arg(format!("--customize-hook=download /kernel.deb {}", quoted(&deb.to_string_lossy())));
    command.arg("--customize-hook=rm \"$1/kernel.deb\"");
    command.arg(format!("--customize-hook={}", recipe.script));
    command.arg(&recipe.suite);
    command.arg(build.work.scratch(ARCHIVE));
    command.arg(build.work.scratch("debian.sources"));
    Ok(command)
}

/// As one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// How far mmdebstrap has come, by counting what it says about each package.
#[derive(Debug, Default)]
struct Estimate {
    lines: u32,
}

impl Estimate {
    /// A package is fetched, unpacked and set up; about so many lines of a build say so.
    const ALL: u32 = 540;

    /// What it does now, if the line says so.
    fn hear(&mut self, line: &str) -> Option<String> {
        let mut words = line.split_whitespace();
        let (verb, noun) = match words.next()? {
            word if word.starts_with("Get:") => ("fetching", words.nth(3)?),
            "Unpacking" => ("unpacking", words.next()?),
            "Setting" => ("setting up", words.nth(1)?),
            "I:" => return line.strip_prefix("I: ").map(|text| text.trim_end_matches('.').into()),
            _ => return None,
        };
        self.lines += 1;
        // `libc6:amd64` is `libc6`.
        Some(format!("{verb} {}", noun.split(':').next().unwrap_or(noun)))
    }

    fn fraction(&self) -> f64 {
        (f64::from(self.lines) / f64::from(Self::ALL)).min(0.99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_that_is_heard_of_is_progress() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.hear("Reading package lists..."), None);
        assert_eq!(estimate.lines, 0);
        let said = [
            "Get:3 http://mirror bookworm/main amd64 libc6 amd64 2.36-9 [2757 kB]",
            "Unpacking libc6:amd64 (2.36-9) ...",
            "Setting up libc6:amd64 (2.36-9) ...",
            "I: creating tarball...",
        ]
        .map(|line| estimate.hear(line).unwrap());
        assert_eq!(
            said,
            ["fetching libc6", "unpacking libc6", "setting up libc6", "creating tarball"]
        );
        assert!(estimate.fraction() > 0.0);
    }

    #[test]
    fn a_path_of_any_name_is_one_word_of_the_shell() {
        assert_eq!(quoted("/a b/it's"), r"'/a b/it'\''s'");
    }
}
