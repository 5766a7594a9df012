-- Two roles in PostgreSQL: one that owns the schema and takes its steps, one that the services use.
-- To be run by a superuser, inside the database, once the schema is there and after each upgrade:
--     psql --dbname broadcaster --file grants.sql
-- 'broadcaster db upgrade', 'db rehearse' and 'db restore' run as broadcaster_owner (which needs
-- CREATEDB for a rehearsal), everything else as broadcaster_app. Passwords are set with \password.
DO $$
DECLARE
    found text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'broadcaster_owner') THEN
        CREATE ROLE broadcaster_owner LOGIN CREATEDB;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'broadcaster_app') THEN
        CREATE ROLE broadcaster_app LOGIN CONNECTION LIMIT 200;
    END IF;
    -- Each campaign's deliveries are a table of their own, which is made, analysed and dropped by
    -- those who plan and archive: PostgreSQL asks for the ownership of the whole for that.
    GRANT broadcaster_app TO broadcaster_owner;
    GRANT USAGE, CREATE ON SCHEMA public TO broadcaster_owner, broadcaster_app;
    FOR found IN
        SELECT format('ALTER TABLE %I OWNER TO %I', relname,
                      CASE WHEN relname ~ '^delivery(_[0-9]+)?$'
                           THEN 'broadcaster_app' ELSE 'broadcaster_owner' END)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        UNION ALL
        SELECT format('ALTER SEQUENCE %I OWNER TO broadcaster_owner', relname)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i'))
        UNION ALL
        SELECT format('ALTER TYPE %I OWNER TO broadcaster_owner', typname)
        FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO broadcaster_owner', oid::regprocedure)
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE found;
    END LOOP;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO broadcaster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO broadcaster_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO broadcaster_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO broadcaster_app;
-- What may only grow, and what says which schema it is.
REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM broadcaster_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON alembic_version FROM broadcaster_app;
-- What later steps make.
ALTER DEFAULT PRIVILEGES FOR ROLE broadcaster_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO broadcaster_app;
ALTER DEFAULT PRIVILEGES FOR ROLE broadcaster_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO broadcaster_app;
