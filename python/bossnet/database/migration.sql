-- The schema's version: what has been applied to it, and what that made.
CREATE TABLE IF NOT EXISTS bossnet_migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    relations text[] NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bossnet_migration IS
    'Version of this schema: one row for every migration that `astra init` applied.';
COMMENT ON COLUMN bossnet_migration.number IS 'Number of the migration; they are applied in order.';
COMMENT ON COLUMN bossnet_migration.name IS 'Name of its file.';
COMMENT ON COLUMN bossnet_migration.sha256 IS 'SHA-256 of its text; an applied one is never altered.';
COMMENT ON COLUMN bossnet_migration.relations IS
    'Tables and views that it made; one that was there before belongs to the survey.';
COMMENT ON COLUMN bossnet_migration.applied IS 'When it was applied.';
