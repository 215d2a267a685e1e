use std::time::Duration;

/// What a stranger can make the server spend.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Open connections; more wait in the kernel's queue.
    pub connections: usize,
    /// How long a connection may wait for its peer (a handshake, a request, the reading of an answer) before
    /// it has to give way when all are taken.
    pub patience: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For a request's head to arrive, also between two requests of a connection.
    pub head: Duration,
    /// For the body to arrive and the answer to be made.
    pub request: Duration,
    /// The longest body, in bytes.
    pub body_bytes: usize,
    /// For open requests to end after the signal to stop.
    pub drain: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1_024,
            patience: Duration::from_secs(1),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(15),
            request: Duration::from_secs(30),
            // A batch of ten proofs is 10 kB; a presentation of ten credentials stays below 256 kB.
            body_bytes: 512 << 10,
            drain: Duration::from_secs(5),
        }
    }
}
