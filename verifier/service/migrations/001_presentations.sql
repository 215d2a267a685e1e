-- One row per presentation. `record` (with nonce and state) gives way to `result` when the one
-- response came; the whole row goes when it was fetched and acknowledged, or at `keep_until`.
CREATE TABLE presentation (
    id            TEXT    NOT NULL PRIMARY KEY,
    handle        TEXT    NOT NULL UNIQUE,
    record        TEXT    NOT NULL,
    result        TEXT,
    response_code TEXT,
    answered_at   INTEGER,
    keep_until    INTEGER NOT NULL
) STRICT;

CREATE INDEX presentation_keep_until ON presentation (keep_until);
