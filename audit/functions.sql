-- The hash chain of the audit trails (docs/decisions/0009-audit-chain.md). The owner runs this file at
-- every migrate_schemas. No role may call these functions: the triggers of each schema's tables do, and
-- they work on the schema of the table that fired them.

-- Add links, with salted hashes of the personal data, for events without one: for one event, or for all
-- in their order.
CREATE OR REPLACE FUNCTION aggios.audit_add_links(trail text, one uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    EXECUTE format($query$
        INSERT INTO %1$I.audit_auditlink
            (event_id, actor_salt, actor_promise, target_salt, target_promise)
        SELECT e.id, salts.actor,
               sha256(salts.actor || convert_to(
                   jsonb_build_array(e.actor_label, e.ip, e.user_agent)::text, 'UTF8')),
               salts.target,
               sha256(salts.target || convert_to(
                   jsonb_build_array(e.target_label)::text, 'UTF8'))
        FROM %1$I.audit_auditevent AS e
        CROSS JOIN LATERAL (
            SELECT uuid_send(gen_random_uuid()) AS actor, uuid_send(gen_random_uuid()) AS target
            WHERE e.id IS NOT NULL  -- drawn anew for each row
        ) AS salts
        WHERE $1 IS NULL OR e.id = $1
        ORDER BY e.at, e.id
        ON CONFLICT (event_id) DO NOTHING
    $query$, trail) USING one;
END
$function$;
REVOKE ALL ON FUNCTION aggios.audit_add_links(text, uuid) FROM PUBLIC;

-- Before the insert of an event: set its time from the database, not from the application. The owner
-- loads archives and keeps their times.
CREATE OR REPLACE FUNCTION aggios.audit_stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    IF session_user <> current_user THEN
        NEW.at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$function$;
REVOKE ALL ON FUNCTION aggios.audit_stamp() FROM PUBLIC;

-- At commit, first deferred trigger: add the link of the event. Rows of an archive have theirs.
CREATE OR REPLACE FUNCTION aggios.audit_enter() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    trails text := coalesce(current_setting('aggios.trails', true), '');
BEGIN
    IF TG_TABLE_SCHEMA <> ALL (string_to_array(trails, ' ')) THEN  -- once, not for each event
        PERFORM set_config('aggios.trails', trails || ' ' || TG_TABLE_SCHEMA, true);
    END IF;
    PERFORM aggios.audit_add_links(TG_TABLE_SCHEMA, NEW.id);
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION aggios.audit_enter() FROM PUBLIC;

-- At commit, second deferred trigger: number the link and hash it with the previous one. All other
-- deferred checks of the transaction are done by now, so the holder of the lock waits for no other lock.
-- A transaction that writes to several trails takes their locks in one order, so there are no deadlocks.
CREATE OR REPLACE FUNCTION aggios.audit_seal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    trails text := coalesce(current_setting('aggios.trails', true), '') || ' ' || TG_TABLE_SCHEMA;
    done integer;
BEGIN
    PERFORM pg_advisory_xact_lock(1095189836, number)  -- any number, the same everywhere
    FROM (SELECT DISTINCT hashtext(name) AS number
          FROM unnest(string_to_array(ltrim(trails), ' ')) AS name ORDER BY 1) AS ordered;
    PERFORM set_config('aggios.trails', '', true);
    -- A separate statement: its snapshot includes what was committed before the lock was granted.
    EXECUTE format($query$
        WITH former AS (
            SELECT sequence, hash FROM (
                SELECT sequence, hash FROM %1$I.audit_auditlink
                WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1
            ) AS head
            UNION ALL SELECT 0, ''::bytea ORDER BY sequence DESC LIMIT 1
        )
        UPDATE %1$I.audit_auditlink AS l
        SET sequence = former.sequence + 1,
            hash = sha256(former.hash || convert_to(jsonb_build_array(
                former.sequence + 1, e.id,
                to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                e.action, e.actor_type, e.actor_id, e.target_type, e.target_id,
                e.request_id, e.details,
                encode(l.actor_promise, 'hex'), encode(l.target_promise, 'hex')
            )::text, 'UTF8'))
        FROM former, %1$I.audit_auditevent AS e
        WHERE l.event_id = $1 AND e.id = $1
    $query$, TG_TABLE_SCHEMA) USING NEW.event_id;
    GET DIAGNOSTICS done = ROW_COUNT;
    IF done <> 1 THEN
        RAISE EXCEPTION 'event % of the record is not there', NEW.event_id USING ERRCODE = '23503';
    END IF;
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION aggios.audit_seal() FROM PUBLIC;

-- Before the insert of "person.erased": clear the personal data of the user in all events, and store the
-- number of changed events in this one. So no erasure is without a record.
CREATE OR REPLACE FUNCTION aggios.audit_erase() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    erased bigint;
BEGIN
    IF session_user = current_user THEN
        RETURN NEW;  -- the owner loads an archive, in which the rows are erased already
    END IF;
    IF NEW.target_type = '' OR NEW.target_id = '' THEN
        RAISE EXCEPTION 'person.erased must name a person' USING ERRCODE = '23514';
    END IF;
    NEW.target_label := '';
    IF (NEW.actor_type, NEW.actor_id) = (NEW.target_type, NEW.target_id) THEN
        NEW.actor_label := '';
        NEW.ip := NULL;
        NEW.user_agent := '';
    END IF;
    EXECUTE format($query$
        WITH own AS (
            -- E-mail addresses of the user in this trail: events about a session or an invitation
            -- identify the user only by the address.
            SELECT lower(label) AS label, min(at) AS began, max(at) AS ended FROM (
                SELECT actor_label AS label, at FROM %1$I.audit_auditevent
                WHERE (actor_type, actor_id) = ($1, $2)
                UNION ALL
                SELECT target_label, at FROM %1$I.audit_auditevent
                WHERE (target_type, target_id) = ($1, $2)
            ) AS named WHERE label LIKE '%%@%%' GROUP BY 1
        ), labels AS (
            -- When other users had the same address: until when before, and since when after.
            SELECT o.label,
                max(e.at) FILTER (WHERE e.at < o.began) AS before,
                min(e.at) FILTER (WHERE e.at > o.ended) AS after
            FROM own AS o LEFT JOIN %1$I.audit_auditevent AS e
              ON e.target_type = $1 AND e.target_id NOT IN ('', $2)
             AND lower(e.target_label) = o.label
            GROUP BY o.label
        ), about AS (
            SELECT e.id, e.actor_type,
                (e.actor_type, e.actor_id) = ($1, $2)
                    OR (e.actor_id = '' AND actor.label IS NOT NULL) AS acts,
                (e.target_type, e.target_id) = ($1, $2)
                    OR (target.label IS NOT NULL AND (e.target_type <> $1 OR e.target_id = ''))
                    AS meant
            FROM %1$I.audit_auditevent AS e
            LEFT JOIN labels AS actor ON actor.label = lower(e.actor_label)
              AND e.at > coalesce(actor.before, '-infinity')
              AND e.at < coalesce(actor.after, 'infinity')
            LEFT JOIN labels AS target ON target.label = lower(e.target_label)
              AND e.at > coalesce(target.before, '-infinity')
              AND e.at < coalesce(target.after, 'infinity')
        ), found AS (
            -- A failed log-in has no user as actor, but its actor is most likely the user.
            SELECT id, acts OR (meant AND actor_type = 'anonymous') AS acts, meant FROM about
            WHERE acts OR meant
        ), locked AS (
            SELECT id, target_label <> '' AND meant AS meant,
                acts AND (actor_label <> '' OR ip IS NOT NULL OR user_agent <> '') AS acts
            FROM found JOIN %1$I.audit_auditevent AS e USING (id) ORDER BY id FOR UPDATE OF e
        ), events AS (
            UPDATE %1$I.audit_auditevent AS e SET
                actor_label = CASE WHEN f.acts THEN '' ELSE e.actor_label END,
                ip = CASE WHEN f.acts THEN NULL ELSE e.ip END,
                user_agent = CASE WHEN f.acts THEN '' ELSE e.user_agent END,
                target_label = CASE WHEN f.meant THEN '' ELSE e.target_label END
            FROM locked AS f WHERE e.id = f.id
        ), links AS (
            UPDATE %1$I.audit_auditlink AS l SET
                actor_erased_by = CASE WHEN f.acts AND l.actor_salt IS NOT NULL THEN $3
                                       ELSE l.actor_erased_by END,
                actor_salt = CASE WHEN f.acts THEN NULL ELSE l.actor_salt END,
                target_erased_by = CASE WHEN f.meant AND l.target_salt IS NOT NULL THEN $3
                                        ELSE l.target_erased_by END,
                target_salt = CASE WHEN f.meant THEN NULL ELSE l.target_salt END
            FROM locked AS f WHERE l.event_id = f.id
              AND ((f.acts AND l.actor_salt IS NOT NULL) OR (f.meant AND l.target_salt IS NOT NULL))
            RETURNING 1
        )
        SELECT count(*) FROM links
    $query$, TG_TABLE_SCHEMA)
    INTO erased USING NEW.target_type, NEW.target_id, NEW.id;
    NEW.details := NEW.details || jsonb_build_object('events', erased);
    RETURN NEW;
END
$function$;
REVOKE ALL ON FUNCTION aggios.audit_erase() FROM PUBLIC;
