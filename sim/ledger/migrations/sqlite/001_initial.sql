-- Accounts with four cumulative counters; the row is the state, the journal is the truth.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    floor INTEGER,
    ceiling INTEGER,
    closed INTEGER NOT NULL,
    dr_pending INTEGER NOT NULL CHECK (dr_pending >= 0),
    dr_posted INTEGER NOT NULL CHECK (dr_posted >= 0),
    cr_pending INTEGER NOT NULL CHECK (cr_pending >= 0),
    cr_posted INTEGER NOT NULL CHECK (cr_posted >= 0)
) STRICT;

-- One row an event, gap-free. `answer` is what its idempotency key is answered, for ever.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    eid BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    ts_us INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    document TEXT,
    state TEXT,
    facts BLOB,
    deadline INTEGER,
    reverses BLOB,
    limits TEXT,
    fingerprint BLOB NOT NULL,
    answer BLOB NOT NULL,
    jhash BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_reverses ON event (reverses) WHERE reverses IS NOT NULL;

-- Lines: id = seq * 16 + line; `hold` is the id of the pending line that a post, void or expire ends.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    mode INTEGER NOT NULL,
    dr INTEGER NOT NULL,
    cr INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    hold INTEGER
) STRICT;
CREATE UNIQUE INDEX transfer_hold ON transfer (hold) WHERE hold IS NOT NULL;

-- The open holds and the documents' states: both can be rebuilt from the journal.
CREATE TABLE hold (
    id INTEGER PRIMARY KEY,
    dr INTEGER NOT NULL,
    cr INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    deadline INTEGER
) STRICT;
CREATE TABLE document (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    facts BLOB NOT NULL,
    seq INTEGER NOT NULL,
    held INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A refusal owns no event, but it stays the answer to its key.
CREATE TABLE refusal (
    eid BLOB PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    code TEXT NOT NULL,
    answer BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One leader writes: each batch checks that the epoch is still its own.
CREATE TABLE leader (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;
INSERT INTO leader VALUES (1, 0);

-- Keys of the service: only hashes of secrets.
CREATE TABLE access_key (
    id TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    owners TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    revoked_us INTEGER
) STRICT, WITHOUT ROWID;

-- The journal only grows.
CREATE TRIGGER event_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER event_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER transfer_update BEFORE UPDATE ON transfer BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER transfer_delete BEFORE DELETE ON transfer BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
