-- The roles of the package. Neither has a password: pg_hba.conf lets them in, or an administrator
-- gives them one. What is set already is left as it is.
DO $roles$
DECLARE
    role text;
    entry record;
BEGIN
FOREACH role IN ARRAY ARRAY['bossnet_reader', 'bossnet_writer'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE '
                           'NOREPLICATION NOBYPASSRLS', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this server is initialised at this moment
        END;
    END IF;
END LOOP;
FOR entry IN
    SELECT wanted.* FROM (VALUES
        ('bossnet_reader', 'default_transaction_read_only', 'on'),
        ('bossnet_reader', 'statement_timeout', '600s'),
        ('bossnet_reader', 'idle_in_transaction_session_timeout', '1h'),
        ('bossnet_reader', 'search_path', quote_ident(current_schema())),
        ('bossnet_writer', 'search_path', quote_ident(current_schema()))
    ) AS wanted (role, name, value)
    WHERE NOT EXISTS (
        SELECT FROM pg_db_role_setting AS s
        JOIN pg_roles AS r ON r.oid = s.setrole
        JOIN pg_database AS d ON d.oid = s.setdatabase
        CROSS JOIN unnest(s.setconfig) AS had
        WHERE d.datname = current_database() AND r.rolname = wanted.role
          AND split_part(had, '=', 1) = wanted.name)
LOOP
    -- search_path takes a list of names, of which one is quoted already.
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = ' ||
                   CASE entry.name WHEN 'search_path' THEN '%s' ELSE '%L' END,
                   entry.role, current_database(), entry.name, entry.value);
END LOOP;
END
$roles$;
