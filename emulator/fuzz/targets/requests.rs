#![no_main]

#[path = "../properties/requests.rs"]
mod property;
#[path = "../properties/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
