-- Refresh tokens: one line for each redeemed offer whose credentials may be fetched anew. `current` is the
-- digest of the newest token, `previous` that of the one before it as long as nothing that came with the
-- newest was used; both are bound to the thumbprint of one DPoP key.
CREATE TABLE refills (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    offer       TEXT NOT NULL UNIQUE REFERENCES offers (id) ON DELETE CASCADE,
    employee    TEXT NOT NULL REFERENCES employees (number),
    thumbprint  TEXT NOT NULL,
    current     BLOB NOT NULL UNIQUE,
    previous    BLOB UNIQUE,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX refills_by_employee ON refills (employee);
CREATE INDEX refills_by_expiry ON refills (expires_at);

-- How many copies a refill brings: 0 where none may come, or none any more.
ALTER TABLE offer_configurations ADD COLUMN refill INTEGER NOT NULL DEFAULT 0;

-- Whether a refresh token brought it, and not a code.
ALTER TABLE tokens ADD COLUMN refreshed INTEGER NOT NULL DEFAULT 0;

-- How many refills an employee's wallets asked for since `since`.
CREATE TABLE refill_counts (
    employee    TEXT PRIMARY KEY REFERENCES employees (number),
    since       INTEGER NOT NULL,
    count       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
