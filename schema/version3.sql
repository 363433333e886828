-- SPDX-FileCopyrightText: The pare authors
-- SPDX-License-Identifier: Apache-2.0
-- From version 2 to 3: files with the raw samples of a meter, what each board's canary was measured to be, and why trials were
-- proposed.

-- The samples of the power windows of one attempt, in a file beside the database. A row is committed after its file is on the disk.
CREATE TABLE trace (
    study   INTEGER NOT NULL,
    trial   INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    file    TEXT NOT NULL UNIQUE,                       -- its name in STATE/traces
    bytes   INTEGER NOT NULL CHECK (bytes > 0),         -- of the file
    sha256  TEXT NOT NULL CHECK (length(sha256) = 64),  -- of the whole file
    windows INTEGER NOT NULL CHECK (windows > 0),
    samples INTEGER NOT NULL CHECK (samples >= 0),      -- in all windows
    PRIMARY KEY (study, trial, attempt),
    FOREIGN KEY (study, trial, attempt) REFERENCES attempt
) STRICT, WITHOUT ROWID;

-- One measurement of a board's canary: an image that stays the same, so that what changes is the board, its supply or its meter. Figures of
-- another runner or another image say nothing about it.
CREATE TABLE canary (
    board         INTEGER NOT NULL REFERENCES board,
    canary        INTEGER NOT NULL CHECK (canary > 0), -- its number on this board
    time_ms       INTEGER NOT NULL,
    runner_sha256 TEXT NOT NULL CHECK (length(runner_sha256) = 64),
    image_sha256  TEXT NOT NULL CHECK (length(image_sha256) = 64), -- of the whole image file
    cycles        INTEGER NOT NULL CHECK (cycles > 0), -- of one inference
    energy_nj     INTEGER CHECK (energy_nj > 0),       -- of one inference; NULL without a meter
    reference     INTEGER NOT NULL CHECK (reference IN (0, 1, 2)), -- 1: later ones of the same runner and image are compared with it; 2: they were
    drifted       INTEGER NOT NULL CHECK (drifted IN (0, 1)),   -- it was too far off
    PRIMARY KEY (board, canary)
) STRICT, WITHOUT ROWID;
CREATE INDEX canary_reference ON canary (board, runner_sha256, image_sha256, canary) WHERE reference; -- v_canary looks one up for each row

ALTER TABLE trial ADD COLUMN why TEXT; -- in words, why the agent proposed it; NULL before version 3
