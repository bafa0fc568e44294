-- What every role of this database could do by Postgres's default, and a selection must not: make
-- temporary tables, see, cancel, block or wake other sessions, handle large objects, and reach
-- other servers where an administrator has installed dblink. It is taken from PUBLIC in this
-- database and given to the owners; the writer needs temporary tables and advisory locks.
-- (Files of the server are closed by default.)
DO $restrictions$
DECLARE
    owners text;
    entry record;
BEGIN
SELECT string_agg(DISTINCT quote_ident(name), ', ') INTO owners FROM (
    SELECT current_user
    UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
    UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = current_schema()
) AS o (name);
IF has_database_privilege('bossnet_reader', current_database(), 'TEMPORARY') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO bossnet_writer, %s', current_database(),
                   owners);
END IF;
IF to_regnamespace('public') IS NOT NULL
        AND has_schema_privilege('bossnet_reader', 'public', 'CREATE') THEN
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
END IF;
FOR entry IN
    SELECT f.oid::regprocedure AS routine, f.proname ~ '^pg_(try_)?advisory_' AS is_a_lock
    FROM pg_proc AS f
    WHERE (f.pronamespace = 'pg_catalog'::regnamespace
           AND (f.proname ~ '^(lo_|pg_(try_)?advisory_|pg_stat_get_backend_)'
                OR f.proname IN ('loread', 'lowrite', 'pg_cancel_backend', 'pg_terminate_backend',
                                 'pg_stat_get_activity', 'pg_stat_get_progress_info',
                                 'pg_stat_get_wal_senders', 'pg_lock_status', 'pg_prepared_xact',
                                 'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids',
                                 'pg_isolation_test_session_is_blocked', 'pg_notify',
                                 'pg_export_snapshot', 'pg_logical_emit_message'))
           OR EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                        AND d.deptype = 'e' AND e.extname = 'dblink'))
      AND (has_function_privilege('bossnet_reader', f.oid, 'EXECUTE')
           OR has_function_privilege('bossnet_writer', f.oid, 'EXECUTE')
              AND f.proname !~ '^pg_(try_)?advisory_')
LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, bossnet_writer', entry.routine);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor, %s', entry.routine, owners);
    IF entry.is_a_lock THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO bossnet_writer', entry.routine);
    END IF;
END LOOP;
END
$restrictions$;
