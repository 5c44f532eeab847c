//! What dash's grammar is about.

/// A token and where it starts.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    End,
    Newline,
    Semicolon,
    CaseEnd,
    Background,
    And,
    Or,
    Pipe,
    Open,
    Close,
    Redirect(Redirect),
    Word(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    Input,
    Output,
    Append,
    Duplicate,
    Here { strip: bool },
}

/// A word, before any expansion.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Its text, where nothing in it is quoted or expanded.
    pub(super) plain: Option<String>,
    /// Its value, where nothing in it is expanded.
    pub(super) value: Option<String>,
    /// A `/` that is no part of an expansion.
    pub(super) has_slash: bool,
    /// Before a command, it would give a variable a value.
    pub(super) assigns: bool,
}

/// Words that are none in a place where a command may start.
const RESERVED: [&str; 16] = [
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then",
    "until", "while",
];
/// Words that bash alone reserves there.
const RESERVED_BY_BASH: [&str; 5] = ["[[", "coproc", "function", "select", "time"];
/// Reserved words that end a list of commands.
const ENDS: [&str; 8] = ["do", "done", "elif", "else", "esac", "fi", "then", "}"];

impl Word {
    pub(super) fn reserved(&self) -> Option<&'static str> {
        let plain = self.plain.as_deref()?;
        RESERVED.into_iter().find(|word| *word == plain)
    }

    pub(super) fn is_reserved_by_bash(&self) -> bool {
        self.plain.as_deref().is_some_and(|plain| RESERVED_BY_BASH.contains(&plain))
    }
}

impl Kind {
    pub(super) fn reserved(&self) -> Option<&'static str> {
        match self {
            Self::Word(word) => word.reserved(),
            _ => None,
        }
    }

    /// Whether this starts a command that is made of others.
    pub(super) fn starts_compound(&self) -> bool {
        const STARTS: [&str; 6] = ["{", "case", "for", "if", "until", "while"];
        matches!(self, Self::Open) || self.reserved().is_some_and(|word| STARTS.contains(&word))
    }

    /// Whether a list of commands ends before this.
    pub(super) fn ends_list(&self) -> bool {
        match self {
            Self::End | Self::Close | Self::CaseEnd => true,
            other => other.reserved().is_some_and(|word| ENDS.contains(&word)),
        }
    }

    /// As dash names it where it does not expect it.
    pub(super) fn name(&self, command_may_start: bool) -> String {
        let name = match self {
            Self::End => return "end of file".to_owned(),
            Self::Newline => return "newline".to_owned(),
            Self::Redirect(_) => return "redirection".to_owned(),
            Self::Word(word) => match word.reserved() {
                Some(reserved) if command_may_start => reserved,
                _ => return "word".to_owned(),
            },
            Self::Semicolon => ";",
            Self::CaseEnd => ";;",
            Self::Background => "&",
            Self::And => "&&",
            Self::Or => "||",
            Self::Pipe => "|",
            Self::Open => "(",
            Self::Close => ")",
        };
        format!("\"{name}\"")
    }
}

/// Whether this may be the name of a variable or function.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
