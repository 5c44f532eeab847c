//! Random commits, ends and restarts, beside a model in memory.

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::storage::{Contents, Key, Storage as _};
use proptest::prelude::*;

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Commit(usize, Vec<Write>),
    End(usize),
    Reopen,
}

#[derive(Clone, Debug)]
struct Write {
    key: usize,
    text: String,
    to: To,
}

#[derive(Clone, Debug)]
enum To {
    Gone,
    NoImage,
    AsBefore,
    Image(Image),
}

fn key(number: usize) -> Key {
    match number {
        0 => Key::Presets,
        1..4 => sandbox(number as u64),
        _ => snapshot(number as u64),
    }
}

/// Few different ones, so that they share objects. Some are large.
fn image() -> impl Strategy<Value = Image> {
    let leaf = prop_oneof![
        4 => (0..5_u8).prop_map(|seed| Image::leaf(vec![seed; 10])),
        1 => (0..3_u8).prop_map(Image::large),
    ];
    leaf.prop_recursive(4, 12, 3, |below| {
        (prop::collection::vec(below, 0..3), 0..3_u8).prop_map(|(children, data)| {
            let children: Vec<_> = children.iter().collect();
            Image::above(&children, vec![data])
        })
    })
}

fn write() -> impl Strategy<Value = Write> {
    let to = prop_oneof![
        1 => Just(To::Gone),
        1 => Just(To::NoImage),
        1 => Just(To::AsBefore),
        3 => image().prop_map(To::Image),
    ];
    (0..6_usize, "[a-z]{0,3}", to).prop_map(|(key, text, to)| Write { key, text, to })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_usize, prop::collection::vec(write(), 1..4))
            .prop_map(|(org, writes)| Step::Commit(org, writes)),
        1 => (0..2_usize).prop_map(Step::End),
        2 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_folder_holds_what_the_model_holds(steps in prop::collection::vec(step(), 1..20)) {
        let orgs = [OrgId::new("a"), OrgId::new("ab")];
        let dir = scratch();
        let mut model = Model::default();
        let mut folder = open(dir.path());
        let mut ledgers = orgs.each_ref().map(|org| folder.ledger(org));
        for step in steps.into_iter().chain([Step::Reopen]) {
            match step {
                Step::Commit(org, writes) => {
                    let changes = writes
                        .into_iter()
                        .map(|write| change(&mut model, &orgs[org], write))
                        .collect();
                    prop_assert_eq!(commit(&*ledgers[org], changes), Ok(()));
                }
                Step::End(org) => {
                    model.end(&orgs[org]);
                    prop_assert_eq!(end(&*ledgers[org]), Ok(()));
                    ledgers[org] = folder.ledger(&orgs[org]);
                }
                Step::Reopen => {
                    drop(folder);
                    assert_sound(dir.path());
                    folder = open(dir.path());
                    model.assert_is(&folder);
                    ledgers = orgs.each_ref().map(|org| folder.ledger(org));
                }
            }
        }
    }
}

/// Changes the model, and says what changes the folder so.
fn change(model: &mut Model, org: &OrgId, write: Write) -> leap0_emulator_core::storage::Change {
    let key = key(write.key);
    let (image, contents) = match write.to {
        To::Gone => {
            model.remove(org, &key);
            return gone(key);
        }
        To::NoImage => (None, Contents::None),
        To::AsBefore => (model.image(org, &key), Contents::AsBefore),
        To::Image(image) => {
            let contents = image.contents();
            (Some(image), contents)
        }
    };
    model.set(org, key.clone(), &write.text, image);
    is(key, &write.text, contents)
}
