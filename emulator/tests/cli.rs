//! The program as a person or a script meets it: ready line, signals, exit codes, help.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

#[path = "cli/image.rs"]
mod image;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LEAP0_") {
            command.env_remove(name); // what the developer likes is not what is tested
        }
    }
    command
}

/// Killed when dropped, unless it has ended.
struct Running {
    child: Child,
    address: String,
    rest: BufReader<std::process::ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn started(command: &mut Command) -> Running {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut rest = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    rest.read_line(&mut line).expect("a line");
    let address = line
        .strip_prefix("leap0-emulator listening on http://")
        .and_then(|line| line.strip_suffix(" backend=memory\n"))
        .unwrap_or_else(|| panic!("{line:?} is not the ready line"))
        .to_owned();
    Running { child, address, rest }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
}

/// The one line on standard error of a program that ended with exit code 2.
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("leap0-emulator: "), "{text}");
    text
}

#[test]
fn the_ready_line_is_all_that_standard_output_gets_and_a_signal_ends_with_0() {
    for name in ["TERM", "INT"] {
        let mut running = started(program().args(["--listen", "127.0.0.1:0"]));
        let mut stream = TcpStream::connect(&running.address).unwrap();
        let request =
            "GET /_emulator/health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains(r#""status":"ok""#),
            "{answer}"
        );
        signal(&running.child, name);
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{name}");
        let mut rest = String::new();
        running.rest.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let mut running = started(program().args(["serve", "--listen", "127.0.0.1:0"]));
    let call = |request: String| {
        let mut stream = TcpStream::connect(&running.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let post = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: k\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let read = |mut stream: TcpStream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let created = read(call(post("/v1/sandbox", r#"{"template_name":"system/debian:bookworm"}"#)));
    let id = created.split(r#""id":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let execute = format!("/v1/sandbox/{id}/process/execute");
    let slow = call(post(&execute, r#"{"command":"echo up > up; sleep 1; echo done"}"#));
    while !read(call(post(&execute, r#"{"command":"cat up"}"#))).contains("up\\n") {}
    signal(&running.child, "TERM");
    let answer = read(slow);
    assert!(answer.contains(r#""stdout":"done\n""#), "{answer}");
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_taken_port_is_one_clear_line_and_exit_code_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = program().args(["--listen", &address]).output().unwrap();
    let line = complaint(&output);
    assert!(line.contains(&address) && line.contains("in use"), "{line}");
}

#[test]
fn a_bad_command_line_is_one_clear_line_and_exit_code_2() {
    for (arguments, word) in [
        (&["--no-such-flag"][..], "--no-such-flag"),
        (&["--listen", "everywhere"], "--listen"),
        (&["--max-sandboxes", "few"], "--max-sandboxes"),
        (&["--api-key", ":org"], "--api-key"),
        (&["--transition-delay", "slow"], "--transition-delay"),
        (&["--cors-origin", "example.com", "--listen", "127.0.0.1:0"], "--cors-origin"),
        (&["image", "dance"], "dance"),
        (&["dance"], "dance"),
    ] {
        let line = complaint(&program().args(arguments).output().unwrap());
        assert!(line.contains(word), "{line}");
    }
    let output = program().env("LEAP0_EMULATOR_LISTEN", "nowhere").output().unwrap();
    assert!(complaint(&output).contains("nowhere"));
}

#[test]
fn an_address_that_others_reach_needs_a_key() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let line = complaint(&program().args(["--listen", address]).output().unwrap());
        assert!(line.contains("--api-key"), "{line}");
    }
}

#[test]
fn the_control_paths_can_be_turned_off_or_put_behind_a_token() {
    let status = |running: &Running, path: &str, header: &str| {
        let mut stream = TcpStream::connect(&running.address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: k\r\n{header}\
             connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer[9..12].parse::<u16>().unwrap()
    };
    let clock = "/_emulator/clock";
    let off = started(program().args(["--listen", "127.0.0.1:0", "--no-control"]));
    let behind = started(program().args(["--listen", "127.0.0.1:0", "--control-token", "t0ken"]));
    for running in [&off, &behind] {
        assert_eq!(status(running, "/_emulator/health", ""), 200);
        assert_eq!(status(running, "/v1/sandboxes", ""), 200);
    }
    assert_eq!(status(&off, clock, ""), 404);
    assert_eq!(status(&behind, clock, ""), 401);
    assert_eq!(status(&behind, clock, "leap0-control-token: other\r\n"), 401);
    assert_eq!(status(&behind, clock, "leap0-control-token: t0ken\r\n"), 200);
}

#[test]
fn every_flag_can_be_set_in_the_environment() {
    let mut command = program();
    command
        .env("LEAP0_EMULATOR_LISTEN", "127.0.0.1:0")
        .env("LEAP0_EMULATOR_API_KEY", "a:acme,b")
        .env("LEAP0_EMULATOR_MAX_SANDBOXES", "none")
        .env("LEAP0_EMULATOR_MAX_BODY", "1000")
        .env("LEAP0_EMULATOR_RATE_LIMIT", "7")
        .env("LEAP0_EMULATOR_CLOCK", "manual")
        .env("LEAP0_EMULATOR_TRANSITION_DELAY", "realistic")
        .env("LEAP0_EMULATOR_SNAPSHOT_PAUSE_SOURCE", "paused")
        .env("LEAP0_EMULATOR_TIMEOUT_ACTION", "stop")
        .env("LEAP0_EMULATOR_DELETE_IN_USE", "allow");
    let running = started(&mut command);
    let get = |path: &str, key: &str| {
        let mut stream = TcpStream::connect(&running.address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {key}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let capabilities = get("/_emulator/capabilities", "");
    for part in [
        r#""max_sandboxes":null"#,
        r#""max_body_bytes":1000"#,
        r#""rate_limit_per_minute":7"#,
        r#""snapshot_pause_source":"paused""#,
        r#""timeout_action":"stop""#,
        r#""delete_in_use":"allow""#,
    ] {
        assert!(capabilities.contains(part), "{part}: {capabilities}");
    }
    assert!(get("/_emulator/clock", "a").contains(r#""mode":"frozen""#));
    assert!(get("/v1/sandboxes", "b").starts_with("HTTP/1.1 200"));
    assert!(get("/v1/sandboxes", "c").starts_with("HTTP/1.1 401"));
}

#[test]
fn help_names_every_flag_and_its_variable() {
    let output = program().arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in [
        "--listen",
        "--backend",
        "--api-key",
        "--data-dir",
        "--no-control",
        "--control-token",
        "--max-sandboxes",
        "--rate-limit",
        "--max-body",
        "--clock",
        "--transition-delay",
        "--cors-origin",
        "--snapshot-pause-source",
        "--timeout-action",
        "--delete-in-use",
    ] {
        let variable = format!("LEAP0_EMULATOR_{}", flag[2..].replace('-', "_").to_uppercase());
        assert!(help.contains(flag) && help.contains(&variable), "{flag} or {variable}: {help}");
    }
    assert!(help.contains("env"), "{help}");
}

#[test]
fn the_printed_exports_are_what_a_shell_understands() {
    let script = r#"eval "$("$0" env --listen 127.0.0.1:9 --api-key "it's")"
        echo "$LEAP0_BASE_URL|$LEAP0_API_KEY|$LEAP0_SDK_OTEL_ENABLED|$NO_PROXY""#;
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_leap0-emulator")])
        .env("NO_PROXY", "example.com")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "http://127.0.0.1:9|it's|false|127.0.0.1,localhost,example.com\n",
        "{output:?}"
    );
}
