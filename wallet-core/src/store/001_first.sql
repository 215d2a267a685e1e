-- Everything that the first version of the wallet remembers.

CREATE TABLE anchors (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('issuer', 'verifier', 'tls')),
    pem TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    UNIQUE (kind, pem)
) STRICT;

CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    vct TEXT NOT NULL,
    format TEXT NOT NULL,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    issuer_name TEXT NOT NULL,
    claims TEXT NOT NULL,
    always_visible TEXT NOT NULL,
    labels TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    expires_at INTEGER,
    UNIQUE (vct, issuer, format)
) STRICT;

-- A spent copy keeps its row, so that it is counted, and loses its text and key.
CREATE TABLE copies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    text TEXT,
    key TEXT UNIQUE,
    spent_at INTEGER,
    CHECK ((spent_at IS NULL) = (text IS NOT NULL) AND (text IS NULL) = (key IS NULL))
) STRICT;

CREATE INDEX unspent_copies ON copies (credential) WHERE spent_at IS NULL;

CREATE TABLE answered_requests (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    answered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL CHECK (event IN ('issued', 'presented', 'refused', 'deleted')),
    at INTEGER NOT NULL,
    counterpart TEXT NOT NULL,
    registered INTEGER NOT NULL,
    items TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('begun', 'done', 'failed'))
) STRICT;
