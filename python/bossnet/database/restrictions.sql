-- What every role of this database could do by Postgres's default, and a selection must not: make
-- temporary tables, see, cancel or block other sessions, handle large objects. It is taken from
-- PUBLIC in this database and given to the writer and the owners. (Files of the server are closed
-- by default.)
DO $restrictions$
DECLARE
    keepers text;
    routine regprocedure;
BEGIN
SELECT string_agg(DISTINCT quote_ident(name), ', ') INTO keepers FROM (
    SELECT 'bossnet_writer' UNION SELECT current_user
    UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
    UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = current_schema()
) AS k (name);
IF has_database_privilege('bossnet_reader', current_database(), 'TEMPORARY') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %s', current_database(), keepers);
END IF;
IF to_regnamespace('public') IS NOT NULL
        AND has_schema_privilege('bossnet_reader', 'public', 'CREATE') THEN
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
END IF;
FOR routine IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND (proname ~ '^(lo_|pg_(try_)?advisory_)'
           OR proname IN ('loread', 'lowrite', 'pg_cancel_backend', 'pg_terminate_backend',
                          'pg_stat_get_activity', 'pg_lock_status', 'pg_export_snapshot',
                          'pg_logical_emit_message'))
      AND has_function_privilege('bossnet_reader', oid, 'EXECUTE')
LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor, %s', routine, keepers);
END LOOP;
END
$restrictions$;
