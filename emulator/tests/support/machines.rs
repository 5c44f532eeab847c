//! Whether virtual machines can run here.

use std::env;

use leap0_guest_image::{Cache, Image, Recipe, Silent};

/// The image of the user's cache, which is built if it is not there, or why there is none.
pub(crate) fn image() -> Result<Image, String> {
    let programs = env::var_os("PATH").unwrap_or_default();
    let program = "qemu-system-x86_64";
    if !env::split_paths(&programs).any(|folder| folder.join(program).is_file()) {
        return Err(format!("{program} is not installed"));
    }
    let cache = Cache::open(None).map_err(|error| error.to_string())?;
    cache.build(&Recipe::debian_bookworm(), &mut Silent).map_err(|error| error.to_string())
}
