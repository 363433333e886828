-- SPDX-FileCopyrightText: The pare authors
-- SPDX-License-Identifier: Apache-2.0
-- What readers may rely on (docs/database.md). Views hold no data: they are replaced whenever a version of pare brings others. They get by
-- without JSON's scalar functions, so that a reader may distrust the schema.

-- Trials with their figures, a finalist's fresh ones in the place of the search's. int8 is trial 1.
CREATE VIEW v_trial AS
SELECT t.study, s.name AS study_name,
       coalesce((SELECT atom FROM json_each(s.config) WHERE key = 'metric'), 'accuracy') AS metric, -- what correct / samples is
       t.trial, t.kind, t.why, t.state, t.outcome, t.reason, t.candidate, t.hash,
       correct.value AS correct, correct.of AS samples, CAST(correct.value AS REAL) / correct.of AS accuracy,
       round(100.0 * int8_correct.value / int8_correct.of - 100.0 * correct.value / correct.of, 6) AS loss_points,
       test.value AS test_correct, test.of AS test_samples,
       flash.value AS flash_bytes, weights.value AS weights_bytes,
       round(CAST(flash.value AS REAL) / int8_flash.value, 6) AS flash_of_int8,
       ram.value AS ram_bytes,
       latency.value AS latency_cycles, latency.value * 1e6 / a.clock_hz AS latency_us, latency.spread AS latency_spread_cycles,
       energy.value AS energy_nj, energy.value / 1000.0 AS energy_uj, energy.spread AS energy_spread_nj,
       round(energy.value * (a.clock_hz / 1e6) / latency.value, 6) AS power_mw, -- nanojoules per microsecond
       coalesce(latency.origin, energy.origin) AS origin,
       coalesce(t.final_reward, t.reward) AS reward, t.reward AS search_reward, t.front, t.finalist,
       (SELECT b.name FROM attempt x JOIN board b USING (board) WHERE x.study = t.study AND x.trial = t.trial
        ORDER BY x.attempt DESC LIMIT 1) AS board,
       (SELECT count(*) FROM attempt x WHERE x.study = t.study AND x.trial = t.trial) AS attempts,
       (SELECT sum(x.ended_ms - x.begun_ms) / 1000.0 FROM attempt x WHERE x.study = t.study AND x.trial = t.trial) AS seconds, -- on boards
       t.result_seq,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.created_ms / 1000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.updated_ms / 1000, 'unixepoch') AS updated
FROM trial t JOIN study s USING (study)
LEFT JOIN measurement correct ON correct.study = t.study AND correct.trial = t.trial AND correct.name = 'correct' AND correct.current
LEFT JOIN measurement test ON test.study = t.study AND test.trial = t.trial AND test.name = 'test_correct' AND test.current
LEFT JOIN measurement flash ON flash.study = t.study AND flash.trial = t.trial AND flash.name = 'flash_bytes' AND flash.current
LEFT JOIN measurement weights ON weights.study = t.study AND weights.trial = t.trial AND weights.name = 'weights_bytes' AND weights.current
LEFT JOIN measurement ram ON ram.study = t.study AND ram.trial = t.trial AND ram.name = 'ram_bytes' AND ram.current
LEFT JOIN measurement latency ON latency.study = t.study AND latency.trial = t.trial AND latency.name = 'latency_cycles' AND latency.current
LEFT JOIN measurement energy ON energy.study = t.study AND energy.trial = t.trial AND energy.name = 'energy_nj' AND energy.current
LEFT JOIN attempt a ON a.study = t.study AND a.trial = t.trial AND a.attempt = latency.attempt
LEFT JOIN measurement int8_correct ON int8_correct.study = t.study AND int8_correct.trial = 1 AND int8_correct.name = 'correct' AND int8_correct.current
LEFT JOIN measurement int8_flash ON int8_flash.study = t.study AND int8_flash.trial = 1 AND int8_flash.name = 'flash_bytes' AND int8_flash.current;

-- Studies with counts of their trials.
CREATE VIEW v_study AS
SELECT s.study, s.name, coalesce((SELECT atom FROM json_each(s.config) WHERE key = 'metric'), 'accuracy') AS metric, s.state, s.reason, s.progress, s.network, s.board_type, s.seed, s.trials,
       (SELECT count(*) FROM trial t WHERE t.study = s.study) AS proposed,
       (SELECT count(*) FROM trial t WHERE t.study = s.study AND t.outcome = 'measured') AS measured,
       (SELECT count(*) FROM trial t WHERE t.study = s.study AND t.outcome = 'infeasible') AS infeasible,
       (SELECT count(*) FROM trial t WHERE t.study = s.study AND t.outcome = 'given_up') AS given_up,
       (SELECT count(*) FROM trial t WHERE t.study = s.study AND t.outcome = 'dropped') AS dropped,
       iif(s.space IS NULL, NULL, (SELECT count(*) FROM json_each(s.space, '$.slots'))) AS slots,
       (SELECT t.trial FROM trial t WHERE t.study = s.study AND t.outcome = 'measured' AND coalesce(t.final_reward, t.reward) IS NOT NULL
        ORDER BY t.finalist DESC, coalesce(t.final_reward, t.reward) DESC, t.trial LIMIT 1) AS best_trial, -- finalists first
       s.network_sha256, s.runner_sha256, s.config, s.text, s.folder,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.created_ms / 1000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.updated_ms / 1000, 'unixepoch') AS updated
FROM study s;

-- Every figure with its origin and the board it is from.
CREATE VIEW v_measurement AS
SELECT m.study, s.name AS study_name, m.trial, m.name, m.series, m.value, m.unit, m.repeats, m.spread, m.of, m.origin, m.current,
       m.attempt, b.name AS board, a.clock_hz, a.provenance
FROM measurement m JOIN study s USING (study)
LEFT JOIN attempt a ON a.study = m.study AND a.trial = m.trial AND a.attempt = m.attempt
LEFT JOIN board b ON b.board = a.board;

-- The setting of every slot of every trial, taken apart.
CREATE VIEW v_slot_bits AS
SELECT t.study, t.trial, j.key AS slot, j.value AS setting,
       CASE WHEN j.value = 'float32' THEN 32 ELSE CAST(substr(j.value, 2) AS INTEGER) END AS w_bits,
       CASE WHEN j.value = 'float32' THEN 32 ELSE CAST(substr(j.value, instr(j.value, 'a') + 1) AS INTEGER) END AS a_bits,
       CASE WHEN j.value = 'float32' THEN 'float32' WHEN instr(j.value, '/') THEN substr(j.value, instr(j.value, '/') + 1)
            ELSE 'uniform' END AS scheme,
       instr(t.candidate, ' ') = 0 AS everywhere -- the candidate names one setting for all slots
FROM trial t, json_each('["' || replace(t.candidate, ' ', '","') || '"]') j;

-- The layers of every study's network, as its worker found them.
CREATE VIEW v_layer AS
SELECT s.study, l.key AS layer, (SELECT atom FROM json_each(l.value) WHERE key = 'name') AS name,
       (SELECT atom FROM json_each(l.value) WHERE key = 'kind') AS kind,
       (SELECT atom FROM json_each(l.value) WHERE key = 'slot') AS slot,
       (SELECT atom FROM json_each(l.value) WHERE key = 'macs') AS macs,
       (SELECT atom FROM json_each(l.value) WHERE key = 'parameters') AS parameters
FROM study s, json_each(s.space, '$.layers') l;

-- The setting of every layer of every trial, with the layer's name.
CREATE VIEW v_layer_bits AS
SELECT b.study, b.trial, l.layer, l.name, l.kind, l.slot, b.setting, b.w_bits, b.a_bits, b.scheme
FROM v_layer l JOIN v_slot_bits b ON b.study = l.study AND (b.everywhere OR b.slot = l.slot);

-- Core cycles of every layer, of the search (series 0) and of finalists (series 1).
CREATE VIEW v_layer_cycles AS
SELECT m.study, m.trial, m.series, m.layer, (SELECT l.name FROM v_layer l WHERE l.study = m.study AND l.layer = m.layer) AS name,
       m.cycles, iif(b.virtual, 'virtual', 'real') AS origin
FROM layer_measurement m
JOIN attempt a ON a.study = m.study AND a.trial = m.trial AND a.attempt = m.attempt
JOIN board b ON b.board = a.board;

-- Every try on a board.
CREATE VIEW v_attempt AS
SELECT a.study, s.name AS study_name, a.trial, a.attempt, a.series, b.name AS board, a.state, a.class, a.text, a.clock_hz, a.provenance,
       (a.ended_ms - a.begun_ms) / 1000.0 AS seconds,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.begun_ms / 1000, 'unixepoch') AS begun,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.ended_ms / 1000, 'unixepoch') AS ended
FROM attempt a JOIN study s USING (study) JOIN board b USING (board);

-- Boards with their work, failures and wear.
CREATE VIEW v_board AS
SELECT b.board AS number, b.name AS board, b.type, b.serial, b.virtual, b.state, b.reason,
       (SELECT count(*) FROM attempt a WHERE a.board = b.board) AS jobs,
       (SELECT count(*) FROM attempt a WHERE a.board = b.board AND a.class IS NOT NULL) AS failed_jobs,
       coalesce((SELECT max(p.erases) FROM board_page p WHERE p.board = b.board), 0) AS most_worn_page_erases,
       (SELECT count(*) FROM board_page p WHERE p.board = b.board) AS pages_erased,
       b.wear_budget,
       (SELECT a.study FROM attempt a WHERE a.board = b.board AND a.state = 'open' ORDER BY a.begun_ms DESC, a.study DESC, a.trial DESC
        LIMIT 1) AS study, -- of the newest attempt that is open: older ones wait for their result to be stored
       (SELECT a.trial FROM attempt a WHERE a.board = b.board AND a.state = 'open' ORDER BY a.begun_ms DESC, a.study DESC, a.trial DESC
        LIMIT 1) AS trial
FROM board b;

-- Wear, page by page.
CREATE VIEW v_board_page AS
SELECT b.name AS board, p.page, p.erases, b.wear_budget FROM board_page p JOIN board b USING (board);

-- What happened.
CREATE VIEW v_event AS
SELECT e.seq, strftime('%Y-%m-%dT%H:%M:%SZ', e.time_ms / 1000, 'unixepoch') AS time, e.topic, e.study, e.trial, e.data FROM event e;

-- Files with raw samples of a meter: of the front, of finalists and of both baselines.
CREATE VIEW v_trace AS
SELECT r.study, s.name AS study_name, r.trial, r.attempt, a.series, b.name AS board, iif(b.virtual, 'virtual', 'real') AS origin, r.file,
       r.bytes, r.sha256, r.windows, r.samples
FROM trace r JOIN study s USING (study)
JOIN attempt a ON a.study = r.study AND a.trial = r.trial AND a.attempt = r.attempt
JOIN board b ON b.board = a.board;

-- What each board's canary was measured to be, and how far off the reference before it, in thousandths. Without INDEXED BY, SQLite would rather
-- go through all rows back to the reference.
CREATE VIEW v_canary AS
SELECT b.name AS board, iif(b.virtual, 'virtual', 'real') AS origin, c.canary, strftime('%Y-%m-%dT%H:%M:%SZ', c.time_ms / 1000, 'unixepoch') AS time,
       c.runner_sha256, c.image_sha256, c.cycles, c.energy_nj, c.reference, c.drifted,
       round(1000.0 * (c.cycles - f.cycles) / f.cycles, 3) AS cycles_off_permille,
       round(1000.0 * (c.energy_nj - f.energy_nj) / f.energy_nj, 3) AS energy_off_permille
FROM canary c JOIN board b USING (board)
LEFT JOIN canary f ON f.board = c.board AND f.canary = (SELECT max(x.canary) FROM canary x INDEXED BY canary_reference
    WHERE x.board = c.board AND x.canary <= c.canary AND x.reference AND x.runner_sha256 = c.runner_sha256 AND x.image_sha256 = c.image_sha256);
