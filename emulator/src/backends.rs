//! Which back end is served.

use std::sync::Arc;

use leap0_backend_memory::MemoryBackend;
use leap0_emulator_core::backend::Backend;

use crate::cli::{self, Serve};

/// Opens the back end that was asked for.
pub(crate) async fn open(serve: &Serve) -> anyhow::Result<Arc<dyn Backend>> {
    match serve.backend {
        cli::Backend::Memory => Ok(Arc::new(MemoryBackend::default())),
        #[cfg(target_os = "linux")]
        cli::Backend::Qemu => Ok(Arc::new(qemu::open(serve).await?)),
        #[cfg(not(target_os = "linux"))]
        cli::Backend::Qemu => anyhow::bail!("--backend qemu needs Linux; use --backend memory"),
    }
}

#[cfg(target_os = "linux")]
mod qemu {
    use std::path::Path;

    use anyhow::Context as _;
    use leap0_backend_qemu::{Accel, QemuBackend, Settings, default_folder};
    use leap0_guest_image::{Cache, Recipe};

    use crate::cli::{AccelArg, Serve};

    pub(super) async fn open(serve: &Serve) -> anyhow::Result<QemuBackend> {
        let cache = Cache::open(None)?;
        let image = cache.find(&Recipe::debian_bookworm())?.context(
            "there is no guest image yet; make it, once, with: leap0-emulator image build",
        )?;
        let folder = default_folder(cache.images().parent().unwrap_or(Path::new("/")));
        let accel = match serve.accel {
            AccelArg::Auto => None,
            AccelArg::Kvm => Some(Accel::Kvm),
            AccelArg::Tcg => Some(Accel::Tcg),
        };
        let insecure_user_net = serve.insecure_user_net;
        let settings = Settings { image, folder, accel, insecure_user_net };
        Ok(QemuBackend::open(settings).await?)
    }
}
