-- Employees as HR last told us. `record` is the JSON of one row.
CREATE TABLE employees (
    number      TEXT PRIMARY KEY,
    record      TEXT NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Offers. An offer is fetched by its handle, from which the pre-authorized code is derived under the
-- server's key. `id` is the handle's digest, and of the code too only the digest is kept: whoever
-- reads this table can neither fetch nor redeem. Times are in seconds since the Unix epoch.
CREATE TABLE offers (
    id              TEXT PRIMARY KEY,
    code_digest     BLOB NOT NULL UNIQUE,
    tx_code_digest  BLOB,
    guesses_left    INTEGER NOT NULL,
    employee        TEXT NOT NULL REFERENCES employees (number),
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX offers_by_expiry ON offers (expires_at);

-- What an offer covers, and how many copies it may still yield.
CREATE TABLE offer_configurations (
    offer               TEXT NOT NULL REFERENCES offers (id) ON DELETE CASCADE,
    position            INTEGER NOT NULL,
    configuration       TEXT NOT NULL,
    copies_left         INTEGER NOT NULL,
    PRIMARY KEY (offer, configuration)
) STRICT, WITHOUT ROWID;

-- Access tokens by digest, bound to the thumbprint of a DPoP key.
CREATE TABLE tokens (
    digest      BLOB PRIMARY KEY,
    offer       TEXT NOT NULL REFERENCES offers (id) ON DELETE CASCADE,
    thumbprint  TEXT NOT NULL,
    uses_left   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_expiry ON tokens (expires_at);
CREATE INDEX tokens_by_offer ON tokens (offer);

-- What may be used once: digests of DPoP proofs and of nonces, until their own time refuses them.
-- The rowid grows, so its span bounds the size without counting.
CREATE TABLE used (
    digest      BLOB NOT NULL UNIQUE,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX used_by_expiry ON used (expires_at);

-- One credential is one employee and one type, in whatever formats and copies.
CREATE TABLE credentials (
    id          TEXT PRIMARY KEY,
    employee    TEXT NOT NULL REFERENCES employees (number),
    type        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (employee, type)
) STRICT, WITHOUT ROWID;

-- Copies that were issued: neither claims nor holder keys, so that nobody can join this table with
-- what verifiers saw.
CREATE TABLE copies (
    id          TEXT PRIMARY KEY,
    credential  TEXT NOT NULL REFERENCES credentials (id),
    format      TEXT NOT NULL,
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_by_credential ON copies (credential);
