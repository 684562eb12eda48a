-- What the Census Database offers for reading: one row per submission it has accepted. PostgreSQL 13 or newer.
-- This is the whole contract of the route census_db; the sandbox runs this file as it stands.
CREATE SCHEMA sanaq;

-- submission is json, not jsonb: it is kept as it was sent. A view in place of the table will do if its columns have these
-- names and types, are never null, the pair of case_id and case_version is unique, and accepted_on never changes.
CREATE TABLE sanaq.submission (
    case_id text NOT NULL,
    case_version integer NOT NULL,
    submission json NOT NULL,
    accepted_on date NOT NULL,
    changed_xid xid8 NOT NULL,
    PRIMARY KEY (case_id, case_version)
);

CREATE INDEX submission_changed_xid ON sanaq.submission (changed_xid);
CREATE INDEX submission_accepted_on ON sanaq.submission (accepted_on);

-- The transaction that wrote a row last. A pull asks for rows whose transactions began since the last pull and are over by now;
-- a clock could not say so, for a transaction may commit long after the moment it wrote down.
CREATE FUNCTION sanaq.mark_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    RETURN NEW;
END
$$;

CREATE TRIGGER mark_change BEFORE INSERT OR UPDATE ON sanaq.submission
FOR EACH ROW EXECUTE FUNCTION sanaq.mark_change();

-- The day a row was accepted stays: what has landed is held against the rows of each day, and a row that moved to another day would
-- be missing there for ever. What is accepted anew is a new version.
CREATE FUNCTION sanaq.keep_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'accepted_on does not change' USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER keep_day BEFORE UPDATE ON sanaq.submission
FOR EACH ROW WHEN (NEW.accepted_on <> OLD.accepted_on) EXECUTE FUNCTION sanaq.keep_day();

-- Reads, and can do nothing else; its password is set apart: ALTER ROLE sanaq_reader PASSWORD …
CREATE ROLE sanaq_reader LOGIN CONNECTION LIMIT 5;
GRANT USAGE ON SCHEMA sanaq TO sanaq_reader;
GRANT SELECT ON sanaq.submission TO sanaq_reader;
