//! As much of a shell as the suite's own commands need: lists, pipes, redirects, variables, quotes
//! and a dozen programs.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::disk::{Disk, Kind, normal};

/// What a command did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: i64,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// How long it takes, in milliseconds.
    pub(crate) took_ms: u64,
}

/// A command that is being run.
#[derive(Debug)]
pub(crate) struct Shell<'a> {
    disk: &'a mut Disk,
    variables: BTreeMap<String, String>,
    cwd: String,
    now: u64,
    most_ms: u64,
    /// Whether words are split and nothing else: a server without a shell.
    plain: bool,
    done: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Operator(&'static str),
}

/// The end of a script before its last command.
struct Ended;

impl<'a> Shell<'a> {
    pub(crate) fn new(
        disk: &'a mut Disk,
        variables: BTreeMap<String, String>,
        cwd: &str,
        now: u64,
        most_ms: u64,
    ) -> Self {
        let cwd = cwd.to_owned();
        Self { disk, variables, cwd, now, most_ms, plain: false, done: Outcome::default() }
    }

    pub(crate) fn without_a_shell(mut self) -> Self {
        self.plain = true;
        self
    }

    /// Runs a script to its end, or to the end of its time.
    pub(crate) fn run(mut self, script: &str) -> Outcome {
        if self.plain {
            let words: Vec<String> = script.split_whitespace().map(str::to_owned).collect();
            let mut out = Vec::new();
            let _ = self.program(&words, &[], &mut out);
            self.done.stdout = out;
            return self.done;
        }
        let tokens = tokens(script);
        let mut rest = &tokens[..];
        let mut skip = false;
        while !rest.is_empty() {
            let list = |token: &Token| matches!(token, Token::Operator(";" | "&&" | "||"));
            let end = rest.iter().position(list).unwrap_or(rest.len());
            let (pipeline, after) = rest.split_at(end);
            if !skip && !pipeline.is_empty() && self.pipeline(pipeline).is_err() {
                return self.done;
            }
            let operator = after.first().cloned();
            skip = match operator {
                Some(Token::Operator("&&")) => self.done.code != 0,
                Some(Token::Operator("||")) => self.done.code == 0,
                _ => false,
            };
            rest = after.get(1..).unwrap_or(&[]);
        }
        self.done
    }

    fn pipeline(&mut self, tokens: &[Token]) -> Result<(), Ended> {
        let mut input = Vec::new();
        let commands: Vec<_> = tokens.split(|token| *token == Token::Operator("|")).collect();
        let last = commands.len() - 1;
        for (place, command) in commands.into_iter().enumerate() {
            let mut out = Vec::new();
            let ended = self.command(command, &input, &mut out);
            if place == last || ended.is_err() {
                self.done.stdout.extend(out);
                ended?;
            } else {
                input = out;
            }
        }
        Ok(())
    }

    fn command(&mut self, tokens: &[Token], input: &[u8], out: &mut Vec<u8>) -> Result<(), Ended> {
        let mut words: Vec<String> = Vec::new();
        let mut redirect: Option<(&str, String)> = None;
        let mut tokens = tokens.iter();
        while let Some(token) = tokens.next() {
            match token {
                Token::Word(word) => words.push(self.expand(word)),
                Token::Operator(operator) => {
                    let target = match tokens.next() {
                        Some(Token::Word(word)) => self.expand(word),
                        _ => String::new(),
                    };
                    redirect = Some((operator, target));
                }
            }
        }
        words.retain(|word| word != "\u{1}");
        let mut words: Vec<String> = words.iter().map(|word| word.replace('\u{1}', "")).collect();
        while let Some((name, value)) = words.first().and_then(|word| assignment(word)) {
            self.variables.insert(name, value);
            words.remove(0);
            self.done.code = 0;
        }
        if words.is_empty() {
            return Ok(());
        }
        let mut written = Vec::new();
        let ended = self.program(&words, input, &mut written);
        match redirect {
            None => out.extend(written),
            Some((">&2", _)) => self.done.stderr.extend(written),
            Some((operator, target)) => {
                let path = self.path(&target);
                let mut bytes = match (operator, self.disk.file(&path)) {
                    (">>", Some(old)) => old.to_vec(),
                    _ => Vec::new(),
                };
                bytes.extend(written);
                self.disk.write(&path, Bytes::from(bytes), None, self.now);
            }
        }
        ended
    }

    fn path(&self, text: &str) -> String {
        if text.starts_with('/') { normal(text) } else { normal(&format!("{}/{text}", self.cwd)) }
    }

    /// A word with its variables, which `\u{2}` marks.
    fn expand(&self, word: &str) -> String {
        let mut text = String::new();
        let mut rest = word;
        while let Some(at) = rest.find('\u{2}') {
            text.push_str(&rest[..at]);
            rest = &rest[at + '\u{2}'.len_utf8()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
            let name = &rest[..end.unwrap_or(rest.len())];
            match name {
                "$" => text.push_str("4711"),
                name => text.push_str(self.variables.get(name).map_or("", String::as_str)),
            }
            rest = &rest[name.len()..];
        }
        text.push_str(rest);
        text
    }

    fn program(&mut self, words: &[String], input: &[u8], out: &mut Vec<u8>) -> Result<(), Ended> {
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let mut code = 0;
        match &*words[0] {
            "true" | ":" => {}
            "false" => code = 1,
            "echo" => out.extend(format!("{}\n", arguments.join(" ")).bytes()),
            "printf" => out.extend(arguments.join(" ").bytes()),
            "pwd" => out.extend(format!("{}\n", self.cwd).bytes()),
            "exit" => {
                self.done.code = arguments.first().and_then(|code| code.parse().ok()).unwrap_or(0);
                return Err(Ended);
            }
            "kill" => {
                self.done.code = 137;
                return Err(Ended);
            }
            "sleep" => {
                let seconds: f64 = arguments.first().and_then(|s| s.parse().ok()).unwrap_or(0.0);
                self.done.took_ms += std::time::Duration::from_secs_f64(seconds.clamp(0.0, 3600.0))
                    .as_millis()
                    .try_into()
                    .unwrap_or(u64::MAX);
                if self.done.took_ms > self.most_ms {
                    self.done.took_ms = self.most_ms;
                    self.done.code = 124;
                    self.done.stderr.extend(b"timed out\n");
                    return Err(Ended);
                }
            }
            "cat" if arguments.is_empty() => out.extend(input),
            "cat" => {
                for name in arguments {
                    let path = self.path(name);
                    if let Some(bytes) = self.disk.file(&path) {
                        out.extend(bytes);
                    } else {
                        let text = format!("cat: {name}: No such file or directory\n");
                        self.done.stderr.extend(text.bytes());
                        code = 1;
                    }
                }
            }
            "mkdir" => {
                for name in arguments.iter().filter(|name| !name.starts_with('-')) {
                    let path = self.path(name);
                    self.disk.make_parents(&format!("{path}/x"), self.now);
                }
            }
            "rm" => {
                for name in arguments.iter().filter(|name| !name.starts_with('-')) {
                    let path = self.path(name);
                    self.disk.remove(&path);
                }
            }
            "mv" => {
                if let [from, to] = &*arguments {
                    let (from, to) = (self.path(from), self.path(to));
                    self.disk.copy(&from, &to);
                    self.disk.remove(&from);
                }
            }
            "ln" => {
                if let [_, target, link] = &*arguments {
                    let path = self.path(link);
                    self.disk.put(&path, Kind::Link((*target).to_owned()), 0o777, self.now);
                }
            }
            other => {
                self.done.stderr.extend(format!("sh: {other}: not found\n").bytes());
                code = 127;
            }
        }
        self.done.code = code;
        Ok(())
    }
}

/// A variable that a word sets.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| (name.to_owned(), value.to_owned()))
}

/// The words and operators of a script. `\u{2}` stands for a dollar that is to be expanded, `\u{1}`
/// for quotes that may hold nothing.
fn tokens(script: &str) -> Vec<Token> {
    const OPERATORS: [&str; 8] = [">&2", "&&", "||", ">>", ";", "|", ">", "\n"];
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            found.extend(word.take().map(Token::Word));
            found.push(Token::Operator(if *operator == "\n" { ";" } else { operator }));
            rest = &rest[operator.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            ' ' | '\t' => found.extend(word.take().map(Token::Word)),
            '\'' | '"' => {
                let end = rest.find(c).unwrap_or(rest.len());
                let text = &rest[..end];
                let text = if c == '"' { text.replace('$', "\u{2}") } else { text.to_owned() };
                word.get_or_insert_default().extend(["\u{1}", &*text]);
                rest = rest.get(end + 1..).unwrap_or("");
            }
            '$' if rest.starts_with('$') => {
                word.get_or_insert_default().push_str("\u{2}$");
                rest = &rest[1..];
            }
            '$' => word.get_or_insert_default().push('\u{2}'),
            other => word.get_or_insert_default().push(other),
        }
    }
    found.extend(word.map(Token::Word));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> (i64, String, String) {
        let mut disk = Disk::new(0);
        let variables = BTreeMap::from([("FRUIT".to_owned(), "pear".to_owned())]);
        let done = Shell::new(&mut disk, variables, "/workspace", 0, 1000).run(script);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.code, text(done.stdout), text(done.stderr))
    }

    #[test]
    fn the_commands_of_the_suite_run() {
        for (script, code, stdout, stderr) in [
            ("echo out; echo err >&2; exit 3", 3, "out\n", "err\n"),
            ("x=pear; echo \"$x\" | cat", 0, "pear\n", ""),
            ("false || echo saved", 0, "saved\n", ""),
            ("true && echo both; echo third", 0, "both\nthird\n", ""),
            ("echo 'single $x'", 0, "single $x\n", ""),
            ("echo \"<$FRUIT>:$NONE\"", 0, "<pear>:\n", ""),
            ("echo a > f; echo b >> f; cat f /workspace/f", 0, "a\nb\na\nb\n", ""),
            ("printf new > g.new && mv g.new g; cat g", 0, "new", ""),
            ("kill -9 $$; echo never", 137, "", ""),
            ("pwd", 0, "/workspace\n", ""),
            ("echo begun; sleep 20; echo never", 124, "begun\n", "timed out\n"),
            ("cat none", 1, "", "cat: none: No such file or directory\n"),
            ("mkdir -p a/b; echo x > a/b/c; ln -s /workspace/a/b/c l; cat l", 0, "x\n", ""),
            ("unknown", 127, "", "sh: unknown: not found\n"),
        ] {
            assert_eq!(run(script), (code, stdout.to_owned(), stderr.to_owned()), "{script}");
        }
    }
}
