// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The one table of methods and verbs: it drives the server's check of parameters, the client's parser, help, completion
// and the manual pages.
#ifndef PARE_DAEMON_CTL_COMMANDS_H
#define PARE_DAEMON_CTL_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

/* What may be asked of the service. */
enum method {
    METHOD_NONE = 0, // a verb of the client that has no method of its own
    METHOD_HELLO,
    METHOD_STATUS,
    METHOD_STUDY_CREATE,
    METHOD_STUDY_CHECK,
    METHOD_STUDY_START,
    METHOD_STUDY_PAUSE,
    METHOD_STUDY_RESUME,
    METHOD_STUDY_STOP,
    METHOD_STUDY_LIST,
    METHOD_STUDY_SHOW,
    METHOD_TRIAL_LIST,
    METHOD_TRIAL_SHOW,
    METHOD_TRIAL_TRACE,
    METHOD_BOARD_LIST,
    METHOD_BOARD_CANARY,
    METHOD_BOARD_REFERENCE,
    METHOD_BOARD_RELEASE,
    METHOD_BEST,
    METHOD_PARETO,
    METHOD_EXPORT,
    METHOD_CONFIG_SHOW,
    METHOD_DB_CHECK,
    METHOD_DB_BACKUP,
    METHOD_DB_DIGEST,
    METHOD_EVENTS_SUBSCRIBE, // answered by the server itself
    METHOD_SHUTDOWN,
    METHOD_COUNT,
};

/* Who may call. Each may also do what stands above it. */
enum access {
    ACCESS_NONE = 0, // nothing at all: the connection is closed with one line
    ACCESS_READER,
    ACCESS_OPERATOR,
};

enum param_type {
    PARAM_NONE = 0, // ends a list
    PARAM_TEXT,     // JSON string
    PARAM_NAME,     // JSON string or positive integer: a study by name or number
    PARAM_INTEGER,  // JSON number without a fraction, min..max
    PARAM_NUMBER,   // JSON number, min..max
    PARAM_FLAG,     // JSON true or false
    PARAM_CHOICE,   // JSON string, one of `choices`
    PARAM_CHOICES,  // JSON array of strings, each one of `choices`, none twice
    PARAM_TEXTS,    // JSON array of strings
    PARAM_PAIRS,    // JSON object of strings
};

#define PARAMS_MAX 10 // of one command, with the one that ends the list
#define PARAM_LIST_MAX 64 // items in one list or object
#define EXAMPLES_MAX 4

struct param {
    const char *name;   // in the protocol; NULL: the client's own
    const char *option; // of the client: "--limit", or in capitals ("STUDY") a positional; NULL: not on the command line
    enum param_type type;
    bool required;
    const char *choices; // PARAM_CHOICE, PARAM_CHOICES: separated by one space
    double min, max;     // PARAM_INTEGER, PARAM_NUMBER; both 0: not limited (beyond +-2^53 of integers)
    const char *value;   // what stands for the value in help texts: "S", "FILE"; NULL: from the type
    const char *help;
};

struct command {
    enum method method;
    const char *name;     // of the method: "study.create"; NULL with METHOD_NONE
    const char *verb;     // "study create"; NULL: only over the socket
    enum access who;
    const char *help;     // one line, without a full stop
    const char *result;   // what the answer holds, for pare-rpc(7)
    const char *examples[EXAMPLES_MAX];
    struct param params[PARAMS_MAX];
};

/* All commands, in the order of help texts. */
const struct command *commands_all(size_t *n);

/* Options that every verb takes (--json, --socket, ...), ended by PARAM_NONE. */
const struct param *commands_global(void);

const struct command *commands_by_method(enum method method); // NULL for METHOD_NONE
const struct command *commands_by_name(const char *name);     // "study.create"; NULL when there is none
const struct command *commands_by_verb(const char *verb);     // "study create"; NULL when there is none

bool commands_is_group(const char *word); // "study", of "study create"

/* Is `word` one of `choices`? */
bool commands_choice(const char *choices, const char *word, size_t size);

/* The topics of events, separated by spaces. A subscriber may also name a group: "trial" for all of "trial.*". */
const char *commands_topics(void);

/* Of the names of methods (`methods`) or else of verbs, the one that `word` is most likely meant to be (edit distance at
 * most a third of its length, at least 1); NULL when nothing is near. */
const char *commands_suggest(const char *word, bool methods);

#endif
