//! Who may use the control paths.

use hyper::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use super::Failure;

/// Where the token of a request to a control path stands: `authorization` has the API key, which
/// says whose organisation it is about.
const CONTROL_TOKEN: &str = "leap0-control-token";

/// Who may use the control paths. `/_emulator/health` is for everyone.
#[derive(Clone, Debug, Default)]
pub enum ControlAccess {
    /// Whoever has an API key.
    #[default]
    Open,
    /// Whoever has this token too.
    Token(ControlToken),
    /// Nobody: there are no such paths.
    Off,
}

/// The token, of which nothing but its digest is kept.
#[derive(Clone, Debug)]
pub struct ControlToken([u8; 32]);

impl ControlToken {
    /// The token of this text.
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl ControlAccess {
    /// Whether a request with these headers is let in.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        match self {
            Self::Open => Ok(()),
            Self::Token(token) => {
                let sent = headers.get(CONTROL_TOKEN).map(|value| Sha256::digest(value.as_bytes()));
                // Of two digests, how long a comparison takes tells nothing about the token.
                if sent.is_some_and(|sent| sent[..] == token.0) {
                    return Ok(());
                }
                let why = "the control paths need the header leap0-control-token, with the token \
                           that the emulator was started with";
                Err(Failure::new(StatusCode::UNAUTHORIZED, why))
            }
            Self::Off => {
                Err(Failure::new(StatusCode::NOT_FOUND, "the control paths are turned off"))
            }
        }
    }
}
