// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What `pare wait` waits for: "study:demo=finished", "board:vboard-1=idle", "trials>=100", "best.energy_uj<900".
#ifndef PARE_DAEMON_CTL_CONDITION_H
#define PARE_DAEMON_CTL_CONDITION_H

#include "base/error.h"

#include <cjson/cJSON.h>

#define CONDITION_WORD_MAX 128

enum condition_subject {
    CONDITION_NONE = 0,
    CONDITION_STUDY,   // its state
    CONDITION_BOARD,   // its state
    CONDITION_RESULTS, // trials with a result: measured, infeasible or given up
    CONDITION_FIELD,   // a number of the study, by path: "measured", "best.energy_uj"
};

enum condition_operator {
    CONDITION_EQUAL = 0,
    CONDITION_DIFFERENT,
    CONDITION_LESS,
    CONDITION_LESS_EQUAL,
    CONDITION_GREATER,
    CONDITION_GREATER_EQUAL,
};

struct condition {
    enum condition_subject subject;
    enum condition_operator operator;
    char name[CONDITION_WORD_MAX]; // of the study or board, or the field's path
    char word[CONDITION_WORD_MAX]; // the state
    double value;
};

enum verdict {
    VERDICT_PENDING = 0,
    VERDICT_HOLDS,
    VERDICT_NEVER,   // the study is over and will not come to it
    VERDICT_MISSING, // there is no such study or board
};

/* Returns 0, or -1 with the reason. */
int condition_parse(const char *text, struct condition *c, struct error *e);

/* Judges the answers of study.list and board.list; `study` (name or number, NULL: the newest) is whose numbers are meant.
 * `text` says how it stands ("study demo is paused"). */
enum verdict condition_judge(const struct condition *c, const cJSON *studies, const cJSON *boards, const cJSON *study,
                             char *text, size_t size);

#endif
