// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writing studies.
#include "schema/writer.h"

const char *store_state_name(enum store_state state)
{
    static const char *const names[STORE_STATE_COUNT] = {"created", "preparing", "searching", "finishing",
                                                         "finished", "paused", "stopped", "failed"};
    return (unsigned)state < STORE_STATE_COUNT ? names[state] : "unknown";
}

static int insert_study(struct store *s, const struct store_study *study, int64_t *number, struct error *e)
{
    unsigned objectives = study->objectives ? study->objectives : STORE_BY_FLASH;
    int result = connection_run(&s->c, STATEMENT_CREATE_STUDY,
                                VALUES(as_text(study->name), as_text(study->text), as_text(study->folder),
                                       as_text(study->config), as_text(study->network), as_text(study->board_type),
                                       as_int((int64_t)study->seed), as_int(study->trials), as_int(objectives),
                                       as_int(writer_now(s))),
                                e);
    if (result < 0 && sqlite3_extended_errcode(s->c.db) == SQLITE_CONSTRAINT_UNIQUE) {
        error_set(e, "a study named %s exists", study->name);
        return STORE_CONFLICT;
    }
    *number = sqlite3_last_insert_rowid(s->c.db);
    return result;
}

int store_create_study(struct store *s, const struct store_study *study, struct store_events *events, int64_t *number,
                       struct error *e)
{
    int result = writer_begin(s, 0, e);
    if (result != 0)
        return result;
    result = insert_study(s, study, number, e);
    if (result == 0)
        result = writer_tell(s, *number, events, e);
    return writer_end(s, result, e);
}

int store_study_state(struct store *s, int64_t study, enum store_state state, const char *reason, struct store_events *events,
                      struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_SET_STATE,
                            VALUES(as_int(study), as_text(store_state_name(state)), as_text(reason)), e);
    if (result == 0)
        result = writer_tell(s, study, events, e);
    return writer_end(s, result, e);
}

int store_study_space(struct store *s, int64_t study, const char *space, const char *network_sha256, struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_SET_SPACE, VALUES(as_int(study), as_text(space), as_text(network_sha256)), e);
    if (result == 0 && connection_changes(&s->c) == 0) {
        error_set(e, "the network is not the one that the study began with");
        result = STORE_CONFLICT;
    }
    return writer_end(s, result, e);
}

int store_study_runner(struct store *s, int64_t study, const char *runner_sha256, struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_SET_RUNNER, VALUES(as_int(study), as_text(runner_sha256)), e);
    return writer_end(s, result, e);
}

int store_study_progress(struct store *s, int64_t study, const char *text, struct store_events *events, struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_SET_PROGRESS, VALUES(as_int(study), as_text(text)), e);
    if (result == 0)
        result = writer_tell(s, study, events, e);
    return writer_end(s, result, e);
}
