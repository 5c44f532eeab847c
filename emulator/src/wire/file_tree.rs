//! `filesystem/tree` on the wire.

use leap0_files::{TreeEntry, TreeKind};

/// Writes the nested answer from flat entries. Not by a recursive type: a tree can be deeper than
/// a stack.
pub(crate) fn write(entries: &[TreeEntry]) -> Vec<u8> {
    let mut text = b"{\"items\":[".to_vec();
    // Whether an item stands before the next one, for each list that is open.
    let mut open = vec![false];
    let mut previous: Option<&TreeEntry> = None;
    for entry in entries {
        let depth = entry.depth as usize;
        close(&mut text, &mut open, previous, depth);
        if std::mem::replace(open.last_mut().expect("the outer list is open"), true) {
            text.push(b',');
        }
        let kind = match entry.kind {
            TreeKind::File => "file",
            TreeKind::Directory => "directory",
        };
        text.extend_from_slice(b"{\"name\":");
        serde_json::to_writer(&mut text, &entry.name).expect("a string is JSON");
        text.extend_from_slice(format!(",\"type\":\"{kind}\"").as_bytes());
        previous = Some(entry);
    }
    close(&mut text, &mut open, previous, 1);
    text.extend_from_slice(b"]}");
    text
}

/// Ends the item before, opening its list if the next entry goes into it, and closes lists until
/// the one at `depth` is the innermost.
fn close(text: &mut Vec<u8>, open: &mut Vec<bool>, previous: Option<&TreeEntry>, depth: usize) {
    let Some(previous) = previous else { return };
    // FS-25: only a directory whose children are known has the list.
    if previous.listed {
        text.extend_from_slice(b",\"children\":[");
        open.push(false);
    } else {
        text.push(b'}');
    }
    while open.len() > depth {
        text.extend_from_slice(b"]}");
        open.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(depth: u32, name: &str, kind: TreeKind, listed: bool) -> TreeEntry {
        TreeEntry { depth, name: name.to_owned(), kind, listed }
    }

    #[test]
    fn flat_entries_nest() {
        use TreeKind::{Directory, File};
        let entries = [
            entry(1, "a", Directory, true),
            entry(2, "b", Directory, true),
            entry(3, "c\"", File, false),
            entry(2, "d", Directory, true),
            entry(1, "e", Directory, false),
            entry(1, "f", File, false),
        ];
        let json: serde_json::Value = serde_json::from_slice(&write(&entries)).unwrap();
        let expected = serde_json::json!({"items": [
            {"name": "a", "type": "directory", "children": [
                {"name": "b", "type": "directory", "children": [{"name": "c\"", "type": "file"}]},
                {"name": "d", "type": "directory", "children": []},
            ]},
            {"name": "e", "type": "directory"},
            {"name": "f", "type": "file"},
        ]});
        assert_eq!(json, expected);
        assert_eq!(write(&[]), b"{\"items\":[]}");
    }
}
