// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writing and pruning events.
#include "schema/writer.h"

int writer_tell(struct store *s, int64_t study, struct store_events *events, struct error *e)
{
    for (int i = 0; events && i < events->n; i++) {
        struct store_event *event = &events->list[i];
        int result = connection_run(&s->c, STATEMENT_PUT_EVENT,
                                    VALUES(as_int(writer_now(s)), as_text(event->topic),
                                           as_int(event->study ? event->study : study), as_int(event->trial),
                                           as_text(event->data)),
                                    e);
        if (result != 0)
            return result;
        s->told = event->seq = sqlite3_last_insert_rowid(s->c.db);
    }
    return 0;
}

int store_tell(struct store *s, struct store_events *events, struct error *e)
{
    int result = writer_begin(s, 0, e);
    return result != 0 ? result : writer_end(s, writer_tell(s, 0, events, e), e);
}

int store_prune_events(struct store *s, int64_t keep, struct error *e)
{
    if (keep < 0)
        return error_set(e, "%lld events cannot be kept", (long long)keep);
    int result = writer_begin(s, 0, e);
    if (result != 0)
        return result;
    return writer_end(s, connection_run(&s->c, STATEMENT_PRUNE_EVENTS, VALUES(as_int(keep)), e), e);
}

int64_t store_last_event(const struct store *s)
{
    return s->last_event;
}
