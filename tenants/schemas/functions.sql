-- The function with which the application's login creates a tenant's schema. The owner runs this file
-- (tenants/schemas/owner.py); {runtime} and {runtime_text} are the application's login as an identifier
-- and as a literal.
CREATE SCHEMA IF NOT EXISTS aggios;
REVOKE ALL ON SCHEMA aggios FROM PUBLIC;
GRANT USAGE ON SCHEMA aggios TO {runtime};

CREATE TABLE IF NOT EXISTS aggios.tenant_template (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    name       text NOT NULL,           -- of the schema and role in the text
    digest     text NOT NULL,           -- SHA-256 of the migrations in the text
    ddl        text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- SECURITY DEFINER: it runs as the owner, so that a web process can create a tenant without a login that
-- could alter or drop one. Everything is part of the caller's transaction.
CREATE OR REPLACE FUNCTION aggios.provision_tenant(schema_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    template aggios.tenant_template;
BEGIN
    IF schema_name !~ '^t_[0-9a-f]{{32}}$' THEN
        RAISE EXCEPTION 'not a tenant schema name: %', schema_name USING ERRCODE = '22023';
    END IF;
    -- A shared lock: creations run concurrently, but not during a replacement of the template.
    SELECT * INTO template FROM aggios.tenant_template FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no tenant template; run migrate_schemas' USING ERRCODE = '55000';
    END IF;
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = schema_name) THEN
        RAISE EXCEPTION 'schema % exists', schema_name USING ERRCODE = '42P06';
    END IF;
    EXECUTE format('CREATE ROLE %I NOLOGIN', schema_name);
    EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', schema_name, {runtime_text});
    EXECUTE replace(template.ddl, template.name, schema_name);
END
$function$;
REVOKE ALL ON FUNCTION aggios.provision_tenant(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aggios.provision_tenant(text) TO {runtime};
