-- SPDX-FileCopyrightText: The pare authors
-- SPDX-License-Identifier: Apache-2.0
-- From version 1 to 2: trials that the host dropped, because they could not become better than what there was.
CREATE TABLE trial_2 (
    study        INTEGER NOT NULL REFERENCES study,
    trial        INTEGER NOT NULL CHECK (trial > 0),
    kind         TEXT NOT NULL CHECK (kind IN ('baseline', 'policy', 'neighbour', 'uniform')),
    candidate    TEXT NOT NULL,
    hash         TEXT NOT NULL CHECK (length(hash) = 16),
    state        TEXT NOT NULL DEFAULT 'proposed'
                 CHECK (state IN ('proposed', 'lowered', 'measuring', 'measured', 'stepped', 'infeasible', 'given_up', 'dropped')),
    outcome      TEXT CHECK (outcome IN ('measured', 'infeasible', 'given_up', 'dropped')),
    reason       TEXT,                               -- why infeasible, given up or dropped
    result_seq   INTEGER CHECK (result_seq > 0),
    reward       REAL,
    finalist     INTEGER NOT NULL DEFAULT 0 CHECK (finalist IN (0, 1)),
    final_reward REAL,
    front        INTEGER NOT NULL DEFAULT 0 CHECK (front IN (0, 1)),
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
INSERT INTO trial_2 SELECT study, trial, kind, candidate, hash, state, outcome, reason, result_seq, reward, finalist, final_reward, front,
                           created_ms, updated_ms FROM trial;
DROP TABLE trial;
ALTER TABLE trial_2 RENAME TO trial;
CREATE INDEX trial_outcome ON trial (study, outcome);
