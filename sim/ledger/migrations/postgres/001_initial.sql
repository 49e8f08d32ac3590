-- Accounts with four cumulative counters; the row is the state, the journal is the truth.
-- Half of each page is left free: counters change in place, without touching an index.
CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    floor BIGINT,
    ceiling BIGINT,
    closed BIGINT NOT NULL,
    dr_pending BIGINT NOT NULL CHECK (dr_pending >= 0),
    dr_posted BIGINT NOT NULL CHECK (dr_posted >= 0),
    cr_pending BIGINT NOT NULL CHECK (cr_pending >= 0),
    cr_posted BIGINT NOT NULL CHECK (cr_posted >= 0)
) WITH (fillfactor = 50);

-- One row an event, gap-free. `answer` is what its idempotency key is answered, for ever.
CREATE TABLE event (
    seq BIGINT PRIMARY KEY,
    eid BYTEA NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    ts_us BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    document TEXT,
    state TEXT,
    facts BYTEA,
    deadline BIGINT,
    reverses BYTEA,
    limits TEXT,
    fingerprint BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    jhash BYTEA NOT NULL
);
CREATE UNIQUE INDEX event_reverses ON event (reverses) WHERE reverses IS NOT NULL;

-- Lines: id = seq * 16 + line; `hold` is the id of the pending line that a post, void or expire ends.
CREATE TABLE transfer (
    id BIGINT PRIMARY KEY,
    mode BIGINT NOT NULL,
    dr BIGINT NOT NULL,
    cr BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    hold BIGINT
);
CREATE UNIQUE INDEX transfer_hold ON transfer (hold) WHERE hold IS NOT NULL;

-- The open holds and the documents' states: both can be rebuilt from the journal.
CREATE TABLE hold (
    id BIGINT PRIMARY KEY,
    dr BIGINT NOT NULL,
    cr BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    deadline BIGINT
);
CREATE TABLE document (
    id TEXT COLLATE "C" PRIMARY KEY,
    state TEXT NOT NULL,
    facts BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    held BIGINT NOT NULL
) WITH (fillfactor = 70);

-- A refusal owns no event, but it stays the answer to its key.
CREATE TABLE refusal (
    eid BYTEA PRIMARY KEY,
    fingerprint BYTEA NOT NULL,
    code TEXT NOT NULL,
    answer BYTEA NOT NULL
);

-- One leader writes: each batch checks that the epoch is still its own and keeps it so until its commit.
CREATE TABLE leader (one INTEGER PRIMARY KEY CHECK (one = 1), epoch BIGINT NOT NULL);
INSERT INTO leader VALUES (1, 0);
CREATE FUNCTION assert_leader(mine BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM leader WHERE epoch = mine FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another process leads this ledger now' USING ERRCODE = 'BP001';
    END IF;
END $$;

-- Keys of the service: only hashes of secrets.
CREATE TABLE access_key (
    id TEXT COLLATE "C" PRIMARY KEY,
    secret_hash BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    owners TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT,
    revoked_us BIGINT
);

-- The journal only grows: for everybody by trigger, for others than a superuser by right as well.
CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only';
END $$;
CREATE TRIGGER event_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON event, transfer FROM PUBLIC, CURRENT_USER;
