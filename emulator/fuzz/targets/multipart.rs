#![no_main]

#[path = "../properties/multipart.rs"]
#[expect(dead_code, reason = "forms of an independent writer take more than bytes")]
mod property;
#[path = "../properties/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
