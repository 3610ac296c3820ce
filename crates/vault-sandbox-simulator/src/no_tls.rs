//! In place of TLS where the feature `https` is off: there is none to be had.

use std::{convert::Infallible, io};

use tokio::net::TcpStream;

pub(crate) type Stream = TcpStream;

/// Cannot be made.
#[derive(Clone)]
pub(crate) struct Acceptor(Infallible);

impl Acceptor {
    #[expect(
        clippy::unused_async,
        reason = "stands in for one that waits for a handshake"
    )]
    pub(crate) async fn accept(&self, _: TcpStream) -> io::Result<Stream> {
        match self.0 {}
    }
}
