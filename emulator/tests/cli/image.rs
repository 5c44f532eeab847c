//! `leap0-emulator image`, in caches of its own: nothing here takes a whole build.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Command, Stdio};

use super::{complaint, program, signal};

/// The program with the image command and a cache in that folder.
fn image(cache: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = program();
    command.env("LEAP0_CACHE_DIR", cache.path()).arg("image").args(arguments);
    command
}

fn an_empty_cache() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn an_empty_cache_says_how_to_fill_it() {
    let cache = an_empty_cache();
    let text = printed(&mut image(&cache, &["list"]));
    let folder = cache.path().join("images").display().to_string();
    assert!(text.contains(&folder) && text.contains("leap0-emulator image build"), "{text}");
    assert_eq!(printed(&mut image(&cache, &["list", "--json"])), "[]\n");
    let text = printed(&mut image(&cache, &["remove", "--all"]));
    assert!(text.contains(&folder), "{text}");
}

#[test]
fn virtual_machines_without_an_image_name_the_command_that_makes_one() {
    let cache = an_empty_cache();
    let mut command = program();
    command.env("LEAP0_CACHE_DIR", cache.path()).args(["--backend", "qemu"]);
    let line = complaint(&command.args(["--listen", "127.0.0.1:0"]).output().unwrap());
    assert!(line.contains("leap0-emulator image build"), "{line}");
}

#[test]
fn a_mirror_can_be_set_in_the_environment() {
    let help = printed(program().args(["image", "build", "--help"]));
    assert!(help.contains("--mirror") && help.contains("LEAP0_EMULATOR_MIRROR"), "{help}");
}

#[test]
fn what_is_no_image_can_t_be_removed() {
    let cache = an_empty_cache();
    for name in ["debian-bookworm-0", "../images", ".lock"] {
        let line = complaint(&image(&cache, &["remove", name]).output().unwrap());
        assert!(line.contains(name) && line.contains("image list"), "{line}");
    }
    complaint(&image(&cache, &["remove"]).output().unwrap());
    complaint(&image(&cache, &["remove", "a", "--all"]).output().unwrap());
}

#[test]
#[cfg(target_arch = "x86_64")]
fn what_a_build_needs_is_named_with_its_packages() {
    let cache = an_empty_cache();
    let output = image(&cache, &["build"]).env("PATH", "/nonexistent").output().unwrap();
    let line = complaint(&output);
    for word in ["mmdebstrap", "qemu-img", "apt-get install", "qemu-utils"] {
        assert!(line.contains(word), "{word}: {line}");
    }
}

/// A build that never ends: its mirror listens and says nothing.
struct Endless {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Endless {
    fn started(cache: &tempfile::TempDir, mirror: &TcpListener) -> Self {
        let mirror = format!("http://{}/debian", mirror.local_addr().expect("bound"));
        let mut command = image(cache, &["build", "--mirror", &mirror]);
        for proxy in ["http_proxy", "HTTP_PROXY"] {
            command.env_remove(proxy);
        }
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        Self { child, stderr }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).expect("a line");
        line
    }

    fn interrupt(&mut self, name: &str) {
        signal(&self.child, name);
        assert!(!self.child.wait().expect("it is ours").success());
    }
}

const INSTALLING: &str = "installing Debian's packages";

#[test]
fn interrupted_builds_leave_no_image_and_no_program_and_let_the_next_one_in() {
    let cache = an_empty_cache();
    let mirror = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut first = Endless::started(&cache, &mirror);
    let line = first.line();
    if !line.contains(INSTALLING) {
        let required = std::env::var("LEAP0_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|one| ["all", "image"].contains(&one)), "{line}");
        eprintln!("skipped: {line}");
        return;
    }
    let (mut connection, _) = mirror.accept().unwrap();
    let mut second = Endless::started(&cache, &mirror);
    let line = second.line();
    assert!(line.contains("waiting"), "{line}");

    first.interrupt("KILL");
    // What the first one had started is gone too: it is what had this connection.
    let _ = connection.read_to_end(&mut vec![]);
    let line = second.line();
    assert!(line.contains(INSTALLING), "{line}");
    second.interrupt("TERM");
    assert!(printed(&mut image(&cache, &["list"])).contains("no image"));
}
