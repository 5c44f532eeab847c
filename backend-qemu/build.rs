//! Builds the program that runs inside the virtual machines, so that it is part of the emulator.
//!
//! It is linked statically: the machines have another C library than this host may have. Where
//! that can't be done the emulator is built without it, and says why when the back end is asked
//! for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn main() {
    for path in ["build.rs", "guest", "../emulator/files/src", "../emulator/files/Cargo.toml"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let program = out.join("leap0-guest");
    let problem = out.join("problem");
    let built = build(&out).and_then(|built| {
        fs::copy(&built, &program).map_err(|error| format!("{}: {error}", built.display()))
    });
    match built {
        Ok(_) => fs::write(&problem, "").expect("the output folder is writable"),
        Err(text) => {
            println!(
                "cargo::warning=no QEMU back end: {}",
                text.lines().next().unwrap_or_default()
            );
            fs::write(&program, "").expect("the output folder is writable");
            fs::write(&problem, text).expect("the output folder is writable");
        }
    }
}

fn build(out: &Path) -> Result<PathBuf, String> {
    let target = env::var("TARGET").expect("cargo sets it");
    if target != TARGET {
        return Err(format!("virtual machines need a host of {TARGET}, and this is {target}"));
    }
    let folder = out.join("guest");
    let output = Command::new(env::var_os("CARGO").expect("cargo sets it"))
        .args(["build", "--quiet", "--locked", "--package", "leap0-guest", "--profile", "guest"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&folder)
        // The lints of the outer build are not for this one.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTFLAGS")
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            "-Ctarget-feature=+crt-static\u{1f}-Crelocation-model=static",
        )
        .output()
        .map_err(|error| format!("cargo can't be run: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "the static program for the virtual machines can't be linked (on Debian it needs \
             libc6-dev, on Fedora glibc-static)\n{text}"
        ));
    }
    Ok(folder.join(TARGET).join("guest/leap0-guest"))
}
