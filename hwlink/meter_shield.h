// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ST's power instruments speak one language (UM2269): a command a line, answered by "ack ..." or "error ..." after a prompt. What differs
// between them is a dialect.
#ifndef PARE_HWLINK_METER_SHIELD_H
#define PARE_HWLINK_METER_SHIELD_H

#include "hwlink/lpm01a_stream.h"
#include "hwlink/meter.h"

/* One command of a conversation. */
enum shield_step_kind {
    SHIELD_ACK = 0,  // must be acknowledged
    SHIELD_OPTIONAL, // may be refused or unknown
    SHIELD_NAME,     // whatever is acknowledged is the instrument's name
    SHIELD_SETTLE,   // what an older recording still has to say is let pass; without a command only time passes
};

struct shield_step {
    enum shield_step_kind kind;
    const char *command; // %u: the supply in mV after "volt", else samples per second
};

struct shield_dialect {
    const char *instrument; // until it tells its name
    uint32_t baud;
    const char *line_end;
    const struct shield_step *record, *cycle; // conversations; `record` ends when samples may come
    size_t n_record, n_cycle;
    void (*take)(struct lpm01a_stream *s, const uint8_t *bytes, size_t n);
    bool fixed_frames;
};

/* struct meter_kind_actions, with a dialect. */
struct meter *shield_open(uv_loop_t *loop, const struct board_file *file, const struct shield_dialect *dialect, struct error *e);
void shield_record(struct meter *m, const struct meter_wish *wish,
                   void (*done)(void *user, int status, const char *text, const struct meter_window *w), void *user);
void shield_cycle(struct meter *m, uint64_t deadline_ms, void (*done)(void *user, int status, const char *text), void *user);
void shield_close(struct meter *m, void (*closed)(void *user), void *user);

#endif
