//! What `debugfs` says about a file.

use crate::Required;

/// Reads the answer to `stat`; `None` if there is no such file.
pub(super) fn parse(path: &str, text: &str) -> Option<Required> {
    let field = |name| {
        let mut words = text.split_whitespace().skip_while(move |&word| word != name);
        words.nth(1)
    };
    Some(Required {
        path: path.to_owned(),
        kind: field("Type:")?.to_owned(),
        mode: field("Mode:")?.trim_start_matches('0').to_owned(),
        user: field("User:")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_debugfs_is_understood() {
        let text = "Inode: 12   Type: regular    Mode:  04755   Flags: 0x80000\n\
                    Generation: 0    Version: 0x00000000:00000000\n\
                    User:  1000   Group:     0   Project:     0   Size: 72000\n";
        let required = Required {
            path: "/a".to_owned(),
            kind: "regular".to_owned(),
            mode: "4755".to_owned(),
            user: 1000,
        };
        assert_eq!(parse("/a", text), Some(required));
        assert_eq!(parse("/a", ""), None);
    }
}
