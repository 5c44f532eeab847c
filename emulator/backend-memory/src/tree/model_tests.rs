//! The tree against a real file system: random calls on both have to end alike.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use leap0_emulator_core::clock::Timestamp;
use leap0_files::StoreError;
use proptest::prelude::*;

use super::read::Contents;
use super::*;

const ROOT: Caller = Caller { uid: 0, gid: 0, now: Timestamp::from_millis(0) };

/// One call. Paths are few and short, so that they meet.
#[derive(Clone, Debug)]
enum Call {
    Write(String, u8),
    Append(String, u8),
    MakeDirectory(String),
    MakeLink(String, String),
    RemoveFile(String),
    RemoveDirectory(String),
    RemoveTree(String),
    Rename(String, String),
    SetMode(String, u32),
}

fn a_path() -> impl Strategy<Value = String> {
    let name = prop_oneof![4 => "[abc]", 1 => Just(".".to_owned()), 1 => Just("..".to_owned())];
    (prop::collection::vec(name, 0..4), "[abc]")
        .prop_map(|(parents, last)| format!("{}/{last}", parents.join("/")))
}

fn a_target() -> impl Strategy<Value = String> {
    prop_oneof!["[abc]", "[abc]/[abc]", "\\.\\./[abc]", Just(".".to_owned())]
}

fn a_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        3 => (a_path(), any::<u8>()).prop_map(|(path, byte)| Call::Write(path, byte)),
        1 => (a_path(), any::<u8>()).prop_map(|(path, byte)| Call::Append(path, byte)),
        4 => a_path().prop_map(Call::MakeDirectory),
        3 => (a_target(), a_path()).prop_map(|(target, link)| Call::MakeLink(target, link)),
        1 => a_path().prop_map(Call::RemoveFile),
        1 => a_path().prop_map(Call::RemoveDirectory),
        1 => a_path().prop_map(Call::RemoveTree),
        3 => (a_path(), a_path()).prop_map(|(from, to)| Call::Rename(from, to)),
        1 => (a_path(), 0o0_u32..=0o777).prop_map(|(path, mode)| Call::SetMode(path, mode)),
    ]
}

/// Where paths start: deep enough that no `..` and no link leads out of the temporary directory.
const BASE: &str = "/w/w/w/w/w/w/w/w/w/w/w/w";

/// Makes the call on the tree.
fn on_tree(tree: &mut Tree, call: &Call) -> Result<(), StoreError> {
    let at = |path: &str| format!("{BASE}/{path}");
    match call {
        Call::Write(path, byte) => tree.write(&at(path), vec![*byte], None, ROOT),
        Call::Append(path, byte) => tree.append(&at(path), &[*byte], 0o644, ROOT),
        Call::MakeDirectory(path) => tree.make_directory(&at(path), 0o755, ROOT),
        Call::MakeLink(target, link) => tree.make_link(target, &at(link), ROOT),
        Call::RemoveFile(path) => tree.remove_file(&at(path), ROOT),
        Call::RemoveDirectory(path) => tree.remove_directory(&at(path), ROOT),
        Call::RemoveTree(path) => tree.remove_tree(&at(path), ROOT),
        Call::Rename(from, to) => tree.rename(&at(from), &at(to), ROOT),
        Call::SetMode(path, mode) => tree.set_mode(&at(path), *mode, ROOT),
    }
}

/// Makes the call on the disk, below `dir`.
fn on_disk(dir: &Path, call: &Call) -> Result<(), i32> {
    let at = |path: &str| PathBuf::from(format!("{}{BASE}/{path}", dir.display()));
    let done = match call {
        Call::Write(path, byte) => OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(at(path))
            .and_then(|mut file| file.write_all(&[*byte])),
        Call::Append(path, byte) => OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o644)
            .open(at(path))
            .and_then(|mut file| file.write_all(&[*byte])),
        Call::MakeDirectory(path) => fs::DirBuilder::new().mode(0o755).create(at(path)),
        Call::MakeLink(target, link) => symlink(target, at(link)),
        Call::RemoveFile(path) => fs::remove_file(at(path)),
        Call::RemoveDirectory(path) => fs::remove_dir(at(path)),
        Call::RemoveTree(path) => match fs::symlink_metadata(at(path)) {
            Ok(meta) if !meta.is_dir() => Err(io::Error::from_raw_os_error(20)),
            Ok(_) => fs::remove_dir_all(at(path)),
            Err(error) => Err(error),
        },
        Call::Rename(from, to) => fs::rename(at(from), at(to)),
        Call::SetMode(path, mode) => fs::set_permissions(at(path), Permissions::from_mode(*mode)),
    };
    done.map_err(|error| error.raw_os_error().expect("the kernel refused"))
}

/// The number that Linux gives an error.
fn errno(error: &StoreError) -> i32 {
    match error {
        StoreError::NotFound => 2,
        StoreError::Denied => 13,
        StoreError::Other(_) => 16,
        StoreError::AlreadyExists => 17,
        StoreError::NotADirectory => 20,
        StoreError::IsADirectory => 21,
        StoreError::Invalid => 22,
        StoreError::NoSpace => 28,
        StoreError::NameTooLong => 36,
        StoreError::NotEmpty => 39,
        StoreError::LinkLoop => 40,
    }
}

/// Everything below a directory, one line each.
fn tree_listing(tree: &Tree, path: &str, lines: &mut Vec<String>) {
    for (name, node) in tree.list(&format!("{path}/"), ROOT).expect("a directory").iter() {
        let path = format!("{path}/{name}");
        let mode = node.stamp.mode;
        match &node.body {
            Body::Directory(_) => {
                lines.push(format!("{path} {mode:o}"));
                tree_listing(tree, &path, lines);
            }
            Body::Link(target) => lines.push(format!("{path} -> {target}")),
            Body::File(_) => match tree.read(&path, ROOT) {
                Ok(Contents::Data(data)) => lines.push(format!("{path} {mode:o} {data:?}")),
                _ => panic!("{path} is a file"),
            },
            Body::Device(_) => panic!("nobody made a device"),
        }
    }
}

fn disk_listing(base: &Path, path: &Path, lines: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let meta = entry.metadata().unwrap();
        let shown = format!("/{}", entry.path().strip_prefix(base).unwrap().display());
        let mode = meta.permissions().mode() & 0o7777;
        if meta.is_symlink() {
            lines.push(format!("{shown} -> {}", fs::read_link(entry.path()).unwrap().display()));
        } else if meta.is_dir() {
            lines.push(format!("{shown} {mode:o}"));
            disk_listing(base, &entry.path(), lines);
        } else {
            lines.push(format!("{shown} {mode:o} {:?}", fs::read(entry.path()).unwrap()));
        }
    }
}

/// What every directory says about what is below it has to be so.
fn check_aggregates(node: &Node) -> (u64, usize) {
    let Some(directory) = node.as_directory() else { return (node.weight(), 0) };
    let (mut below, mut height) = (0, 0);
    for (_, entry) in directory.iter() {
        let (weight, levels) = check_aggregates(entry);
        below += weight;
        height = height.max(levels + 1);
    }
    assert_eq!(directory.below, below);
    assert!(directory.height >= height, "{} < {height}", directory.height);
    (ENTRY_BYTES + below, height)
}

/// Whether the present user passes every permission check, as the caller of the model does.
fn runs_as_root(base: &Path) -> bool {
    let probe = base.join("probe");
    fs::write(&probe, b"").unwrap();
    fs::set_permissions(&probe, Permissions::from_mode(0o0)).unwrap();
    let passes = fs::read(&probe).is_ok();
    fs::remove_file(probe).unwrap();
    passes
}

proptest! {
    // The disk is slow: a quarter of the usual number, 64 unless PROPTEST_CASES says otherwise.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    #[test]
    fn random_calls_end_as_on_a_real_disk(calls in prop::collection::vec(a_call(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let root = runs_as_root(dir.path());
        fs::create_dir_all(format!("{}{BASE}", dir.path().display())).unwrap();
        let mut tree = Tree::new(ROOT.stamp(0o755), Space::UNBOUNDED);
        tree.make_directories(BASE, 0o755, ROOT).unwrap();
        for call in &calls {
            if matches!(call, Call::SetMode(..)) && !root {
                // Its own files would be closed to a user who is not root, as the model's is.
                continue;
            }
            let model = on_tree(&mut tree, call).map_err(|error| errno(&error));
            let real = on_disk(dir.path(), call);
            prop_assert_eq!(&model, &real, "{:?} of {:?}", call, calls);
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        tree_listing(&tree, "", &mut ours);
        disk_listing(dir.path(), dir.path(), &mut theirs);
        prop_assert_eq!(ours, theirs);
        check_aggregates(&tree.root);
    }
}
