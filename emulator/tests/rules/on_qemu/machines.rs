//! The one back end of all trials, or the reason why there is none here.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use leap0_backend_qemu::{Accel, QemuBackend, Settings, default_folder};
use leap0_emulator_core::backend::Backend;
use leap0_guest_image::Cache;

#[path = "../../support/machines.rs"]
mod image;

static BACKEND: OnceLock<Arc<QemuBackend>> = OnceLock::new();

/// Opens it, on the image of the user's cache.
pub(crate) fn open() -> Result<(), String> {
    let image = image::image()?;
    let cache = Cache::open(None).map_err(|error| error.to_string())?;
    let folder = default_folder(cache.images().parent().unwrap_or(Path::new("/")));
    let accel = Some(Accel::Tcg);
    let settings = Settings { image, folder, accel, insecure_user_net: false };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let opened =
        runtime.block_on(QemuBackend::open(settings)).map_err(|error| error.to_string())?;
    BACKEND.get_or_init(|| Arc::new(opened));
    Ok(())
}

/// It, once [`open`] has succeeded.
pub(crate) fn backend() -> Arc<dyn Backend> {
    let backend: &Arc<QemuBackend> = BACKEND.get().expect("opened before the trials began");
    Arc::clone(backend) as Arc<dyn Backend>
}

/// The end of a run without machines: skipped visibly, or failed where `LEAP0_REQUIRE` asks for
/// them.
pub(crate) fn missing(why: &str) -> ExitCode {
    let asked_for = env::var("LEAP0_REQUIRE").unwrap_or_default();
    if asked_for.split(',').map(str::trim).any(|one| one == "all" || one == "qemu") {
        eprintln!("{why}, but LEAP0_REQUIRE={asked_for}");
        return ExitCode::FAILURE;
    }
    eprintln!("skipped: {why}");
    ExitCode::SUCCESS
}
