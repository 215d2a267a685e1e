-- Status lists. Each has a fixed number of places; `used` counts those that were given away, `version`
-- goes up when a status changes.
CREATE TABLE status_lists (
    id      INTEGER PRIMARY KEY,
    used    INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Places that were given away, at random, one for each copy. A place whose copy was never sent has no
-- credential. `status` is the value in the list: 0 valid, 1 invalid, 2 suspended.
CREATE TABLE places (
    list        INTEGER NOT NULL REFERENCES status_lists (id),
    place       INTEGER NOT NULL,
    credential  TEXT REFERENCES credentials (id),
    status      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (list, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX places_by_credential ON places (credential) WHERE credential IS NOT NULL;
CREATE INDEX places_not_valid ON places (list, place, status) WHERE status <> 0;

-- How a credential stands, and since when. A revoked one comes back to life only by a new offer; its
-- copies do not.
ALTER TABLE credentials ADD COLUMN status TEXT NOT NULL DEFAULT 'valid'
    CHECK (status IN ('valid', 'suspended', 'revoked'));
ALTER TABLE credentials ADD COLUMN status_at INTEGER;

-- Who changed what, and why.
CREATE TABLE status_changes (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    credential  TEXT NOT NULL REFERENCES credentials (id),
    status      TEXT NOT NULL CHECK (status IN ('valid', 'suspended', 'revoked')),
    reason      TEXT NOT NULL,
    operator    TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX status_changes_by_credential ON status_changes (credential);
