-- From when on it need not be known that a request was answered: a repetition is refused as expired.
-- NULL keeps it for good: what the first version stored, and requests that never expire.

ALTER TABLE answered_requests ADD COLUMN keep_until INTEGER;
