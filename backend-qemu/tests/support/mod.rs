//! A back end for tests, or the reason why there is none here.

use std::path::Path;

use leap0_backend_qemu::{Accel, QemuBackend, Settings, default_folder};
use leap0_guest_image::{Cache, Recipe, Silent};
use libtest_mimic::{Completion, Failed};

/// The settings of tests: the image of the user's cache, which is built if it is not there.
pub(crate) fn settings() -> Result<Settings, String> {
    for program in ["qemu-system-x86_64", "qemu-img"] {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&paths).any(|folder| folder.join(program).is_file()) {
            return Err(format!("{program} is not installed"));
        }
    }
    let cache = Cache::open(None).map_err(|error| error.to_string())?;
    let image =
        cache.build(&Recipe::debian_bookworm(), &mut Silent).map_err(|error| error.to_string())?;
    let folder = default_folder(cache.images().parent().unwrap_or(Path::new("/")));
    Ok(Settings { image, folder, accel: Some(Accel::Tcg), insecure_user_net: false })
}

/// A back end on [`settings`].
pub(crate) async fn backend(settings: Settings) -> QemuBackend {
    QemuBackend::open(settings).await.expect("everything that it needs is here")
}

/// The outcome of a test that needs `thing`, for want of which it can't run: skipped visibly, or
/// failed where `LEAP0_REQUIRE` asks for it.
pub(crate) fn missing(thing: &str, why: &str) -> Result<Completion, Failed> {
    let asked_for = std::env::var("LEAP0_REQUIRE").unwrap_or_default();
    if asked_for.split(',').map(str::trim).any(|one| one == "all" || one == thing) {
        return Err(format!("{why}, but LEAP0_REQUIRE={asked_for}").into());
    }
    eprintln!("skipped: {why}");
    Ok(Completion::ignored_with(why))
}
