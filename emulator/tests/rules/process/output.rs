//! What a command leaves on its two outputs.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::Inside;
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(the_two_outputs_are_apart_and_result_is_the_first),
        trial!(what_is_not_utf_8_is_replaced),
        trial!(ten_mebibytes_of_output_are_answered_whole),
        trial!(too_much_output_is_an_error_and_not_silent),
        trial!(a_large_stream_is_whole_or_an_error),
    ]
}

async fn the_two_outputs_are_apart_and_result_is_the_first() {
    let inside = Inside::start().await;
    for (command, stdout, stderr) in [
        ("echo 1; echo 2 >&2; echo 3; echo 4 >&2", "1\n3\n", "2\n4\n"),
        ("{ echo a; echo b >&2; } 2>&1", "a\nb\n", ""),
        ("sh -c 'echo e >&2; echo o' | cat", "o\n", "e\n"),
        (":", "", ""),
        ("printf 'no newline'", "no newline", ""),
        ("printf 'a\\0b\\tc\\r\\n\\033[0m'", "a\0b\tc\r\n\u{1b}[0m", ""),
        ("echo 'ünï ☃ 🦀'", "ünï ☃ 🦀\n", ""),
    ] {
        let answer = inside.execute(json!({"command": command})).await;
        proves!("PROC-09" => assert_eq!(
            (&*answer.text("stdout"), &*answer.text("stderr")),
            (stdout, stderr),
            "{command}"
        ));
        proves!("PROC-09" => assert_eq!(answer.text("result"), stdout, "{command}"));
    }
}

async fn what_is_not_utf_8_is_replaced() {
    let inside = Inside::start().await;
    inside.write("/workspace/b", &b"a\xffb\xe2\x98c\xe2\x98\x83"[..]).await;
    let answer = inside.execute(json!({"command": "cat b; printf 'e\\377' >&2"})).await;
    proves!("PROC-07" => assert_eq!(answer.text("stdout"), "a\u{fffd}b\u{fffd}c☃"));
    proves!("PROC-07" => assert_eq!(answer.text("result"), "a\u{fffd}b\u{fffd}c☃"));
    proves!("PROC-07" => assert_eq!(answer.text("stderr"), "e\u{fffd}"));
    // The bytes themselves pass through pipes and files.
    inside.sh("cat b | cat > c").await;
    assert_eq!(&*inside.read("/workspace/c").await, b"a\xffb\xe2\x98c\xe2\x98\x83");
}

async fn ten_mebibytes_of_output_are_answered_whole() {
    let inside = Inside::start().await;
    let big = "0123456789abcdef".repeat(10 << 16);
    inside.write("/workspace/big", big.clone()).await;
    let answer = inside.execute(json!({"command": "cat big"})).await;
    let json = answer.json();
    assert_eq!((&json["exit_code"], &json["stderr"]), (&json!(0), &json!("")));
    proves!("PROC-OP-EXECUTE" => assert!(json["stdout"] == *big));
}

async fn too_much_output_is_an_error_and_not_silent() {
    let inside = Inside::start().await;
    inside.write("/workspace/big", vec![b'x'; 10 << 20]).await;
    for command in [
        "while :; do cat big; done",
        "while :; do cat big >&2; done",
        "yes",
        "i=0; while :; do cat big; done | cat",
    ] {
        let answer = inside.execute(json!({"command": command, "timeout": 60})).await;
        assert_eq!(answer.status, 200, "{command}");
        let code = answer.json()["exit_code"].as_i64().expect("a code");
        assert!(code != 0 && code != 124, "{command}: {code}");
        let stderr = answer.text("stderr");
        let end = stderr.trim_end_matches(['x', '\n']);
        assert!(!end.is_empty(), "{command}: nothing says why");
    }
}

async fn a_large_stream_is_whole_or_an_error() {
    let inside = Inside::start().await;
    inside.write("/workspace/big", vec![b'x'; 10 << 20]).await;
    for (command, expected) in [
        ("cat big big | wc -c", "20971520"),
        ("cat big big big > bigger; wc -c < bigger", "31457280"),
        ("head -c 3000000 /dev/zero | wc -c", "3000000"),
        ("yes | head -n 100000 | wc -l", "100000"),
        ("seq 200000 | tail -n 1", "200000"),
    ] {
        let answer = inside.execute(json!({"command": command})).await;
        let failed = answer.json()["exit_code"] != 0 || !answer.text("stderr").is_empty();
        let whole = answer.text("stdout").trim() == expected;
        proves!("PROC-01" => assert!(whole || failed, "{command}: {answer:?}"));
    }
}
