//! What the program says where there is nothing to judge: one line, and exit code 2.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;

/// The program, with nothing of the developer's environment, in a folder of its own.
struct Program {
    folder: PathBuf,
}

impl Program {
    fn new(test: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder below target/");
        Self { folder }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("it can be written");
        path.to_string_lossy().into_owned()
    }

    /// Runs it, and gives the line that it says.
    fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        let journals = self.folder.join("leap0-conformance");
        assert_eq!(fs::read_dir(journals).map_or(0, Iterator::count), 0, "a journal is left");
        said.trim_end().strip_prefix("leap0-conformance: ").expect("its name").to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leap0-conformance"));
        command.args(arguments).current_dir(&self.folder).env("TMPDIR", &self.folder);
        command.env_remove("LEAP0_BASE_URL").env_remove("LEAP0_API_KEY");
        command.stdin(Stdio::null()).output().expect("the program starts")
    }
}

/// A server that says this to everybody, or nothing at all. It ends with the tests.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            if answer.is_empty() {
                open.push(stream);
            } else {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    url
}

/// The beginnings of what is said of servers that can't be judged.
fn foreign() -> Vec<(String, &'static str)> {
    let closed = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        format!("http://{}", listener.local_addr().expect("it is bound"))
    };
    vec![
        (closed, "no answer: no connection to "),
        (server(""), "no answer: no answer within 1000 ms"),
        (server("SSH-2.0-OpenSSH_9.2\r\n"), "no answer: "),
        (
            server("HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>"),
            "GET /v1/sandboxes is answered 200 <html></html>, which is not this API",
        ),
        (
            server("HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot found"),
            "GET /v1/sandboxes is answered 404 not found, which is not this API",
        ),
        (
            server(
                "HTTP/1.1 308 Moved\r\nlocation: https://a.example\r\ncontent-length: 0\r\n\r\n",
            ),
            "it redirects to https://a.example: give that URL",
        ),
        (
            server("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}"),
            "it refuses the key (401): give one with --api-key",
        ),
    ]
}

#[test]
fn a_server_that_cannot_be_judged_is_told_in_a_line() {
    let program = Program::new("foreign");
    let story = program.file(
        "story.toml",
        "story = \"s\"\nrules = [\"SB-DEL-03\"]\n[[step]]\nrequest = \"GET /v1/sandboxes\"\n",
    );
    for (url, wanted) in foreign() {
        let patience = ["--url", &*url, "--patience", "1"];
        for command in [&["run"][..], &["run", "--seeds", "2"], &["replay", &*story]] {
            let said = program.refuses(&[command, &patience].concat());
            let rest = said.strip_prefix(&format!("{url}: ")).expect("the URL comes first");
            assert!(rest.starts_with(wanted), "{command:?}: {rest}");
        }
    }
}

#[test]
fn a_bad_command_line_is_told_in_a_line() {
    let program = Program::new("command-line");
    for (arguments, wanted) in [
        (&["run"][..], "the following required arguments were not provided: --url <URL>"),
        (&["run", "--url", "localhost"], "localhost is no URL such as http://127.0.0.1:7410"),
        (&["run", "--url", "https://x"], "https://x asks for TLS, which is not built in"),
        (&["run", "--url", "http://127.0.0.1:1", "--only", "wings"], "no check is called"),
        (&["run", "--url", "http://127.0.0.1:1", "--seeds", "0"], "invalid value '0'"),
        (&["run", "--url", "http://127.0.0.1:1", "--seeds", "2", "--json", "x"], "the argument"),
        (&["reference", "--fault", "wings"], "there is no fault wings"),
        (&["compare", "none.json", "none.json"], "none.json: No such file"),
    ] {
        let said = program.refuses(arguments);
        assert!(said.starts_with(wanted), "{said}");
    }
}

#[test]
fn a_malformed_file_is_told_in_a_line_with_its_place() {
    let program = Program::new("files");
    let url = ["--url", "http://127.0.0.1:1"];
    let story = program.file("story.toml", "story = \"s\"\nrules = [\"X\"]\n[[step]]\nclock = 1\n");
    let known = program.file("known.toml", "[[rule]]\nid = \"SB-DEL-03\"\nreason = 7\n");
    let report = program.file("report.json", "{}");
    for (arguments, file, wanted) in [
        (["replay", &*story].to_vec(), &story, "line 2, column 9: X is no rule"),
        (["run", "--known-failing", &*known].to_vec(), &known, "line 3: invalid type: integer"),
        (["compare", &*report, &*report].to_vec(), &report, "no report: missing field `format`"),
    ] {
        let arguments =
            if arguments[0] == "compare" { arguments } else { [&arguments, &url[..]].concat() };
        let said = program.refuses(&arguments);
        let rest = said.strip_prefix(&format!("{file}: ")).expect("the file comes first");
        assert!(rest.starts_with(wanted), "{rest}");
    }
}
