-- What an issuer deferred: the keys that were sent, and the ticket that collects it, wrapped by the
-- key store since it holds an access token.

CREATE TABLE pending (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,
    ticket BLOB NOT NULL,
    dpop_key TEXT NOT NULL
) STRICT;

CREATE TABLE pending_keys (
    pending TEXT NOT NULL REFERENCES pending (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE,
    public_key BLOB NOT NULL CHECK (length(public_key) = 64),
    PRIMARY KEY (pending, position)
) STRICT, WITHOUT ROWID;
