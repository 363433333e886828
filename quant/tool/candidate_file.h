// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Candidates as people hand them in, and as `pare.config/1` files (docs/export.md).
#ifndef PARE_QUANT_TOOL_CANDIDATE_FILE_H
#define PARE_QUANT_TOOL_CANDIDATE_FILE_H

#include "base/candidate.h"
#include "base/sha256.h"
#include "quant/net/net.h"

#include <cjson/cJSON.h>

#define CANDIDATE_FILE_MAX (4u << 20) // bytes

/* What --candidate and --setting take: settings ("w8a8", "w8a8 w4a8 ...", or "given": for each slot the file's own), or the name of a file that has
 * them as text or as pare.config/1. `c` gets one setting for each slot of `n`. `network_sha256` (may be NULL)
 * is the hash of the network's file, which a pare.config/1 must agree with. Returns 0, or -1 with the reason.
 */
int candidate_file_read(const char *argument, const struct net *n, const uint8_t network_sha256[SHA256_BYTES],
                        struct candidate *c, struct error *e);

/* The same from the bytes of such a file. */
int candidate_file_parse(const char *text, const struct net *n, const uint8_t network_sha256[SHA256_BYTES],
                         struct candidate *c, struct error *e);

/* A pare.config/1 object; the caller deletes it. `network_path` gives the file's base name. `figures` (array)
 * and `provenance` (object) are copied; NULL: none. NULL when memory runs out. */
cJSON *candidate_file_config(const struct net *n, const struct candidate *c, const char *version,
                             const char *network_path, const uint8_t network_sha256[SHA256_BYTES],
                             const cJSON *figures, const cJSON *provenance);

/* "conv", "depthwise" or "dense" for layer `i`, and its name in the network's file. */
const char *candidate_file_kind(const struct net *n, int i);
const char *candidate_file_name(const struct net *n, int i);

#endif
