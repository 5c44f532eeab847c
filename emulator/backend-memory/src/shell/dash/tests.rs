use std::process::{Command, Stdio};

use super::Known;

/// Commands of one letter are functions, so that nothing looks for their files.
fn known() -> Known {
    let names = ('a'..='z').map(String::from).chain(["i++".to_owned()]).collect();
    Known { names, ..Known::default() }
}

fn translate(script: &str) -> String {
    super::translate(script, &mut known(), super::Input::Empty).text()
}

fn gather(script: &str) -> String {
    super::gather(script, &mut known())
}

fn unchanged(script: &str) {
    assert_eq!(translate(script), script);
}

fn refused(script: &str, words: &str) {
    let run = translate(script);
    assert!(run.ends_with(&format!("Syntax error: {words}'\n")), "{script}: {run}");
    assert!(run.contains("leap0-refuse 2 exit"), "{script}: {run}");
}

#[test]
fn what_both_shells_read_alike_stays_as_it_is() {
    for script in [
        "",
        "echo a # [[ ${x//a/b}",
        "cat <<'END'\n${x//a/b} `\nEND\necho $?",
        "case $x in (a|b) echo {} ;; *) ;; esac 2>&1 <&-",
        "f() { local a=\"${1:-\"x y\"}\"; echo \"${#a} ${a%%\\}*}\" '$((' ; }; f \"$@\"",
        "if ! a && b; then c; elif d | e; then :; else { f & }; fi",
        "for i in 1 2; do echo $((i * (2 + $x) >> 1)) `date`; done; for i do :; done",
        "while read -r a; do echo \"$(echo \"$a\" | tr a b)\"; done <<-END\n\t$x\n\tEND\n",
        "set -eu -o noglob; trap 'rm f' EXIT INT; export A=1 B; read -p 'x ' -r y",
    ] {
        unchanged(script);
    }
}

#[test]
fn what_bash_alone_takes_for_special_is_written_so_that_it_does_not() {
    for (script, run) in [
        ("[[ a == b ]]", "\\[[ a == b ]]"),
        ("echo {1..3} {a,b}.c {} {x}", "echo \\{1..3} \\{a,b}.c {} {x}"),
        ("echo $'a' \"$'a'\" $\"b\"", "echo \\$'a' \"$'a'\" \\$\"b\""),
        ("a &> f", "a & > f"),
        ("((i++))", "( (i++))"),
        (
            "time ls; a+=1; x",
            "leap0-refuse 127 return 'time: not found' \\time ls; leap0-refuse 127 return 'a+=1: not found' a+=1; x",
        ),
        ("echo 12>f 1>g", "echo 12 >f 1>g"),
        ("x=$(<f)", "x=$(: <f)"),
        ("echo `echo \\`echo {1,2}\\``", "echo `echo \\`echo \\\\\\\\{1,2}\\``"),
        ("echo $((++i)) $((a- -b)) $((a--b))", "echo $((+ +i)) $((a- -b)) $((a- -b))"),
        ("echo >&file", "echo >&${_LEAP0:?Bad fd number}"),
        (
            "echo $UID ${#RANDOM} $((RANDOM % 6)) `a $UID`",
            "echo $_LEAP0_UID ${#_LEAP0_RANDOM} $((_LEAP0_RANDOM % 6)) `a $_LEAP0_UID`",
        ),
        ("HOSTNAME=$(hostname); echo $HOSTNAME", "HOSTNAME=$(hostname); echo $HOSTNAME"),
        (
            "a | while read b; do :; done <f | (d) >g",
            "a | { leap0-gather; while read b; do :; done <f; } | { leap0-gather; { leap0-open 0 new-held 'g'; (d); } >g; }",
        ),
        ("cat <<E\n$[1] {1,2}\nE\n", "cat <<E\n\\$[1] {1,2}\nE\n"),
    ] {
        assert_eq!(translate(script), run, "{script}");
    }
}

#[test]
fn what_dash_does_not_expand_fails_when_it_is_expanded() {
    for script in ["echo \"${x//a/b}\"", "echo ${a[1]}", "echo ${x^^}", "echo ${x:1:2} ${!y}"] {
        assert!(translate(script).contains("${_LEAP0:?Bad substitution "), "{script}");
    }
    for script in ["echo $((i++))", "echo $((2**3))", "echo $((1,2))", "echo $((16#ff))"] {
        let run = translate(script);
        assert!(run.contains("${_LEAP0:?arithmetic expression: expecting "), "{script}: {run}");
    }
}

#[test]
fn commands_and_options_of_bash_are_missed() {
    for (script, run) in [
        (
            "shift; shift \"$n\"",
            "leap0-shift \"$#\" 1 && shift; leap0-shift \"$#\" \"$n\" && shift \"$n\"",
        ),
        ("source a", "leap0-refuse 127 return 'source: not found' source a"),
        (
            "source() { . \"$1\"; }; source a",
            "source() { . --leap0-in=\"$PWD\" \"$(leap0-locate read \"$1\")\"; }; source a",
        ),
        (
            "x=1 set -euo pipefail",
            "x=1 leap0-refuse 2 exit 'set: Illegal option -o pipefail' set -euo pipefail",
        ),
        ("read -ra x", "leap0-refuse 2 return 'read: Illegal option -a' read -ra x"),
        ("trap x SIGINT", "leap0-refuse 1 return 'trap: SIGINT: bad trap' trap x SIGINT"),
        ("sh a; /bin/bash b", "sh --leap0-in=\"$PWD\" a; bash --leap0-in=\"$PWD\" b"),
        (
            "A=1 ./x \"$d/y\"; \"$d/y\"; /bin/ls",
            "A=1 sh --leap0-run=\"$PWD\" ./x \"$d/y\"; sh --leap0-run=\"$PWD\" \"$d/y\"; /bin/ls",
        ),
        (
            "find . -exec ./x {} +; xargs -n 1 -0 ./y z",
            "find . -exec sh --leap0-run=\"$PWD\" ./x {} +; xargs -n 1 -0 sh --leap0-run=\"$PWD\" ./y z",
        ),
        (
            "exec ./x; env A=1 ./y",
            "exec sh --leap0-run=\"$PWD\" ./x; env A=1 sh --leap0-run=\"$PWD\" ./y",
        ),
    ] {
        assert_eq!(translate(script), run, "{script}");
    }
}

#[test]
fn files_are_opened_before_a_command_runs() {
    for (script, run) in [
        ("sort f > f", "sort f $(leap0-open $? new 'f') > f"),
        ("a 2>> \"$b/c\" 1>&2", "a $(leap0-open $? add \"$b/c\") 2>> \"$b/c\" 1>&2"),
        ("echo a > f; a > /dev/null", "echo a > f; a > /dev/null"),
        ("a > $x", "a $(leap0-open $? new \"$x\") > \"$x\""),
        ("f() { a; }; f > b", "f() { a; }; f $(leap0-open $? new-held 'b') > b"),
        ("echo a > l/../f", "echo a $(leap0-open $? look 'l/../f') > l/../f"),
        ("{ a; } > f 2>&1", "{ leap0-open 0 new-held 'f'; { a; }; } > f 2>&1"),
        (
            "(umask 7); a; echo b",
            "leap0-open $? keep-umask -; (umask 7); a $(leap0-open $? umask -); echo b",
        ),
    ] {
        assert_eq!(translate(script), run, "{script}");
    }
}

#[test]
fn copies_of_descriptors_that_change_nothing_are_left_out() {
    for (script, run) in [
        ("a 2>&1 >&2", "a 2>&1 "),
        ("a >&2 2>&1", "a >&2 "),
        ("(a) 2>&1 1>&2 | b", "(a) 2>&1  | b"),
        ("echo a > f 2>&1 >&2 2> g", "echo a > f 2>&1  2> g"),
    ] {
        assert_eq!(translate(script), run, "{script}");
    }
    unchanged("a 2>&1 > /dev/null; exec 3>&1 >&2; a >&3; exec 3>&-; { a; } >&3");
}

#[test]
fn what_the_interpreter_would_get_wrong_is_refused() {
    for script in [
        "a 3>&1 1>&2 2>&3",
        "{ a; } 3>&1",
        "a 2>&1 >&3",
        "exec 3>&1; b=$(a >&3)",
        "exec 3>&1; b=`a >&3`",
        "exec 3>&1; a >&3 | b",
        "exec 3>&1; { a >&3; } > /dev/null",
        "{ head -n 1; cat; } < f",
        "a | while read b; do sed p; done",
        "{ x=$(head -1); cat; } <<E\nE",
        "f() { head -1; }; { f; cat; } < f",
        "f() { cat; cat; }; a | f",
        "f() { cat; cat; }; f < f",
        "if a; then cat; cat; fi < f",
        "while a; do b && break; cat; done < f",
        "while a; do timeout 5 cat; done < f",
        "exec 3>&1; f() { a >&3; }; f | b",
    ] {
        assert!(translate(script).contains("leap0-open"), "{script}: {}", translate(script));
        assert!(translate(script).contains(" refuse '"), "{script}");
        assert!(gather(script).contains(" refuse '"), "{script}");
    }
    for script in [
        "{ head -n 1; sed p f; } < f",
        "a | if b; then cat; else sed p; fi",
        "while read a; do echo $a | cat; cat < b; done < f",
        "f() { cat; }; a | { f; }",
        "while read a; do if b; then cat; break; fi; done < f",
        "while a; do ./b; sh c; sh -c 'cat'; done < f",
        "f() { a >&3; }; f | b",
        "cat; cat",
    ] {
        assert!(!translate(script).contains(" refuse '"), "{script}");
    }
}

#[test]
fn a_script_of_bash_is_read_for_little() {
    let script = "a=(1 \"2\" $(:)); [[ $a =~ ^(x|y)$ && -n $b ]] && ((i++ << 2)) || echo {1,2} $'it\\'s' &> f\n\
        function f { local x=${a[@]//x/y}; }; my-f() { select i in a; do :; done; }; : <<< \"$x\" |& :\n\
        for ((i = 0; i < 3; i++)); do diff <(:) <(:) >(:); done; time -p ls; case $x in @(a|b)) : ;& *) ;; esac\n";
    assert_eq!(gather(script), script);
    assert_eq!(
        gather("./x < f; a[1/2]=3; ~/y z"),
        "sh --leap0-run=\"$PWD\" ./x < f; a[1/2]=3; sh --leap0-run=\"$PWD\" ~/y z"
    );
    assert_eq!(
        gather("[[ ! -r $a && (-x ~/\"b c\" || d == -w) ]]"),
        "[[ ! -n $(_LEAP0_PATH=$a; test -r \"$_LEAP0_PATH\" && echo 1) && \
         (-n $(_LEAP0_PATH=~/\"b c\"; test -x \"$_LEAP0_PATH\" && echo 1) || d == -w) ]]"
    );
    let piped = format!("{script}a | while read b; do :; done");
    let run = format!("{script}a | {{ leap0-gather; while read b; do :; done; }}");
    assert_eq!(gather(&piped), run);
    assert_eq!(gather("a | while (("), "a | while ((");
}

#[test]
fn scripts_are_asked_what_they_read_where_others_may_read_it() {
    for (script, run) in [
        (
            "while read a; do sh s $a; done < f",
            "while read a; do sh --leap0-in=\"$PWD\" s $a $(leap0-open $? reads 's'); done < f",
        ),
        (
            "{ sh -c \"$b\"; cat; } < f",
            "{ sh --leap0-in=\"$PWD\" -c \"$b\" $(leap0-open $? reads-text \"$b\"); cat; } < f",
        ),
        (
            "{ read a; sh s; } < f; sh s",
            "{ read a; sh --leap0-in=\"$PWD\" s; } < f; sh --leap0-in=\"$PWD\" s",
        ),
    ] {
        assert_eq!(translate(script), run, "{script}");
    }
    let started =
        |script: &str| super::translate(script, &mut known(), super::Input::Unknown).text();
    assert!(started("cat; cat").starts_with("leap0-open 0 fed "));
    assert!(started("cat; sh s").ends_with(" $(leap0-open $? reads 's')"));
    assert_eq!(started("cat; pwd"), "cat; pwd");
    assert!(started("cat; script").ends_with(" script $(leap0-open $? reads-whole 'script')"));
    assert!(started("cat; $a b").ends_with(" $a b $(leap0-open $? reads-split \"$a\")"));
    assert!(translate("{ cat; $(a); } < f").contains(" refuse '"));
}

#[test]
fn commands_that_may_be_files_are_located() {
    for (script, run) in [
        ("script x", "$(leap0-locate whole 'script') script x"),
        ("x=1 script", "x=1 $(leap0-locate whole 'script') script"),
        ("env A=1 script", "env A=1 $(leap0-locate whole 'script') script"),
        (
            "$a b; \"$b\" c",
            "$(leap0-locate split \"$a\" 'b') $a b; $(leap0-locate whole \"$b\") \"$b\" c",
        ),
        ("$(a \"b\") c", "$(leap0-locate print \"$(a \"b\")\" $?) c"),
        ("unset PATH; ls", "unset PATH; $(leap0-locate whole 'ls') ls"),
        ("PATH=a ls", "PATH=a $(PATH=a; leap0-locate whole 'ls') ls"),
        ("env PATH=a ls", "env PATH=a $(PATH=a; leap0-locate whole 'ls') ls"),
        ("PATH=a; cd; echo; test x", "PATH=a; cd; echo; test x"),
        ("PATH=a; env echo", "PATH=a; env $(leap0-locate whole 'echo') echo"),
        (
            ". script; . ./script",
            ". --leap0-in=\"$PWD\" \"$(leap0-locate read 'script')\"; . --leap0-in=\"$PWD\" ./script",
        ),
    ] {
        assert_eq!(translate(script), run, "{script}");
    }
    // What they are named for is theirs, wherever that is.
    assert_eq!(
        translate("f() { script; }; script() { :; }; f; script"),
        "f() { $([ \"$(type -t script)\" = function ] || leap0-locate whole 'script') script; }; \
         script() { :; }; f; script"
    );
    unchanged("alias script=ls 'other=ls'; script; other");
    unchanged("ls; \"a$b\" c");
}

#[test]
fn options_that_expansions_may_be_are_looked_at() {
    for (script, run) in [
        ("read $a b", "read $a b $(leap0-options $? read $a b)"),
        ("set -e $a", "set -e $a $(leap0-options $? set -e $a)"),
        ("printf \"$a\" b", "printf \"$a\" b $(leap0-options $? printf \"$a\" b)"),
    ] {
        assert_eq!(translate(script), run, "{script}");
    }
    // Nothing of these is an option, or it would have to be printed twice.
    for script in ["read b $a", "set -- $a", "echo $a", "wait", "read $(a) b", "read -r a"] {
        unchanged(script);
    }
}

#[test]
fn lines_that_redirect_the_script_are_not_read_as_a_file() {
    let parts = |script: &str| -> Vec<(String, bool)> {
        let parts = super::translate(script, &mut known(), super::Input::Empty).parts;
        parts.into_iter().map(|part| (part.text, part.is_read)).collect()
    };
    let part = |text: &str, is_read| (text.to_owned(), is_read);
    assert_eq!(parts("a\nb\n"), [part("a\nb\n", false)]);
    assert_eq!(parts("a\n: $((1))\n"), [part("a\n: $((1))\n", true)]);
    assert_eq!(
        parts("a\nexec 3> f\nb\n: $((1))\n"),
        [
            part("a\n", false),
            part("exec 3> f\n", false),
            part("b\n", false),
            part(": $((1))\n", true),
        ]
    );
    // The function would do it where it is called.
    let called = "f() { exec 3> f; }\nf\n: $((1))\n";
    assert_eq!(parts(called), [part(called, false)]);
}

#[test]
fn syntax_errors_are_those_of_dash() {
    refused("a=(1 2)", "\"(\" unexpected");
    refused("function f { echo; }", "\"}\" unexpected");
    refused("cat <<< x", "redirection unexpected");
    refused("cat <(echo)", "\"(\" unexpected");
    refused("a |& b", "\"&\" unexpected");
    refused("for ((i=0; i<3; i++)); do :; done", "Bad for loop variable");
    refused("if true &&", "end of file unexpected");
    refused("if true; then", "end of file unexpected (expecting \"fi\")");
    refused("if true; then :; done", "\"done\" unexpected (expecting \"fi\")");
    refused("echo 'a", "Unterminated quoted string");
    refused("my-f() { :; }", "Bad function name");
    refused("echo `a b (`", "\"(\" unexpected");
}

#[test]
fn lines_before_a_syntax_error_are_run() {
    let run = translate("echo {a,b}\necho b; a=(1)\necho c\n");
    let refusal = "leap0-refuse 2 exit '2: Syntax error: \"(\" unexpected'\n";
    assert_eq!(run, format!("echo \\{{a,b}}\n{refusal}"));
}

/// Every start of a script that uses everything is taken or refused as dash takes or refuses it.
#[test]
fn dash_agrees_about_every_beginning() {
    let script = "#!/bin/sh\nset -e\nf() {\n\tlocal x=\"${1:-$(cat <<E\na ${y#b} `c`\nE\n)}\"\n\
        case \"$x\" in\n(a|b) echo $((x + (1 << 2))) ;;\n*) [ -n \"$x\" ] && { g; } || h & ;;\nesac\n\
        }\nif a; then b; elif ! c | d; then (e; f) 2>&1 >g; else :; fi\nwhile x; do y; done < \"$z\"\n\
        for i in 1 'a b' \"c\\\"d\"; do until j; do k; done; done\ncat <<-'E'\n\t$x\n\tE\n`a \\`b\\``\n";
    let Ok(mut dash) = Command::new("dash").arg("-c").arg(":").spawn() else {
        return eprintln!("skipped: no dash here");
    };
    dash.wait().unwrap();
    for end in (0..=script.len()).filter(|end| script.is_char_boundary(*end)) {
        let beginning = &script[..end];
        let status = Command::new("dash")
            .args(["-n", "-c", beginning])
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let taken = !translate(beginning).contains("leap0-refuse");
        assert_eq!(taken, status.success(), "{beginning}");
    }
}
