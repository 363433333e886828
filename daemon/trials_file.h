// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare.trials/1` (docs/export.md): the measured trials of a study and its policy as one text. What `pare export trials` writes, what a study may
// begin with, and what it keeps of that.
#ifndef PARE_DAEMON_TRIALS_FILE_H
#define PARE_DAEMON_TRIALS_FILE_H

#include "agent/agent.h"
#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#define TRIALS_FILE_SCHEMA "pare.trials/1"
#define TRIALS_FILE_MAX (16u << 20)                // bytes: 2,000 trials of 256 layers are 13 MB
#define TRIALS_FILE_TRIALS_MAX AGENT_TRIALS_MAX    // that one study can have
#define TRIALS_FILE_NAME_MAX 128                   // bytes of a name of a slot, layer, kind or version, with the NUL: a network's have less
#define TRIALS_FILE_POLICY_MAX 65536               // numbers of a policy: no version has nearly as many
#define TRIALS_FILE_VALUES_MAX 750000              // of JSON: 270 of each trial, the policy, and layers

/* Reads a text from outside and checks all of it: JSON, schema, the SHA-256 in its last line, and whether its members and trials make sense.
 * Returns the tree (cJSON_Delete), or NULL with one line that says what is wrong and what to do. */
cJSON *trials_file_parse(const char *text, size_t size, struct error *e);

/* The tree as such a text, one line for each member and each trial and one for the SHA-256; members that are not known are left out. Equal trees
 * give equal bytes. The caller frees it. NULL when out of memory or beyond TRIALS_FILE_MAX. */
char *trials_file_text(const cJSON *trials);

#endif
