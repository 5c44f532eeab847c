//! The commands that stand in place of the interpreter's own, as scripts use them.

use super::tests::{complaint, run, said};

#[tokio::test]
async fn what_may_be_done_is_told_by_real_rights() {
    let script = "for right in r w x; do [ -$right /etc ] && echo -n $right; done; \
                  [ -w /etc/passwd ] || echo ' no'; [ -x /root/x ] || echo no; test -w . && echo own";
    assert_eq!(said(script).await, "rx no\nno\nown\n");
    let output = run("cd /root; echo $?; mkdir d; chmod 600 d; cd d").await;
    assert_eq!((output.exit_code, &output.stdout[..]), (2, &b"2\n"[..]));
    assert!(complaint(&output).contains("Permission denied"));
}

#[tokio::test]
async fn a_long_listing_has_the_columns_of_gnu() {
    let script = "echo hello > f; ln -s f l; chmod 4750 f; ls -l f l | cut -d' ' -f1-5; \
                  ls -l l | sed 's/.* l/l/'; ls -l /dev/null | cut -c1-36; ls -ld /tmp | cut -c1-25";
    let expected = "-rwsr-x--- 1 user user 6\nlrwxrwxrwx 1 user user 1\nl -> f\n\
                    crw-rw-rw- 1 root root 1, 3 ";
    let told = said(script).await;
    assert!(told.starts_with(expected), "{told}");
    assert!(told.ends_with("drwxrwxrwt 2 root root 40\n"), "{told}");
}

#[tokio::test]
async fn stat_tells_owners_and_times_of_the_tree() {
    let script = "touch -d @86400 f; stat -c '%U:%G %u %Y %h' f /etc/passwd | head -1; \
                  stat -c '%U %a' /root; stat -t / | cut -d' ' -f1; stat f | head -2 | tail -1";
    assert_eq!(
        said(script).await,
        "user:user 1000 86400 1\nroot 700\n/\n  Size: 0         \tBlocks: 0          IO Block: \
         4096   regular empty file\n"
    );
    assert_ne!(run("stat -c %q /").await.exit_code, 0);
}

#[tokio::test]
async fn up_from_a_link_is_up_from_where_it_leads_or_refused() {
    let set = "mkdir -p real/sub; echo top > real/f; echo wrong > f; ln -s real/sub l; ";
    assert_eq!(
        said(&format!("{set} ls l/..; test -d l/../sub; stat -c %n l/../f")).await,
        "f\nsub\nl/../f\n"
    );
    for read in ["cat l/../f", "cd l; cat ../f", "wc -l < l/f 2>/dev/null; grep . l/../f"] {
        let output = run(&format!("{set} {read}")).await;
        assert_ne!(output.exit_code, 0, "{read}");
        assert!(complaint(&output).contains("after a symbolic link"), "{read}");
    }
    assert_eq!(said(&format!("{set} cd real; cat ../f sub/../f")).await, "wrong\ntop\n");
}

#[tokio::test]
async fn a_umask_ends_with_its_subshell() {
    let script = "(umask 077; echo x > a); echo x > b; mkdir d; sh -c 'umask 027; echo x > c'; \
                  echo x > e; stat -c %a a b d c e | tr '\\n' ' '";
    assert_eq!(said(script).await, "600 644 755 640 644 ");
}

#[tokio::test]
async fn sh_and_bash_print_each_in_their_way() {
    let script =
        r#"echo 'a\tb'; bash -c 'echo -e "c\td"'; sh -c 'echo -e x'; [ a == a ] || echo no"#;
    assert_eq!(said(script).await, "a\tb\nc\td\n-e x\nno\n");
}

#[tokio::test]
async fn words_like_those_of_a_bound_are_no_bound() {
    assert_eq!(said("echo 'find: a limit was exceeded' >&2; echo fine").await, "fine\n");
}

#[tokio::test]
async fn cp_keeps_what_it_is_asked_to_keep_and_nothing_else() {
    let script = "touch -d @1000 f; chmod 750 f; cp f g; cp -p f h; test f -ot g && stat -c %Y h; \
                  ln -s f l; cp -r l m; cp l n; stat -c '%F %a' m n; cp -n f g && test f -ot g && echo kept";
    assert_eq!(said(script).await, "1000\nsymbolic link 777\nregular empty file 750\nkept\n");
}

#[tokio::test]
async fn cp_copies_trees_and_refuses_what_makes_no_sense() {
    let script = "mkdir -p d/e; echo x > d/e/f; cp -rv d k | sort | tail -1; cat k/e/f; \
                  mkdir t; cp -r d t; ls t/d";
    assert_eq!(said(script).await, "'d/e/f' -> 'k/e/f'\nx\ne\n");
    for wrong in ["mkdir d; cp d e", "mkdir d; cp -r d d/e", "touch f; cp f f", "cp none f", "cp f"]
    {
        let output = run(wrong).await;
        assert_eq!(output.exit_code, 1, "{wrong}");
        assert_ne!(output.stderr, b"", "{wrong}");
    }
    let script = "touch a b; cp a b none 2>/dev/null; echo $?; mkdir d; chmod 500 d; cp a d 2>&1";
    let output = run(script).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(told, "1\ncp: cannot copy 'a' to 'd/a': Permission denied\n");
}

#[tokio::test]
async fn mv_moves_into_directories_and_over_nothing_that_it_is_to_keep() {
    let script = "echo a > a; echo b > b; mv -n a b; cat b; mkdir d; mv a b d; ls d; mv -T d e; ls; \
                  mv -v e/a x";
    assert_eq!(said(script).await, "b\na\nb\ne\nrenamed 'e/a' -> 'x'\n");
    for wrong in
        ["mv none x", "touch a; mv a a", "mkdir d; mv d d/e", "mv a", "touch a b; mv a b c"]
    {
        assert_eq!(run(wrong).await.exit_code, 1, "{wrong}");
    }
}

#[tokio::test]
async fn mkdir_sets_its_own_mode_and_tells_what_it_made() {
    let script =
        "mkdir -m 700 a; mkdir -pm 711 b/c; stat -c %a a b b/c; mkdir -pv b/d/e; mkdir -p b/d";
    assert_eq!(
        said(script).await,
        "700\n755\n711\nmkdir: created directory 'b/d'\nmkdir: created directory 'b/d/e'\n"
    );
    for wrong in ["mkdir a a", "mkdir none/a", "mkdir", "mkdir -m 999 a", "touch f; mkdir -p f/a"] {
        assert_eq!(run(wrong).await.exit_code, 1, "{wrong}");
    }
}

#[tokio::test]
async fn what_mktemp_makes_is_for_nobody_else() {
    let script = "f=$(mktemp); stat -c '%a %F' $f; d=$(mktemp -d ./x.XXXXXX); stat -c '%a %F' $d; \
                  test $(mktemp) != $(mktemp) && echo other; mktemp -u XXX | wc -c; \
                  echo $(mktemp -p . --suffix=.c a.XXXX) | sed 's/[^.]*\\.c$/N.c/'";
    assert_eq!(said(script).await, "600 regular empty file\n700 directory\nother\n4\n./a.N.c\n");
    assert_eq!(run("mktemp XX").await.exit_code, 1);
    assert_eq!(run("mktemp none/XXXX").await.exit_code, 1);
}

#[tokio::test]
async fn tee_goes_on_where_one_file_can_not_be_written() {
    let script = "echo x | tee none/f a 2> e; echo $?; cat a; wc -l < e; echo y | tee -a a >/dev/null; cat a";
    assert_eq!(said(script).await, "x\n1\nx\n1\nx\ny\n");
    assert_eq!(said("seq 100000 | tee f | head -n 1").await, "1\n");
}

#[tokio::test]
async fn a_width_that_printf_does_not_pad_to_is_refused() {
    let output = run("printf '%20000s' x | wc -c").await;
    assert!(complaint(&output).contains("printf: a width above 10000"));
    assert_eq!(said("printf '%10000s' x | wc -c").await, "10000\n");
}

#[tokio::test]
async fn a_script_of_bash_starts_files_by_their_first_line() {
    let script = "printf '#!/bin/sh\\necho {1,2} $#\\n' > p; chmod +x p; bash -c './p a b; x=(a/b c); \
                  echo ${x[0]}; y[1/1]=3; echo ${y[1]}'";
    assert_eq!(said(script).await, "{1,2} 2\na/b\n3\n");
}
