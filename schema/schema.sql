-- SPDX-FileCopyrightText: The pare authors
-- SPDX-License-Identifier: Apache-2.0
-- The tables of version 1, embedded at build. Measured truth only; what can be computed from it stands in views.sql, which is what readers
-- should use (docs/database.md). Times are milliseconds since 1970, booleans 0 or 1. JSON is checked by the statements that write it: in a
-- schema its functions would keep out readers that distrust schemas (PRAGMA trusted_schema = OFF, SQLite 3.40).

-- What is true of the whole file.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY, -- 'views': SHA-256 of the views that stand here
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One search, for one network on one board type.
CREATE TABLE study (
    study           INTEGER PRIMARY KEY,      -- its number, from 1
    name            TEXT NOT NULL UNIQUE      -- what people call it; never only digits, so that a number is always a number
                    CHECK (length(name) BETWEEN 1 AND 63 AND name NOT GLOB '*[^A-Za-z0-9_-]*' AND name GLOB '*[^0-9]*'),
    state           TEXT NOT NULL DEFAULT 'created'
                    CHECK (state IN ('created', 'preparing', 'searching', 'finishing', 'finished', 'paused', 'stopped', 'failed')),
    reason          TEXT,                     -- of the state, for a person
    resume          TEXT                      -- the state before it was paused
                    CHECK (resume IN ('created', 'preparing', 'searching', 'finishing')),
    progress        TEXT,                     -- one line about what is going on
    text            TEXT NOT NULL,            -- the study file as it was written
    folder          TEXT NOT NULL,            -- what the paths in it are relative to
    config          TEXT NOT NULL,            -- JSON: the study file resolved, with defaults
    network         TEXT NOT NULL,            -- the network's file as the study file names it
    board_type      TEXT NOT NULL,            -- boards of this type serve it
    seed            INTEGER NOT NULL CHECK (seed >= 0),
    trials          INTEGER NOT NULL CHECK (trials > 0), -- candidates to be proposed, without the baselines
    objectives      INTEGER NOT NULL CHECK (objectives BETWEEN 1 AND 15), -- of trial.front beside accuracy: 1 flash + 2 RAM + 4 latency + 8 energy
    space           TEXT,                     -- JSON: the worker's answer to `open`: layers, slots, costs, sensitivities
    network_sha256  TEXT CHECK (length(network_sha256) = 64),
    runner_sha256   TEXT CHECK (length(runner_sha256) = 64),    -- the firmware that all its figures are from
    step            INTEGER NOT NULL DEFAULT 0,                 -- number of the last *stepped* transaction
    applied_seq     INTEGER NOT NULL DEFAULT 0,                 -- results up to this one are in the agent's state
    next_result_seq INTEGER NOT NULL DEFAULT 1,                 -- what the next result gets
    created_ms      INTEGER NOT NULL,
    updated_ms      INTEGER NOT NULL,
    CHECK (applied_seq >= 0 AND applied_seq < next_result_seq)
) STRICT;

-- One candidate and what was found out about it.
CREATE TABLE trial (
    study        INTEGER NOT NULL REFERENCES study,
    trial        INTEGER NOT NULL CHECK (trial > 0), -- its number within the study, in order of proposal
    kind         TEXT NOT NULL CHECK (kind IN ('baseline', 'policy', 'neighbour', 'uniform')), -- who proposed it
    candidate    TEXT NOT NULL,                      -- a setting for each slot, separated by spaces
    hash         TEXT NOT NULL CHECK (length(hash) = 16), -- of the candidate: FNV-1a 64, hex
    state        TEXT NOT NULL DEFAULT 'proposed'
                 CHECK (state IN ('proposed', 'lowered', 'measuring', 'measured', 'stepped', 'infeasible', 'given_up')),
    outcome      TEXT CHECK (outcome IN ('measured', 'infeasible', 'given_up')), -- NULL while there is no result
    reason       TEXT,                               -- why infeasible or given up
    result_seq   INTEGER CHECK (result_seq > 0),     -- place of its result in the study's order of results: the order the agent learns in
    reward       REAL,                               -- of the search's figures, computed when the agent applied the result
    finalist     INTEGER NOT NULL DEFAULT 0 CHECK (finalist IN (0, 1)), -- it was measured again (series 1)
    final_reward REAL,                               -- of those fresh figures
    front        INTEGER NOT NULL DEFAULT 0 CHECK (front IN (0, 1)), -- on the Pareto front of accuracy and study.objectives
    created_ms   INTEGER NOT NULL,
    updated_ms   INTEGER NOT NULL,
    PRIMARY KEY (study, trial),
    UNIQUE (study, hash),
    UNIQUE (study, result_seq),
    CHECK ((outcome IS NULL) = (result_seq IS NULL)),
    CHECK ((outcome IS NULL) = (state IN ('proposed', 'lowered', 'measuring'))),
    CHECK (outcome IS 'measured' OR (reward IS NULL AND finalist = 0 AND front = 0)),
    CHECK ((final_reward IS NOT NULL) = finalist)
) STRICT, WITHOUT ROWID;
CREATE INDEX trial_outcome ON trial (study, outcome);

-- A board of the lab and what stands in its flash.
CREATE TABLE board (
    board       INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),
    type        TEXT NOT NULL,
    serial      TEXT NOT NULL UNIQUE CHECK (serial <> ''), -- of its probe
    virtual     INTEGER NOT NULL CHECK (virtual IN (0, 1)), -- nothing measured on a virtual board is ever `real`
    state       TEXT NOT NULL DEFAULT 'idle',               -- the service's view: idle, lent, resting, quarantined
    reason      TEXT,
    wear_budget INTEGER NOT NULL CHECK (wear_budget > 0),   -- erases that a page may take
    flash       BLOB,                                       -- state of its flash log, opaque here; committed before pages are erased
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL
) STRICT;

-- Wear of a board's flash pages. Pages without a row were never erased.
CREATE TABLE board_page (
    board  INTEGER NOT NULL REFERENCES board,
    page   INTEGER NOT NULL CHECK (page >= 0),
    erases INTEGER NOT NULL CHECK (erases > 0), -- counted when they are intended; never goes down
    PRIMARY KEY (board, page)
) STRICT, WITHOUT ROWID;

-- One try to measure a trial on one board.
CREATE TABLE attempt (
    study      INTEGER NOT NULL,
    trial      INTEGER NOT NULL,
    attempt    INTEGER NOT NULL CHECK (attempt > 0), -- its number within the trial
    series     INTEGER NOT NULL CHECK (series IN (0, 1)), -- 0: for the search; 1: a finalist's fresh figures
    board      INTEGER NOT NULL REFERENCES board,
    -- open also after it went well, until the trial's result is stored: the board may be at its next attempt by then
    state      TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'succeeded', 'failed', 'interrupted')), -- interrupted: the service ended
    class      TEXT, -- of a failure: build, host, probe, flash, run, power, mismatch, worn
    text       TEXT, -- why, for a person
    clock_hz   INTEGER CHECK (clock_hz > 0), -- core clock during the measurement
    provenance TEXT, -- JSON: hashes of image and runner, probe, meter, supply, placement ...
    begun_ms   INTEGER NOT NULL,
    ended_ms   INTEGER,
    PRIMARY KEY (study, trial, attempt),
    FOREIGN KEY (study, trial) REFERENCES trial,
    CHECK ((state = 'open') = (ended_ms IS NULL)),
    CHECK ((state = 'failed') = (class IS NOT NULL)),
    CHECK (state <> 'succeeded' OR clock_hz IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_board ON attempt (board, class);
CREATE UNIQUE INDEX attempt_open_trial ON attempt (study, trial) WHERE state = 'open';

-- A figure of a trial.
CREATE TABLE measurement (
    study   INTEGER NOT NULL,
    trial   INTEGER NOT NULL,
    name    TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 31 AND name NOT GLOB '*[^a-z0-9_]*'), -- latency_cycles, correct ...
    series  INTEGER NOT NULL CHECK (series IN (0, 1)), -- 0: what the search learnt from; 1: a finalist's fresh figure
    value   INTEGER NOT NULL,                -- median of the repeats
    unit    TEXT NOT NULL,                   -- cycles, nJ, bytes, correct
    repeats INTEGER NOT NULL CHECK (repeats > 0),
    spread  INTEGER NOT NULL CHECK (spread >= 0), -- largest minus smallest repeat
    of      INTEGER NOT NULL,                -- the whole, where value is a part of it (questions), else 0
    origin  TEXT NOT NULL CHECK (origin IN ('real', 'virtual', 'host', 'planned', 'predicted')),
    attempt INTEGER,                         -- the attempt it was measured in; NULL where no board was needed
    current INTEGER NOT NULL CHECK (current IN (0, 1)), -- no higher series has this figure: the one to show
    PRIMARY KEY (study, trial, name, series),
    FOREIGN KEY (study, trial) REFERENCES trial,
    FOREIGN KEY (study, trial, attempt) REFERENCES attempt,
    CHECK ((attempt IS NOT NULL) = (origin IN ('real', 'virtual')))
) STRICT, WITHOUT ROWID;

-- Core cycles of each layer in one inference.
CREATE TABLE layer_measurement (
    study   INTEGER NOT NULL,
    trial   INTEGER NOT NULL,
    series  INTEGER NOT NULL CHECK (series IN (0, 1)),
    layer   INTEGER NOT NULL CHECK (layer >= 0), -- index into `layers` of study.space
    cycles  INTEGER NOT NULL CHECK (cycles >= 0),
    attempt INTEGER NOT NULL,
    PRIMARY KEY (study, trial, series, layer),
    FOREIGN KEY (study, trial, attempt) REFERENCES attempt
) STRICT, WITHOUT ROWID;

-- The saved agent of a study: one current row.
CREATE TABLE agent_state (
    study      INTEGER PRIMARY KEY REFERENCES study,
    state      BLOB CHECK (length(state) <= 262144), -- opaque here, the agent has a format number in it
    summary    TEXT, -- JSON: updates, entropy, probabilities: for people
    updated_ms INTEGER NOT NULL
) STRICT;

-- What happened, in the transaction in which it happened. Pruned by count.
CREATE TABLE event (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused
    time_ms INTEGER NOT NULL,
    topic   TEXT NOT NULL,                     -- trial.measured, study.state ...
    study   INTEGER REFERENCES study,
    trial   INTEGER,
    data    TEXT NOT NULL                      -- JSON object
) STRICT;
CREATE INDEX event_study ON event (study);

-- Figures of different origin never mix: a type of boards is either real or virtual, a study is served by boards of its type only, and a
-- measured figure is what its board is.
CREATE TRIGGER board_kind_insert BEFORE INSERT ON board
WHEN EXISTS (SELECT 1 FROM board WHERE type = NEW.type AND virtual <> NEW.virtual)
BEGIN
    SELECT RAISE(ABORT, 'boards of one type must all be real or all virtual');
END;
CREATE TRIGGER board_kind_update BEFORE UPDATE OF type, serial, virtual ON board
WHEN NEW.type <> OLD.type OR NEW.serial <> OLD.serial OR NEW.virtual <> OLD.virtual
BEGIN
    SELECT RAISE(ABORT, 'a board stays what it is');
END;
CREATE TRIGGER attempt_board_type BEFORE INSERT ON attempt
WHEN (SELECT type FROM board WHERE board = NEW.board) IS NOT (SELECT board_type FROM study WHERE study = NEW.study)
BEGIN
    SELECT RAISE(ABORT, 'the board is not of the study''s board type');
END;
CREATE TRIGGER attempt_moves BEFORE UPDATE OF study, trial, attempt, board ON attempt
BEGIN
    SELECT RAISE(ABORT, 'an attempt stays on its board');
END;
CREATE TRIGGER measurement_origin_insert BEFORE INSERT ON measurement
WHEN NEW.attempt IS NOT NULL AND (NEW.origin = 'virtual') IS NOT
     (SELECT b.virtual FROM attempt a JOIN board b USING (board)
      WHERE a.study = NEW.study AND a.trial = NEW.trial AND a.attempt = NEW.attempt)
BEGIN
    SELECT RAISE(ABORT, 'origin is not what the board is');
END;
CREATE TRIGGER measurement_origin_update BEFORE UPDATE OF study, trial, attempt, origin ON measurement
WHEN NEW.attempt IS NOT NULL AND (NEW.origin = 'virtual') IS NOT
     (SELECT b.virtual FROM attempt a JOIN board b USING (board)
      WHERE a.study = NEW.study AND a.trial = NEW.trial AND a.attempt = NEW.attempt)
BEGIN
    SELECT RAISE(ABORT, 'origin is not what the board is');
END;
