// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The C package of a candidate, from a network file to a folder.
#ifndef PARE_QUANT_TOOL_SESSION_PACKAGE_H
#define PARE_QUANT_TOOL_SESSION_PACKAGE_H

#include "quant/tool/session.h"

#include <cjson/cJSON.h>

struct session_package {
    const char *name;        // C identifier
    const char *folder;      // must not exist or be empty
    const cJSON *figures;    // written into metadata.json as they are; NULL: none
    const cJSON *found;      // "figures" of the configuration (array); NULL: none
    const cJSON *provenance; // of the configuration (object); NULL: none
    uint8_t *image_sha256;   // [SHA256_BYTES], out: of the image that session_image writes for the candidate; NULL: not wanted
};

/* Lowers `c` and writes its package. *files (may be NULL) as of package_write. */
enum session_fault session_package(struct session *s, const struct candidate *c,
                                   const struct session_package *p, cJSON **files, struct error *e);

#endif
