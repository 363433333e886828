// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "schema/statements.h"

/* One row of v_trial and one of v_study (as v), as the socket sends them (docs/protocol.md). */
#define TRIAL_JSON \
    "json_object('study', study, 'trial', trial, 'kind', kind, 'why', why, 'state', state, 'candidate', candidate, 'hash', hash, " \
    "'reason', reason, 'metric', metric, 'correct', correct, 'samples', samples, 'accuracy', accuracy, 'loss_points', loss_points, "      \
    "'test_correct', test_correct, 'test_samples', test_samples, 'flash_bytes', flash_bytes, "                          \
    "'weights_bytes', weights_bytes, 'flash_of_int8', flash_of_int8, 'ram_bytes', ram_bytes, "                          \
    "'latency_cycles', latency_cycles, 'latency_us', latency_us, 'latency_spread_cycles', latency_spread_cycles, "      \
    "'energy_nj', energy_nj, 'energy_uj', energy_uj, 'energy_spread_nj', energy_spread_nj, 'power_mw', power_mw, "      \
    "'origin', origin, 'reward', reward, 'front', json(iif(front, 'true', 'false')), "                                  \
    "'finalist', json(iif(finalist, 'true', 'false')), 'board', board, 'attempts', attempts, 'seconds', seconds)"
#define STUDY_JSON \
    "json_object('study', v.study, 'name', name, 'metric', metric, 'state', state, 'reason', reason, 'network', network, "                 \
    "'board_type', board_type, 'trials', trials, 'measured', measured, 'infeasible', infeasible, 'given_up', given_up, 'dropped', dropped, "  \
    "'slots', slots, 'seed', seed, 'created', created, 'updated', updated, "                                            \
    "'best', json((SELECT " TRIAL_JSON " FROM v_trial WHERE study = v.study AND trial = v.best_trial)), "                   \
    "'progress', progress)"

/* Of a trial: whether its raw samples are kept. */
#define TRACED "(front OR finalist OR kind = 'baseline')"

/* What SQLite's check and the foreign keys complain of, as an array of texts; at most a hundred of each. */
#define PROBLEMS(check)                                                                                                \
    "SELECT json_group_array(problem) FROM (SELECT " check " AS problem FROM pragma_" check " WHERE " check " <> 'ok' " \
    "UNION ALL SELECT * FROM (SELECT 'a row of ' || \"table\" || ' names a row of ' || parent || ' that is not there' "  \
    "FROM pragma_foreign_key_check LIMIT 100))"

/* Parameters: ?1 is the study and ?2 the trial where there is one; what else there is stands in the calls, in order. */
const char *const statement_sql[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_READ] = "BEGIN",

    [STATEMENT_PUT_EVENT] = "INSERT INTO event (time_ms, topic, study, trial, data) "
                            "VALUES (?1, ?2, nullif(?3, 0), nullif(?4, 0), json(coalesce(?5, '{}')))",
    [STATEMENT_LAST_EVENT] = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)",
    [STATEMENT_PRUNE_EVENTS] = "DELETE FROM event WHERE seq <= "
                               "(SELECT seq FROM event ORDER BY seq DESC LIMIT 1 OFFSET ?1)",

    [STATEMENT_TOUCH_STUDY] = "UPDATE study SET updated_ms = ?2 WHERE study = ?1",
    [STATEMENT_CREATE_STUDY] = "INSERT INTO study (name, text, folder, config, network, board_type, seed, trials, objectives, "
                               "created_ms, updated_ms) VALUES (?1, ?2, ?3, json(?4), ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
    [STATEMENT_SET_STATE] = "UPDATE study SET state = ?2, reason = ?3, resume = CASE WHEN ?2 = 'paused' THEN "
                            "iif(state IN ('created', 'preparing', 'searching', 'finishing'), state, resume) END "
                            "WHERE study = ?1",
    [STATEMENT_SET_SPACE] = "UPDATE study SET space = json(?2), network_sha256 = ?3 "
                            "WHERE study = ?1 AND (network_sha256 IS NULL OR network_sha256 = ?3)",
    [STATEMENT_SET_RUNNER] = "UPDATE study SET runner_sha256 = ?2 WHERE study = ?1",
    [STATEMENT_SET_PROGRESS] = "UPDATE study SET progress = ?2 WHERE study = ?1",
    [STATEMENT_EACH_STUDY] = "SELECT name, text, folder, config, network, board_type, seed, trials, objectives, study, state, reason, "
                             "resume, space, network_sha256, runner_sha256, "
                             "(SELECT count(*) FROM trial t WHERE t.study = s.study), applied_seq, next_result_seq, step "
                             "FROM study s ORDER BY study",

    [STATEMENT_GET_TRIAL] = "SELECT outcome, result_seq, finalist FROM trial WHERE study = ?1 AND trial = ?2",
    [STATEMENT_SET_TRIAL_STATE] = "UPDATE trial SET state = ?3, updated_ms = ?4 "
                                  "WHERE study = ?1 AND trial = ?2 AND outcome IS NULL",
    [STATEMENT_PUT_FIGURE] =
        "INSERT INTO measurement (study, trial, name, series, value, unit, repeats, spread, of, origin, attempt, current) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, nullif(?11, 0), NOT EXISTS (SELECT 1 FROM measurement m "
        "WHERE m.study = ?1 AND m.trial = ?2 AND m.name = ?3 AND m.series > ?4)) "
        "ON CONFLICT (study, trial, name, series) DO UPDATE SET value = excluded.value, unit = excluded.unit, "
        "repeats = excluded.repeats, spread = excluded.spread, of = excluded.of, origin = excluded.origin, "
        "attempt = excluded.attempt",
    [STATEMENT_RETIRE_FIGURE] = "UPDATE measurement SET current = 0 WHERE study = ?1 AND trial = ?2 AND name = ?3 AND series < ?4",
    [STATEMENT_PUT_LAYER] = "INSERT INTO layer_measurement (study, trial, series, layer, cycles, attempt) "
                            "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [STATEMENT_NEXT_RESULT] = "UPDATE study SET next_result_seq = next_result_seq + 1 WHERE study = ?1 RETURNING next_result_seq - 1",
    [STATEMENT_SET_RESULT] = "UPDATE trial SET outcome = ?3, state = ?3, reason = ?4, result_seq = ?5, updated_ms = ?6 "
                             "WHERE study = ?1 AND trial = ?2",
    [STATEMENT_SET_FINAL] = "UPDATE trial SET finalist = 1, final_reward = ?3, updated_ms = ?4 WHERE study = ?1 AND trial = ?2",
    [STATEMENT_FRONT_POINTS] =
        "SELECT t.trial, t.front, CAST(c.value AS REAL) / c.of, f.value, r.value, l.value, e.value FROM trial t "
        "LEFT JOIN measurement c ON c.study = ?1 AND c.trial = t.trial AND c.name = 'correct' AND c.current "
        "LEFT JOIN measurement f ON f.study = ?1 AND f.trial = t.trial AND f.name = 'flash_bytes' AND f.current "
        "LEFT JOIN measurement r ON r.study = ?1 AND r.trial = t.trial AND r.name = 'ram_bytes' AND r.current "
        "LEFT JOIN measurement l ON l.study = ?1 AND l.trial = t.trial AND l.name = 'latency_cycles' AND l.current "
        "LEFT JOIN measurement e ON e.study = ?1 AND e.trial = t.trial AND e.name = 'energy_nj' AND e.current "
        "WHERE t.study = ?1 AND t.outcome = 'measured' ORDER BY t.trial",
    [STATEMENT_SET_FRONT] = "UPDATE trial SET front = ?3 WHERE study = ?1 AND trial = ?2",
    [STATEMENT_OBJECTIVES] = "SELECT objectives FROM study WHERE study = ?1",

    [STATEMENT_BEGIN_ATTEMPT] = "INSERT INTO attempt (study, trial, attempt, series, board, begun_ms) SELECT ?1, ?2, "
                                "1 + coalesce((SELECT max(attempt) FROM attempt WHERE study = ?1 AND trial = ?2), 0), ?3, board, ?5 "
                                "FROM board WHERE name = ?4 RETURNING attempt",
    [STATEMENT_FAIL_ATTEMPT] = "UPDATE attempt SET state = 'failed', class = ?4, text = ?5, ended_ms = ?6 "
                               "WHERE study = ?1 AND trial = ?2 AND attempt = ?3 AND state = 'open'",
    [STATEMENT_INTERRUPT_ATTEMPT] = "UPDATE attempt SET state = 'interrupted', text = ?4, ended_ms = ?5 "
                                    "WHERE study = ?1 AND trial = ?2 AND attempt = ?3 AND state = 'open'",
    [STATEMENT_SUCCEED_ATTEMPT] = "UPDATE attempt SET state = 'succeeded', clock_hz = ?4, provenance = json(?5), ended_ms = ?6 "
                                  "WHERE study = ?1 AND trial = ?2 AND attempt = ?3 AND state = 'open'",
    [STATEMENT_COUNT_OPEN_ATTEMPTS] = "SELECT count(*) FROM attempt WHERE study = ?1 AND trial = ?2 AND state = 'open'",
    // when a dead process's attempt ended is not known: it counts as no time
    [STATEMENT_INTERRUPT_ATTEMPTS] = "UPDATE attempt SET state = 'interrupted', ended_ms = begun_ms WHERE state = 'open'",
    [STATEMENT_INTERRUPT_TRIALS] = "UPDATE trial SET state = 'lowered' WHERE state = 'measuring'",

    [STATEMENT_TRACE_WANTED] = "SELECT " TRACED ", (SELECT coalesce(sum(bytes), 0) FROM trace) FROM trial WHERE study = ?1 AND trial = ?2",
    [STATEMENT_PUT_TRACE] = "INSERT INTO trace (study, trial, attempt, file, bytes, sha256, windows, samples) "
                            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_COUNT_UNWANTED_TRACES] = "SELECT count(*) FROM trace JOIN trial USING (study, trial) WHERE NOT " TRACED,
    [STATEMENT_DROP_TRACES] = "DELETE FROM trace WHERE (study, trial) IN (SELECT study, trial FROM trial WHERE NOT " TRACED ") RETURNING file",
    [STATEMENT_EACH_TRACE] = "SELECT file FROM trace ORDER BY file",

    [STATEMENT_GET_STEP] = "SELECT step, applied_seq, next_result_seq FROM study WHERE study = ?1",
    [STATEMENT_SET_STEP] = "UPDATE study SET step = ?2, applied_seq = ?3 WHERE study = ?1",
    [STATEMENT_SET_REWARD] = "UPDATE trial SET reward = ?3 WHERE study = ?1 AND trial = ?2 AND outcome = 'measured' "
                             "AND result_seq > ?4 AND result_seq <= ?5",
    [STATEMENT_SET_STEPPED] = "UPDATE trial SET state = 'stepped', updated_ms = ?3 "
                              "WHERE study = ?1 AND state = 'measured' AND result_seq <= ?2",
    [STATEMENT_COUNT_UNREWARDED] = "SELECT count(*) FROM trial "
                                   "WHERE study = ?1 AND outcome = 'measured' AND reward IS NULL AND result_seq <= ?2",
    [STATEMENT_PUT_AGENT] = "INSERT INTO agent_state (study, state, summary, updated_ms) VALUES (?1, ?2, json(?3), ?4) "
                            "ON CONFLICT (study) DO UPDATE SET state = coalesce(excluded.state, state), "
                            "summary = coalesce(excluded.summary, summary), updated_ms = excluded.updated_ms",
    [STATEMENT_COUNT_TRIALS] = "SELECT count(*) FROM trial WHERE study = ?1",
    [STATEMENT_PUT_TRIAL] = "INSERT INTO trial (study, trial, kind, candidate, hash, created_ms, updated_ms, why) "
                            "VALUES (?1, ?2, ?3, ?4, printf('%016x', ?5), ?6, ?6, ?7)",

    [STATEMENT_EACH_PROPOSAL] =
        "SELECT trial, kind, candidate, hash, "
        "(SELECT count(*) FROM attempt a WHERE a.study = ?1 AND a.trial = t.trial AND a.class NOT IN ('host', 'worn')), "
        "(SELECT count(*) FROM attempt a WHERE a.study = ?1 AND a.trial = t.trial AND a.class IN ('flash', 'run', 'mismatch')), "
        "(SELECT b.name FROM attempt a JOIN board b USING (board) WHERE a.study = ?1 AND a.trial = t.trial "
        "ORDER BY a.attempt DESC LIMIT 1) FROM trial t WHERE study = ?1 AND outcome IS NULL ORDER BY trial",
    [STATEMENT_EACH_RESULT] =
        "SELECT t.trial, t.outcome, t.reason, a.attempt, a.clock_hz, a.provenance, t.result_seq, t.candidate, t.kind, "
        "t.result_seq <= s.applied_seq, t.finalist, t.reward FROM trial t JOIN study s USING (study) "
        "LEFT JOIN attempt a ON a.study = ?1 AND a.trial = t.trial AND a.state = 'succeeded' AND a.series = 0 "
        "WHERE t.study = ?1 AND t.result_seq > ?2 ORDER BY t.result_seq",
    [STATEMENT_FIGURES] = "SELECT name, value, unit, repeats, spread, of, origin FROM measurement "
                          "WHERE study = ?1 AND trial = ?2 AND series = 0 ORDER BY name",
    [STATEMENT_LAYERS] = "SELECT layer, cycles FROM layer_measurement WHERE study = ?1 AND trial = ?2 AND series = 0 ORDER BY layer",
    [STATEMENT_AGENT_STATE] = "SELECT state FROM agent_state WHERE study = ?1 AND state IS NOT NULL",

    [STATEMENT_PUT_BOARD] = "INSERT INTO board (name, type, serial, virtual, wear_budget, created_ms, updated_ms) "
                            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) "
                            "ON CONFLICT (name) DO UPDATE SET wear_budget = excluded.wear_budget "
                            "WHERE type = ?2 AND serial = ?3 AND virtual = ?4",
    [STATEMENT_SAME_BOARD] = "SELECT name, type, serial, virtual FROM board WHERE name = ?1 OR serial = ?2 ORDER BY name <> ?1 LIMIT 1",
    [STATEMENT_SET_BOARD_STATE] = "UPDATE board SET state = ?2, reason = ?3, updated_ms = ?4 WHERE name = ?1",
    [STATEMENT_SET_BOARD_FLASH] = "UPDATE board SET flash = ?2, updated_ms = ?3 WHERE name = ?1 RETURNING board",
    [STATEMENT_PUT_PAGE] = "INSERT INTO board_page (board, page, erases) VALUES (?1, ?2, ?3) "
                           "ON CONFLICT (board, page) DO UPDATE SET erases = excluded.erases WHERE excluded.erases > erases",
    [STATEMENT_BOARD_FLASH] = "SELECT flash FROM board WHERE name = ?1",

    [STATEMENT_PUT_CANARY] =
        "INSERT INTO canary (board, canary, time_ms, runner_sha256, image_sha256, cycles, energy_nj, reference, drifted) SELECT board, "
        "1 + coalesce((SELECT max(canary) FROM canary c WHERE c.board = b.board), 0), ?2, ?3, ?4, ?5, nullif(?6, 0), ?7, ?8 "
        "FROM board b WHERE name = ?1 RETURNING canary",
    [STATEMENT_PRUNE_CANARIES] = "DELETE FROM canary WHERE board = (SELECT board FROM board WHERE name = ?1) AND canary <= ?2 AND NOT reference",
    [STATEMENT_CANARY_REFERENCE] = "SELECT cycles, coalesce(energy_nj, 0), reference, drifted FROM canary "
                                   "WHERE board = (SELECT board FROM board WHERE name = ?1) AND runner_sha256 = ?2 AND image_sha256 = ?3 AND reference = 1 "
                                   "ORDER BY canary DESC LIMIT 1",
    [STATEMENT_CANARY_LAST] = "SELECT cycles, coalesce(energy_nj, 0), reference, drifted FROM canary "
                              "WHERE board = (SELECT board FROM board WHERE name = ?1) AND runner_sha256 = ?2 AND image_sha256 = ?3 "
                              "ORDER BY canary DESC LIMIT 1",
    [STATEMENT_FORGET_CANARIES] = "UPDATE canary SET reference = 2 WHERE board = (SELECT board FROM board WHERE name = ?1) AND reference = 1",

    [STATEMENT_FIND_STUDY] = "SELECT study FROM study WHERE name = ?1 OR (?1 NOT GLOB '*[^0-9]*' AND study = CAST(?1 AS INTEGER))",
    [STATEMENT_READ_STUDIES] = "SELECT " STUDY_JSON " FROM v_study v ORDER BY v.study",
    [STATEMENT_READ_STUDY] =
        "SELECT json_set(" STUDY_JSON ", '$.config', json(v.config), '$.network_sha256', v.network_sha256, '$.quantized_sha256', (SELECT json_extract(space, '$.quantized_sha256') FROM study WHERE study = ?1), '$.layers', json(coalesce((SELECT json_extract(space, '$.layers') FROM study WHERE study = ?1), '[]')), "
        "'$.slots', json(coalesce((SELECT json_extract(space, '$.slots') FROM study WHERE study = ?1), '[]')), "
        "'$.agent', json((SELECT summary FROM agent_state a WHERE a.study = ?1))) "
        "FROM v_study v WHERE v.study = ?1",
    [STATEMENT_READ_TRIALS] =
        "SELECT " TRIAL_JSON " FROM v_trial WHERE study = ?1 AND (?2 IS NULL OR state = ?2) AND (NOT ?3 OR front) AND trial > ?6 "
        "ORDER BY CASE ?4 WHEN 'reward' THEN -reward WHEN 'flash_bytes' THEN flash_bytes WHEN 'accuracy' THEN -accuracy "
        "WHEN 'latency_cycles' THEN latency_cycles WHEN 'energy_nj' THEN energy_nj END NULLS LAST, trial LIMIT ?5",
    [STATEMENT_READ_TRIAL] =
        "SELECT json_set(" TRIAL_JSON ", '$.layers', json((SELECT json_group_array(json_object('layer', l.layer, 'name', l.name, 'kind', l.kind, "
        "'slot', l.slot, 'setting', l.setting, 'w_bits', l.w_bits, 'a_bits', l.a_bits, 'scheme', l.scheme, 'cycles', "
        "(SELECT c.cycles FROM layer_measurement c WHERE c.study = ?1 AND c.trial = ?2 AND c.layer = l.layer ORDER BY c.series DESC LIMIT 1))) "
        "FROM v_layer_bits l WHERE l.study = ?1 AND l.trial = ?2)), "
        "'$.attempts', json((SELECT json_group_array(json_object('attempt', attempt, 'series', series, 'board', board, 'state', state, "
        "'class', class, 'text', text, 'clock_hz', clock_hz, 'begun', begun, 'ended', ended, 'seconds', seconds)) "
        "FROM v_attempt WHERE study = ?1 AND trial = ?2)), "
        "'$.measurements', json((SELECT json_group_array(json_object('name', name, 'series', series, 'value', value, 'unit', unit, "
        "'repeats', repeats, 'spread', spread, 'of', of, 'origin', origin, 'attempt', attempt)) "
        "FROM v_measurement WHERE study = ?1 AND trial = ?2)), "
        "'$.provenance', json((SELECT provenance FROM attempt WHERE study = ?1 AND trial = ?2 AND state = 'succeeded' "
        "ORDER BY attempt DESC LIMIT 1)), '$.trace', json((SELECT json_object('attempt', attempt, 'windows', windows, 'samples', samples, "
        "'bytes', bytes) FROM trace WHERE study = ?1 AND trial = ?2 ORDER BY attempt DESC LIMIT 1))) FROM v_trial WHERE study = ?1 AND trial = ?2",
    [STATEMENT_READ_BEST] =
        "SELECT " TRIAL_JSON " FROM v_trial WHERE study = ?1 AND reward IS NOT NULL AND (?2 IS NULL OR loss_points <= ?2) "
        "AND (?3 IS NULL OR latency_us <= ?3) AND (?4 IS NULL OR flash_bytes <= ?4) AND (?5 IS NULL OR ram_bytes <= ?5) "
        "ORDER BY finalist DESC, reward DESC, trial LIMIT 1",
    [STATEMENT_READ_CHOSEN] = "SELECT " TRIAL_JSON " FROM json_each(?2) c JOIN v_trial t ON t.study = ?1 AND t.trial = c.value ORDER BY c.key",
    [STATEMENT_READ_BOARDS] = 
        "SELECT json_object('board', board, 'type', type, 'serial', serial, 'virtual', json(iif(virtual, 'true', 'false')), "
        "'state', state, 'reason', reason, 'jobs', jobs, 'failures', json((SELECT json_group_object(class, n) FROM "
        "(SELECT class, count(*) AS n FROM attempt a WHERE a.board = v.number AND class IS NOT NULL GROUP BY class))), "
        "'most_worn_page_erases', most_worn_page_erases, 'wear_budget', wear_budget, 'study', study, 'trial', trial) "
        "FROM v_board v ORDER BY board",
    [STATEMENT_READ_TRACE] =
        "SELECT json_object('file', file, 'bytes', bytes, 'sha256', sha256, 'windows', windows, 'samples', samples, 'attempt', attempt, "
        "'board', board, 'origin', origin) FROM v_trace WHERE study = ?1 AND trial = ?2 ORDER BY attempt DESC LIMIT 1",
    [STATEMENT_READ_CANARIES] =
        "SELECT json_object('board', name, 'canaries', json((SELECT json_group_array(json(o)) FROM (SELECT json_object('canary', canary, "
        "'time', time, 'cycles', cycles, 'energy_nj', energy_nj, 'cycles_off_permille', cycles_off_permille, 'energy_off_permille', "
        "energy_off_permille, 'reference', json(iif(reference, 'true', 'false')), 'drifted', json(iif(drifted, 'true', 'false')), "
        "'origin', origin, 'runner', runner_sha256, 'image', image_sha256) AS o FROM (SELECT * FROM v_canary WHERE board = b.name ORDER BY canary DESC LIMIT ?2) ORDER BY canary)))) "
        "FROM board b WHERE name = ?1",
    [STATEMENT_READ_EVENTS] = 
        "SELECT seq, json_object('seq', seq, 'time', time, 'topic', topic, 'study', study, 'trial', trial, 'data', json(data)) "
        "FROM v_event WHERE seq > ?1 AND (?2 = 0 OR study = ?2) "
                              "AND (?3 IS NULL OR topic IN (SELECT value FROM json_each(?3))) ORDER BY seq LIMIT ?4",
    [STATEMENT_OLDEST_EVENT] = "SELECT coalesce((SELECT min(seq) FROM event), "
                               "1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0))",

    [STATEMENT_QUICK_CHECK] = PROBLEMS("quick_check"),
    [STATEMENT_FULL_CHECK] = PROBLEMS("integrity_check"),

    [STATEMENT_DIGEST_TRIALS] = "SELECT trial, kind, candidate, outcome, iif(outcome = 'infeasible', reason, NULL), result_seq, "
                                "reward, finalist, final_reward FROM trial WHERE study = ?1 ORDER BY trial",
    [STATEMENT_DIGEST_FIGURES] = "SELECT name, series, value, unit, repeats, spread, of, origin FROM measurement "
                                 "WHERE study = ?1 AND trial = ?2 AND origin <> 'real' ORDER BY name, series",
    [STATEMENT_DIGEST_LAYERS] = "SELECT series, layer, cycles FROM v_layer_cycles "
                                "WHERE study = ?1 AND trial = ?2 AND origin <> 'real' ORDER BY series, layer",
};
