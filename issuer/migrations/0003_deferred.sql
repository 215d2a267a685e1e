-- Approval by a second person: NULL in `decision` means that it still waits.
ALTER TABLE offers ADD COLUMN needs_approval INTEGER NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN decision TEXT CHECK (decision IN ('approved', 'rejected'));
ALTER TABLE offers ADD COLUMN decided_at INTEGER;

-- Credential identifiers of tokens that were asked for with authorization details.
CREATE TABLE identifiers (
    token           BLOB NOT NULL REFERENCES tokens (digest) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    identifier      TEXT NOT NULL,
    configuration   TEXT NOT NULL,
    PRIMARY KEY (token, identifier)
) STRICT, WITHOUT ROWID;

-- Deferred issuances: what was asked for, until it is collected with the same token. `id` is the
-- digest of the transaction id, `keys` are the holder's keys, 64 bytes each.
CREATE TABLE deferrals (
    id              BLOB PRIMARY KEY,
    token           BLOB NOT NULL REFERENCES tokens (digest) ON DELETE CASCADE,
    configuration   TEXT NOT NULL,
    keys            BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    next_poll_at    INTEGER NOT NULL,
    used_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX deferrals_by_token ON deferrals (token);

-- What wallets say of the credentials of one answer, by the digest of its notification id.
CREATE TABLE notices (
    id              BLOB PRIMARY KEY,
    token           BLOB NOT NULL REFERENCES tokens (digest) ON DELETE CASCADE,
    event           TEXT CHECK (event IN ('credential_accepted', 'credential_failure', 'credential_deleted')),
    received_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_by_token ON notices (token);
