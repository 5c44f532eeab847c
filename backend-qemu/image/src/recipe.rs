//! What an image is made of.

use serde::{Deserialize, Serialize};

use crate::digest;

/// Counts up when the code makes something else of the same recipe.
const FORMAT: &str = "1";

/// What an image is made of. Two images of one recipe have the same name, though not the same
/// bytes: Debian's updates are in whichever was built later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What the image is called; its hash is added.
    pub name: String,
    /// Debian's release, by code name.
    pub suite: String,
    /// Debian's name of the processor.
    pub architecture: String,
    /// Packages beyond the minimal system.
    pub packages: Vec<String>,
    /// Paths of packages that are not unpacked, as patterns.
    pub excluded: Vec<String>,
    /// Paths that are unpacked though excluded.
    pub included: Vec<String>,
    /// The package that depends on the kernel.
    pub kernel: String,
    /// The modules that the guest loads first.
    pub modules: Vec<String>,
    /// The virtual disk.
    pub disk: Disk,
    /// What is looked for in the file system that was made.
    pub required: Vec<Required>,
    /// SHA-256 of the recipe and of the script, as hexadecimal text.
    #[serde(default)]
    pub hash: String,
    /// What is done to the minimal system, as a shell script.
    #[serde(skip)]
    pub(crate) script: String,
}

/// The shape of the virtual disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// What the guest sees, in GiB.
    pub size_gib: u64,
    /// The journal of the file system, in MiB.
    pub journal_mib: u64,
    /// What is compressed as one piece, in KiB.
    pub cluster_kib: u64,
}

/// A file that must be in the file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    /// Where it is.
    pub path: String,
    /// `regular` or `directory`.
    pub kind: String,
    /// Its permissions, as `chmod` takes them.
    pub mode: String,
    /// Whose it is.
    pub user: u32,
}

impl Disk {
    /// What the guest sees, in bytes.
    pub fn bytes(&self) -> u64 {
        self.size_gib << 30
    }
}

impl Recipe {
    /// The recipe of the template `system/debian:bookworm`.
    pub fn debian_bookworm() -> Self {
        Self::parse(
            include_str!("../recipes/debian-bookworm.toml"),
            include_str!("../recipes/debian-bookworm.sh"),
        )
        .expect("the recipe that is compiled in is tested")
    }

    fn parse(text: &str, script: &str) -> Result<Self, toml::de::Error> {
        let mut recipe: Self = toml::from_str(text)?;
        recipe.hash = digest::of_parts(&[FORMAT.as_bytes(), text.as_bytes(), script.as_bytes()]);
        script.clone_into(&mut recipe.script);
        Ok(recipe)
    }

    /// The name of the image and of its folder.
    pub fn image_name(&self) -> String {
        format!("{}-{}", self.name, &self.hash[..16])
    }

    /// An identifier for the file system: the same in each build, so that builds can be compared.
    pub(crate) fn uuid(&self) -> String {
        let hash = &self.hash;
        // The fixed digits say "random" (version 4, variant 1), the nearest to the truth there is.
        format!(
            "{}-{}-4{}-8{}-{}",
            &hash[..8],
            &hash[8..12],
            &hash[13..16],
            &hash[17..20],
            &hash[20..32]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../recipes/debian-bookworm.toml");
    const SCRIPT: &str = include_str!("../recipes/debian-bookworm.sh");

    #[test]
    fn the_recipe_that_is_compiled_in_is_well_formed() {
        let recipe = Recipe::debian_bookworm();
        assert_eq!(recipe.disk.bytes(), 10_737_418_240);
        let name = recipe.image_name();
        let hash = name.strip_prefix("debian-bookworm-").unwrap();
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
        assert_eq!(recipe.uuid().len(), 36);
    }

    #[test]
    fn a_change_of_the_recipe_or_of_its_script_is_another_image() {
        let now = Recipe::parse(TEXT, SCRIPT).unwrap();
        let other = Recipe::parse(&TEXT.replace("size_gib = 10", "size_gib = 11"), SCRIPT).unwrap();
        let scripted = Recipe::parse(TEXT, "true").unwrap();
        assert_eq!(now, Recipe::debian_bookworm());
        assert_ne!(now.image_name(), other.image_name());
        assert_ne!(now.image_name(), scripted.image_name());
    }

    #[test]
    fn a_word_that_is_not_known_is_refused() {
        assert!(Recipe::parse(&format!("colour = 1\n{TEXT}"), SCRIPT).is_err());
    }
}
