//! The program that runs inside the machines, as the build made it.

static PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/leap0-guest"));
static PROBLEM: &str = include_str!(concat!(env!("OUT_DIR"), "/problem"));

/// The static program, or why the build has none.
pub(crate) fn program() -> Result<&'static [u8], &'static str> {
    if PROGRAM.is_empty() { Err(PROBLEM) } else { Ok(PROGRAM) }
}
