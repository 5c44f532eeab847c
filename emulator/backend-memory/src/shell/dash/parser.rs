//! From bytes to tokens, and from a script to what is run in its place.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::edits::Edits;
use super::inputs::{Function, Readers, Start};
use super::redirections::Target;
use super::search::Names;
use super::tokens::{Kind, Redirect, Token, is_name};
use super::variables::Variables;
use super::words::Value;
use super::{Demand, Input, Known, Part, REFUSE, Translated, quote};

/// Stands between the parts of a script.
const MARK: &str = "\0";
/// How `PATH` is changed.
const SETS_PATH: [&str; 2] = ["PATH=", "unset PATH"];
/// Deepest nesting of commands and expansions.
const MAX_DEPTH: usize = 200;

/// Why dash does not take a script, in its words.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) words: String,
    pub(super) at: usize,
}

pub(super) type Parsed<T> = Result<T, Refusal>;

pub(super) struct Parser<'t> {
    pub(super) text: &'t [u8],
    /// Where the next token starts, or what comes before it.
    pub(super) at: usize,
    /// Where the text ends, or the part of it that is looked at.
    pub(super) limit: usize,
    pub(super) edits: Edits,
    pub(super) variables: Variables,
    /// Functions that have been defined up to here.
    pub(super) functions: HashMap<String, Function>,
    /// What else may have the name of a command.
    pub(super) names: Names,
    /// Commands so far, and where the last one started if it only redirects its input.
    pub(super) commands: usize,
    pub(super) bare_input: Option<usize>,
    pub(super) traits: Traits,
    pub(super) depth: usize,
    pub(super) functions_around: usize,
    pub(super) here: Vec<HereDocument>,
    /// What the commands that are being read are redirected to.
    pub(super) targets: Vec<Target>,
    /// Subshells around, and whether one has set a umask that ended with it.
    pub(super) subshells: usize,
    pub(super) umask_ends: bool,
    /// Descriptors that `exec` has made copies of others, and how often they were used so far.
    pub(super) copied: HashSet<u8>,
    pub(super) copies_used: usize,
    /// Descriptors that were copied in the function that is being read.
    pub(super) sources: HashSet<u8>,
    /// Inputs that were redirected so far, and commands that read the one that is around them.
    pub(super) inputs: usize,
    pub(super) readers: Readers,
    /// Where the shell last took an input for itself.
    pub(super) taken_at: Option<usize>,
    /// Whether the commands that are being read end what is around them, whatever happens.
    pub(super) leaves: bool,
    /// Scripts that are started, and those of them that are asked about.
    pub(super) starts: Vec<Start>,
    pub(super) asked: HashSet<usize>,
    /// Where the last token ended that was taken.
    pub(super) taken: usize,
    /// A word of `bash` that the interpreter expands to something else: where it starts, and why.
    pub(super) beyond: Option<(usize, &'static str)>,
    peeked: Option<Token>,
}

/// How a script has to be given to the interpreter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits {
    /// It may end at one of its lines.
    pub(super) ends: Where,
    /// It may redirect its own input or output.
    pub(super) redirects: Where,
    /// It may come to a `return` that is in no function of its own.
    pub(super) returns: bool,
}

/// Where a script does something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Where {
    /// In any of its commands.
    pub(super) anywhere: bool,
    /// In a function, which does so where it is called.
    pub(super) in_function: bool,
}

impl Traits {
    pub(super) fn add(&mut self, other: Self) {
        self.ends.add(other.ends);
        self.redirects.add(other.redirects);
        self.returns |= other.returns;
    }
}

impl Where {
    fn add(&mut self, other: Self) {
        self.anywhere |= other.anywhere;
        self.in_function |= other.in_function;
    }
}

/// A document whose text follows at the next line.
#[derive(Debug)]
pub(super) struct HereDocument {
    delimiter: Vec<u8>,
    strip: bool,
    quoted: bool,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t [u8], depth: usize) -> Self {
        let sets_path = SETS_PATH.iter().any(|set| contains(text, set.as_bytes()));
        Self {
            text,
            at: 0,
            limit: text.len(),
            edits: Edits::default(),
            variables: Variables::default(),
            functions: HashMap::new(),
            names: Names { sets_path, ..Names::default() },
            commands: 0,
            bare_input: None,
            traits: Traits::default(),
            functions_around: 0,
            depth,
            here: Vec::new(),
            targets: Vec::new(),
            subshells: 0,
            umask_ends: false,
            copied: HashSet::new(),
            copies_used: 0,
            sources: HashSet::new(),
            inputs: 0,
            readers: Readers::default(),
            taken_at: None,
            leaves: false,
            starts: Vec::new(),
            asked: HashSet::new(),
            taken: 0,
            beyond: None,
            peeked: None,
        }
    }

    pub(super) fn of_bash(text: &'t [u8]) -> Self {
        let mut parser = Self::new(text, 0);
        parser.edits.is_bash = true;
        parser
    }

    /// The whole script of `bash`, unless it is not understood.
    pub(super) fn script_of_bash(mut self, known: &mut Known) -> Option<String> {
        while self.lines().ok()? {}
        self.tell(known);
        if let Some((at, why)) = self.beyond {
            let line = line_of(self.text, at);
            let words = format!("{line}: killed: {why}");
            return Some(format!("{REFUSE} 152 exit {}", quote(&words)));
        }
        self.keep_umask();
        self.share_taken();
        self.share_all();
        Some(string(&self.edits.apply(self.text, self.text.len())))
    }

    /// What the script reads of the input that it is given, as far as it is understood.
    pub(super) fn demand(mut self) -> Demand {
        while self.lines().is_ok_and(|goes_on| goes_on) {}
        self.readers.demand()
    }

    /// The whole script as the interpreter is to read it.
    pub(super) fn script(mut self, input: Input, known: &mut Known) -> Translated {
        let mut start = 0;
        // How each of its lines is to be given; a mark stands between them.
        let mut lines_are_read = Vec::new();
        let may_be_parted = !self.text.contains(&0);
        let refusal = loop {
            let before = std::mem::take(&mut self.traits);
            let lines = self.lines();
            let line = std::mem::replace(&mut self.traits, before);
            self.traits.add(line);
            if may_be_parted && !lines_are_read.is_empty() {
                self.edits.insert(start, MARK);
            }
            let may_end = line.ends.anywhere || self.traits.ends.in_function;
            lines_are_read.push(may_end && !line.redirects.anywhere);
            match lines {
                Ok(true) => start = self.at,
                Ok(false) => break None,
                Err(refusal) => break Some(refusal),
            }
        };
        let text = self.text;
        self.tell(known);
        self.keep_umask();
        self.share_taken();
        if input == Input::Unknown {
            self.share_all();
        }
        self.variables.rename(&mut self.edits);
        let Traits { ends, redirects, returns } = self.traits;
        let run = match refusal {
            None => string(&self.edits.apply(text, text.len())),
            Some(refusal) => {
                let line = line_of(text, refusal.at);
                let mut run = string(&self.edits.apply(text, start));
                let words = quote(&format!("{line}: Syntax error: {}", refusal.words));
                let _infallible = writeln!(run, "{REFUSE} 2 exit {words}");
                run
            }
        };
        let is_parted = may_be_parted && ends.anywhere && !returns && !redirects.in_function;
        let parts = if redirects.anywhere && is_parted {
            let lines = run.split(MARK).zip(lines_are_read).filter(|(text, _)| !text.is_empty());
            lines.map(|(text, is_read)| Part { text: text.to_owned(), is_read }).collect()
        } else {
            let text = if may_be_parted { run.replace(MARK, "") } else { run };
            vec![Part { text, is_read: ends.anywhere && !redirects.anywhere }]
        };
        Translated { parts, returns }
    }

    /// Goes by what other scripts have told.
    pub(super) fn knowing(mut self, known: &Known) -> Self {
        self.names.sets_path |= known.sets_path;
        self.names.elsewhere.clone_from(&known.names);
        for name in &known.given {
            self.variables.mention(name.as_bytes());
        }
        self
    }

    /// Tells what other scripts have to know.
    fn tell(&mut self, known: &mut Known) {
        self.edits.except(|name| self.functions.contains_key(name));
        known.sets_path |= self.names.sets_path;
        known.names.extend(self.functions.keys().chain(&self.names.aliases).cloned());
    }

    /// Takes what dash reads before it runs any of it; false at the end.
    fn lines(&mut self) -> Parsed<bool> {
        loop {
            match self.peek()?.kind {
                Kind::End => return Ok(false),
                Kind::Newline => self.take()?,
                _ => break,
            };
        }
        loop {
            self.and_or()?;
            let token = self.take()?;
            match token.kind {
                Kind::Newline => return Ok(true),
                Kind::End => return Ok(false),
                Kind::Semicolon | Kind::Background => {}
                _ => return Err(unexpected(&token, true, None)),
            }
            if let Kind::Newline = self.peek()?.kind {
                self.take()?;
                return Ok(true);
            }
            if let Kind::End = self.peek()?.kind {
                return Ok(false);
            }
        }
    }

    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refusal("nested too deeply for this shell"));
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    pub(super) fn refusal(&self, words: &str) -> Refusal {
        Refusal { words: words.to_owned(), at: self.at.min(self.limit) }
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        if at < self.limit { Some(self.text[at]) } else { None }
    }

    pub(super) fn peek(&mut self) -> Parsed<&Token> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.token()?,
        };
        Ok(self.peeked.insert(token))
    }

    pub(super) fn take(&mut self) -> Parsed<Token> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.token()?,
        };
        self.taken = token.end;
        Ok(token)
    }

    pub(super) fn skip_newlines(&mut self) -> Parsed<()> {
        while let Kind::Newline = self.peek()?.kind {
            self.take()?;
        }
        Ok(())
    }

    fn token(&mut self) -> Parsed<Token> {
        self.skip_blanks();
        let start = self.at;
        let next = |ahead: usize| self.byte(start + ahead);
        let is_word =
            self.edits.is_bash && next(1) == Some(b'(') && matches!(next(0), Some(b'<' | b'>'));
        let of_bash = self.token_of_bash();
        let (kind, length) = match next(0) {
            _ if of_bash.is_some() => of_bash.unwrap_or((Kind::End, 0)),
            Some(_) if is_word => {
                let word = self.nested(Self::word)?;
                let end = word.end;
                return Ok(Token { kind: Kind::Word(word), start, end });
            }
            None => (Kind::End, 0),
            Some(b'\n') => (Kind::Newline, 1),
            Some(b';') if next(1) == Some(b';') => (Kind::CaseEnd, 2),
            Some(b';') => (Kind::Semicolon, 1),
            Some(b'&') if next(1) == Some(b'&') => (Kind::And, 2),
            Some(b'&') => (Kind::Background, 1),
            Some(b'|') if next(1) == Some(b'|') => (Kind::Or, 2),
            Some(b'|') => (Kind::Pipe, 1),
            Some(b'(') => (Kind::Open, 1),
            Some(b')') => (Kind::Close, 1),
            Some(b'<' | b'>') => self.redirect(start),
            Some(digit) if digit.is_ascii_digit() && matches!(next(1), Some(b'<' | b'>')) => {
                let (kind, length) = self.redirect(start + 1);
                (kind, length + 1)
            }
            Some(_) => {
                let word = self.nested(Self::word)?;
                let end = word.end;
                return Ok(Token { kind: Kind::Word(word), start, end });
            }
        };
        self.at += length;
        let end = self.at;
        match kind {
            // Bash takes `&>` for one operator.
            Kind::Background if self.byte(self.at) == Some(b'>') => self.edits.insert(self.at, " "),
            Kind::Newline => self.read_documents()?,
            _ => {}
        }
        Ok(Token { kind, start, end })
    }

    fn redirect(&self, start: usize) -> (Kind, usize) {
        let (second, third) = (self.byte(start + 1), self.byte(start + 2));
        let (redirect, length) = match (self.text[start], second) {
            (b'<', Some(b'<')) if third == Some(b'-') => (Redirect::Here { strip: true }, 3),
            (b'<', Some(b'<')) => (Redirect::Here { strip: false }, 2),
            (_, Some(b'&')) => (Redirect::Duplicate, 2),
            (b'<', Some(b'>')) => (Redirect::Input, 2),
            (b'<', _) => (Redirect::Input, 1),
            (_, Some(b'>')) => (Redirect::Append, 2),
            (_, Some(b'|')) => (Redirect::Output, 2),
            (_, _) => (Redirect::Output, 1),
        };
        (Kind::Redirect(redirect), length)
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.byte(self.at) {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.byte(self.at + 1) == Some(b'\n') => self.at += 2,
                Some(b'#') => {
                    while self.byte(self.at).is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Takes the word after `<<`, as it is written.
    pub(super) fn delimiter(&mut self, strip: bool) -> Parsed<()> {
        let edits = self.edits.len();
        let token = self.take()?;
        let Kind::Word(word) = token.kind else { return Err(unexpected(&token, false, None)) };
        self.edits.truncate(edits);
        let written = &self.text[word.start..word.end];
        let quoted = written.iter().any(|byte| b"\\'\"".contains(byte));
        let delimiter = word.value.map_or_else(|| written.to_vec(), String::into_bytes);
        self.here.push(HereDocument { delimiter, strip, quoted });
        Ok(())
    }

    /// Reads the documents that start here.
    fn read_documents(&mut self) -> Parsed<()> {
        for document in std::mem::take(&mut self.here) {
            let start = self.at;
            let (mut end, mut after) = (self.limit, self.limit);
            let mut line = start;
            while line < self.limit {
                let rest = &self.text[line..self.limit];
                let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                let tabs = rest.iter().take_while(|byte| document.strip && **byte == b'\t').count();
                if rest[tabs.min(length)..length] == document.delimiter[..] {
                    (end, after) = (line, (line + length + 1).min(self.limit));
                    break;
                }
                line += length + 1;
            }
            if !document.quoted {
                let limit = std::mem::replace(&mut self.limit, end);
                self.nested(|parser| parser.quoted(None, &mut Value::default()))?;
                self.limit = limit;
            }
            self.at = after;
        }
        Ok(())
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The line that a byte is on, from 1.
fn line_of(text: &[u8], at: usize) -> usize {
    text[..at].split(|byte| *byte == b'\n').count()
}

/// What is made of a text by edits at borders of characters.
fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn unexpected(token: &Token, command_may_start: bool, instead: Option<&str>) -> Refusal {
    let expecting = instead.map(|name| format!(" (expecting \"{name}\")")).unwrap_or_default();
    let name = token.kind.name(command_may_start);
    Refusal { words: format!("{name} unexpected{expecting}"), at: token.start }
}

/// Whether a function may have this name.
pub(super) fn is_function_name(name: &str) -> bool {
    const SPECIAL: [&str; 14] = [
        ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return",
        "set", "shift", "times", "unset",
    ];
    is_name(name) && !SPECIAL.contains(&name) && name != "trap"
}
