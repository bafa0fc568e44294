-- What the roles may do in this schema. The reader reads. The writer reads, adds rows to the tables
-- of this package and changes them; what says how results were made it only adds, and it deletes
-- nothing but the work of a run. A table of the survey (one that this package did not make) keeps
-- its own rights, but for being read.
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
    SELECT c.oid, c.relname AS name,
           c.relkind IN ('r', 'p') AND c.relname <> 'bossnet_migration'
               AND EXISTS (SELECT FROM bossnet_migration WHERE c.relname = ANY (relations))
               AS is_ours
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm')
      AND pg_has_role(c.relowner, 'USAGE')
LOOP
    EXECUTE format('REVOKE ALL ON %I FROM bossnet_reader', relation.name);
    IF relation.is_ours THEN
        EXECUTE format('REVOKE ALL ON %I FROM bossnet_writer', relation.name);
        IF relation.name = 'bossnet_run' THEN
            EXECUTE format('GRANT INSERT, UPDATE (%s) ON %I TO bossnet_writer', (
                SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
                  AND attgenerated = '' AND attname <> ALL (ARRAY[
                      'pk', 'task', 'continues_pk', 'username', 'hostname', 'command', 'tables',
                      'selection', 'row_limit', 'overwrite', 'retry_failed', 'tag', 'settings',
                      'v_astra', 'software_version', 'software_commit', 'torch_version',
                      'precision', 'weights', 'weights_sha256', 'weights_status', 'seed',
                      'n_draws', 'uncertainty_method', 'masking'])),
                relation.name);
        ELSE
            EXECUTE format('GRANT INSERT, UPDATE ON %I TO bossnet_writer', relation.name);
        END IF;
        IF relation.name = 'bossnet_chunk' THEN
            EXECUTE format('GRANT DELETE ON %I TO bossnet_writer', relation.name);
        END IF;
    END IF;
    EXECUTE format('GRANT SELECT ON %I TO bossnet_reader, bossnet_writer', relation.name);
END LOOP;
-- Identity columns take their numbers without a right to the sequence; but registering takes keys of
-- sources and spectra beforehand.
FOR relation IN
    SELECT c.relname AS name, t.relname IN ('source', 'spectrum') AS is_taken_from
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
                       AND d.deptype IN ('a', 'i')
    JOIN pg_class AS t ON t.oid = d.refobjid
    WHERE n.nspname = current_schema() AND c.relkind = 'S' AND pg_has_role(c.relowner, 'USAGE')
      AND EXISTS (SELECT FROM bossnet_migration WHERE t.relname = ANY (relations))
LOOP
    EXECUTE format('REVOKE ALL ON SEQUENCE %I FROM bossnet_reader, bossnet_writer', relation.name);
    IF relation.is_taken_from THEN
        EXECUTE format('GRANT USAGE ON SEQUENCE %I TO bossnet_writer', relation.name);
    END IF;
END LOOP;
END
$grants$;
