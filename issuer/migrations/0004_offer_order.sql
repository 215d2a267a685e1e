-- The newest status change when the offer was made: a revocation that came later kills the offer, one that
-- came before does not, within one second too.
ALTER TABLE offers ADD COLUMN after_change INTEGER NOT NULL DEFAULT 0;
UPDATE offers SET after_change = coalesce(
    (SELECT max(id) FROM status_changes WHERE status_changes.at < offers.created_at), 0);
