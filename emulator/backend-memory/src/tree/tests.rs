use std::thread;

use leap0_emulator_core::clock::Timestamp;
use leap0_files::StoreError;

use super::read::Contents;
use super::root::MAX_DEPTH;
use super::*;

const ROOT: Caller = Caller { uid: 0, gid: 0, now: Timestamp::from_millis(0) };
const USER: Caller = Caller { uid: 1000, gid: 1000, now: Timestamp::from_millis(1_000) };
const OTHER: Caller = Caller { uid: 1001, gid: 1001, now: Timestamp::from_millis(2_000) };

const ROOM: Space = Space { disk: 100 * ENTRY_BYTES, memory: 10 * ENTRY_BYTES };

/// `/home` of the user, a sticky `/tmp`, a private `/root`, and the memory mounts.
fn a_tree() -> Tree {
    let mut tree = Tree::new(ROOT.stamp(0o755), ROOM);
    for (path, mode) in [
        ("/home", 0o755),
        ("/tmp", 0o1777),
        ("/root", 0o700),
        ("/dev", 0o755),
        ("/dev/shm", 0o1777),
        ("/run", 0o1777),
    ] {
        tree.make_directory(path, mode, ROOT).expect(path);
    }
    tree.set_owner("/home", Some(User(1000)), Some(Group(1000)), ROOT).expect("root may");
    tree
}

fn text(tree: &Tree, path: &str) -> Result<String, StoreError> {
    match tree.read(path, USER)? {
        Contents::Data(data) => Ok(String::from_utf8_lossy(data).into_owned()),
        Contents::Device(device) => panic!("{device:?}"),
    }
}

fn write(tree: &mut Tree, path: &str, text: &str) -> Result<(), StoreError> {
    tree.write(path, text.into(), None, USER)
}

fn mode(tree: &Tree, path: &str) -> u32 {
    tree.find(path, Links::Follow, ROOT).expect("it is there").stamp.mode
}

#[test]
fn a_clone_is_the_same_tree_until_one_of_them_changes() {
    let mut tree = a_tree();
    write(&mut tree, "/home/f", "old").unwrap();
    let snapshot = tree.clone();
    assert!(snapshot.is_same(&tree), "nothing was copied");
    write(&mut tree, "/home/f", "new").unwrap();
    tree.append("/home/f", b"er", 0o644, USER).unwrap();
    assert!(!snapshot.is_same(&tree));
    assert_eq!(text(&snapshot, "/home/f"), Ok("old".into()));
    assert_eq!(text(&tree, "/home/f"), Ok("newer".into()));
    assert!(std::ptr::eq(
        snapshot.find("/root", Links::Keep, ROOT).unwrap(),
        tree.find("/root", Links::Keep, ROOT).unwrap()
    ));
}

#[test]
fn a_copy_shares_its_bytes_and_an_append_to_it_does_not_show() {
    let mut tree = a_tree();
    write(&mut tree, "/home/a", "x").unwrap();
    tree.copy_file("/home/a", "/home/b", USER).unwrap();
    tree.append("/home/b", b"y", 0o644, USER).unwrap();
    assert_eq!(text(&tree, "/home/a"), Ok("x".into()));
    assert_eq!(text(&tree, "/home/b"), Ok("xy".into()));
}

#[test]
fn dots_are_resolved_where_links_lead() {
    let mut tree = a_tree();
    tree.make_directories("/home/x/y", 0o755, USER).unwrap();
    tree.make_link("x/y", "/home/link", USER).unwrap();
    write(&mut tree, "/home/x/up", "found").unwrap();
    assert_eq!(text(&tree, "/home/link/../up"), Ok("found".into()));
    assert_eq!(text(&tree, "/../home/./x//up"), Ok("found".into()));
    assert_eq!(tree.enter("/home/link/..", USER), Ok("/home/x".into()));
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let mut tree = a_tree();
    write(&mut tree, "/home/l0", "end").unwrap();
    for n in 1..=41 {
        tree.make_link(&format!("l{}", n - 1), &format!("/home/l{n}"), USER).unwrap();
    }
    assert_eq!(text(&tree, "/home/l40"), Ok("end".into()));
    assert_eq!(text(&tree, "/home/l41"), Err(StoreError::LinkLoop));
    tree.make_link("loop", "/home/loop", USER).unwrap();
    assert_eq!(write(&mut tree, "/home/loop", ""), Err(StoreError::LinkLoop));
}

#[test]
fn a_write_through_a_dangling_link_makes_its_target() {
    let mut tree = a_tree();
    tree.make_link("target", "/home/link", USER).unwrap();
    write(&mut tree, "/home/link", "x").unwrap();
    assert_eq!(text(&tree, "/home/target"), Ok("x".into()));
    tree.remove_file("/home/link", USER).unwrap();
    assert_eq!(text(&tree, "/home/target"), Ok("x".into()));
}

#[test]
fn a_slash_at_the_end_asks_for_a_directory() {
    let mut tree = a_tree();
    write(&mut tree, "/home/f", "x").unwrap();
    tree.make_directory("/home/d/", 0o755, USER).unwrap();
    tree.make_link("d", "/home/l", USER).unwrap();
    assert_eq!(text(&tree, "/home/f/"), Err(StoreError::NotADirectory));
    assert_eq!(write(&mut tree, "/home/new/", "x"), Err(StoreError::IsADirectory));
    assert!(tree.find("/home/l/", Links::Keep, USER).unwrap().is_directory());
    assert_eq!(tree.remove_directory("/home/l/", USER), Err(StoreError::NotADirectory));
    tree.remove_directory("/home/d/", USER).unwrap();
}

#[test]
fn only_the_class_that_matches_counts() {
    let mut tree = a_tree();
    tree.write("/home/f", b"x".into(), Some(0o077), USER).unwrap();
    assert_eq!(text(&tree, "/home/f"), Err(StoreError::Denied), "its owner may not");
    assert!(tree.read("/home/f", OTHER).is_ok(), "everybody else may");
    assert!(tree.read("/home/f", ROOT).is_ok(), "root always may");
}

#[test]
fn nobody_passes_a_directory_without_the_right_to_search_it() {
    let mut tree = a_tree();
    tree.write("/root/secret", b"x".into(), Some(0o666), ROOT).unwrap();
    assert_eq!(text(&tree, "/root/secret"), Err(StoreError::Denied));
    assert_eq!(write(&mut tree, "/etc", "x"), Err(StoreError::Denied), "the root is not theirs");
    assert_eq!(tree.enter("/root", USER), Err(StoreError::Denied));
}

#[test]
fn in_a_sticky_directory_only_the_owner_takes_away() {
    let mut tree = a_tree();
    tree.write("/tmp/theirs", b"x".into(), Some(0o666), OTHER).unwrap();
    assert_eq!(tree.remove_file("/tmp/theirs", USER), Err(StoreError::Denied));
    assert_eq!(tree.rename("/tmp/theirs", "/tmp/mine", USER), Err(StoreError::Denied));
    write(&mut tree, "/tmp/mine", "y").unwrap();
    assert_eq!(tree.rename("/tmp/mine", "/tmp/theirs", USER), Err(StoreError::Denied));
    write(&mut tree, "/tmp/theirs", "the contents are anybody's").unwrap();
    tree.remove_file("/tmp/theirs", OTHER).unwrap();
}

#[test]
fn owners_and_root_set_modes_and_only_root_gives_files_away() {
    let mut tree = a_tree();
    write(&mut tree, "/home/f", "x").unwrap();
    tree.set_mode("/home/f", 0o4600, USER).unwrap();
    assert_eq!(mode(&tree, "/home/f"), 0o4600);
    assert_eq!(tree.set_mode("/home/f", 0o777, OTHER), Err(StoreError::Denied));
    let away = tree.set_owner("/home/f", Some(User(0)), None, USER);
    assert_eq!(away, Err(StoreError::Denied));
    tree.set_owner("/home/f", Some(User(1000)), Some(Group(1000)), USER).unwrap();
    tree.set_owner("/home/f", Some(User(1001)), None, ROOT).unwrap();
    assert_eq!(text(&tree, "/home/f"), Err(StoreError::Denied));
}

#[test]
fn an_old_file_keeps_its_mode_unless_one_is_given() {
    let mut tree = a_tree();
    write(&mut tree, "/home/f", "x").unwrap();
    assert_eq!(mode(&tree, "/home/f"), 0o644);
    tree.set_mode("/home/f", 0o600, USER).unwrap();
    write(&mut tree, "/home/f", "y").unwrap();
    assert_eq!(mode(&tree, "/home/f"), 0o600);
    tree.write("/home/f", b"z".into(), Some(0o640), USER).unwrap();
    assert_eq!(mode(&tree, "/home/f"), 0o640);
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut tree = a_tree();
    write(&mut tree, "/home/f", "old").unwrap();
    let before = tree.clone();
    let much = "x".repeat(usize::try_from(ROOM.disk).unwrap());
    assert_eq!(write(&mut tree, "/home/f", &much), Err(StoreError::NoSpace));
    assert_eq!(tree.append("/home/f", much.as_bytes(), 0o644, USER), Err(StoreError::NoSpace));
    assert_eq!(write(&mut tree, "/run/f", &much), Err(StoreError::NoSpace));
    assert!(tree.is_same(&before));
}

#[test]
fn empty_files_take_room_too() {
    let mut tree = a_tree();
    let fitted =
        (0..ROOM.disk).take_while(|n| write(&mut tree, &format!("/home/{n}"), "").is_ok()).count();
    // What is there already: the root and its six directories.
    assert_eq!(fitted as u64, ROOM.disk / ENTRY_BYTES - 7);
    tree.remove_file("/home/0", USER).unwrap();
    write(&mut tree, "/home/again", "").unwrap();
}

#[test]
fn usage_follows_every_change() {
    let mut tree = a_tree();
    let empty = tree.used();
    tree.make_directories("/home/a/b", 0o755, USER).unwrap();
    write(&mut tree, "/home/a/b/f", "12345").unwrap();
    tree.append("/home/a/b/f", b"678", 0o644, USER).unwrap();
    assert_eq!(tree.used().disk - empty.disk, 3 * ENTRY_BYTES + 8);
    tree.rename("/home/a/b", "/run/b", USER).unwrap();
    assert_eq!(tree.used().disk - empty.disk, ENTRY_BYTES);
    assert_eq!(tree.used().memory, 2 * ENTRY_BYTES + 8);
    tree.remove_tree("/run/b", USER).unwrap();
    tree.remove_tree("/home/a", USER).unwrap();
    assert_eq!(tree.used(), empty);
}

#[test]
fn moving_into_memory_needs_room_there() {
    let mut tree = a_tree();
    let much = "x".repeat(usize::try_from(ROOM.memory).unwrap());
    write(&mut tree, "/home/f", &much).unwrap();
    let before = tree.clone();
    assert_eq!(tree.rename("/home/f", "/run/f", USER), Err(StoreError::NoSpace));
    assert!(tree.is_same(&before));
}

#[test]
fn a_reboot_forgets_memory_only() {
    let mut tree = a_tree();
    write(&mut tree, "/run/f", "x").unwrap();
    write(&mut tree, "/dev/shm/f", "x").unwrap();
    write(&mut tree, "/tmp/f", "x").unwrap();
    tree.forget_memory();
    assert_eq!(text(&tree, "/run/f"), Err(StoreError::NotFound));
    assert_eq!(text(&tree, "/dev/shm/f"), Err(StoreError::NotFound));
    assert_eq!(text(&tree, "/tmp/f"), Ok("x".into()));
    assert_eq!(tree.used().memory, 0);
    assert_eq!(mode(&tree, "/dev/shm"), 0o1777);
}

#[test]
fn mount_points_stay_where_they_are() {
    let mut tree = a_tree();
    for path in ["/run", "/dev/shm", "/dev", "/"] {
        assert!(tree.remove_tree(path, ROOT).is_err(), "{path}");
        assert!(tree.rename(path, "/tmp/moved", ROOT).is_err(), "{path}");
    }
    tree.make_directory("/tmp/d", 0o755, ROOT).unwrap();
    assert!(tree.rename("/tmp/d", "/run", ROOT).is_err());
    assert_eq!(tree.remove_directory("/tmp/d/.", ROOT), Err(StoreError::Invalid));
}

#[test]
fn a_directory_that_may_not_be_emptied_is_left_whole() {
    let mut tree = a_tree();
    tree.make_directories("/home/a/b", 0o755, USER).unwrap();
    write(&mut tree, "/home/a/f", "x").unwrap();
    write(&mut tree, "/home/a/b/f", "x").unwrap();
    tree.set_mode("/home/a/b", 0o555, USER).unwrap();
    let before = tree.clone();
    assert_eq!(tree.remove_tree("/home/a", USER), Err(StoreError::Denied));
    assert!(tree.is_same(&before));
    tree.remove_tree("/home/a", ROOT).unwrap();
}

#[test]
fn depth_is_bounded_also_by_moving() {
    let mut tree = a_tree().with_space(Space::UNBOUNDED);
    let path = |depth: usize| "/d".repeat(depth);
    for depth in 1..=MAX_DEPTH {
        tree.make_directory(&path(depth), 0o755, ROOT).unwrap();
    }
    let deeper = tree.make_directory(&path(MAX_DEPTH + 1), 0o755, ROOT);
    assert_eq!(deeper, Err(StoreError::NameTooLong));
    tree.make_directory("/e", 0o755, ROOT).unwrap();
    assert_eq!(tree.rename("/d", "/e/d", ROOT), Err(StoreError::NameTooLong));
    tree.rename("/d", "/f", ROOT).unwrap();
}

#[test]
fn the_deepest_tree_is_dropped_and_copied_on_a_small_stack() {
    let mut tree = a_tree().with_space(Space::UNBOUNDED);
    for depth in 1..=MAX_DEPTH {
        tree.make_directory(&"/d".repeat(depth), 0o755, ROOT).unwrap();
    }
    // A quarter of what a thread of the server has.
    let small = thread::Builder::new().stack_size(512 << 10);
    let dropped = small.spawn(move || {
        let mut copy = tree.clone();
        copy.set_mode(&"/d".repeat(MAX_DEPTH), 0o700, ROOT).unwrap();
        copy.remove_tree("/d", ROOT).unwrap();
        drop(copy);
        drop(tree);
    });
    dropped.unwrap().join().expect("it does not overflow");
}
