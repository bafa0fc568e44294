-- What the roles may do in this schema: the reader reads, the writer fills the tables. A table of
-- the survey (owned by another role) keeps its own rights.
DO $grants$
DECLARE
    relation record;
BEGIN
IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = current_schema()) THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO bossnet_reader, bossnet_writer', current_schema());
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES '
                   'TO bossnet_reader, bossnet_writer', current_schema());
END IF;
FOR relation IN
    SELECT c.relname AS name, c.relkind = 'v' OR c.relname = 'bossnet_migration' AS read_only
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm')
      AND pg_has_role(c.relowner, 'USAGE')
LOOP
    EXECUTE format('REVOKE ALL ON %I FROM bossnet_reader', relation.name);
    EXECUTE format('GRANT SELECT ON %I TO bossnet_reader, bossnet_writer', relation.name);
    IF NOT relation.read_only THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I TO bossnet_writer', relation.name);
    END IF;
END LOOP;
FOR relation IN
    SELECT c.relname AS name
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind = 'S' AND pg_has_role(c.relowner, 'USAGE')
LOOP
    EXECUTE format('GRANT USAGE ON SEQUENCE %I TO bossnet_writer', relation.name);
END LOOP;
END
$grants$;
