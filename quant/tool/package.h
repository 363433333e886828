// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The C package: a folder that builds with CMake, for a host or a board (docs/export.md).
#ifndef PARE_QUANT_TOOL_PACKAGE_H
#define PARE_QUANT_TOOL_PACKAGE_H

#include "quant/tool/image_view.h"

#include <cjson/cJSON.h>

#define PACKAGE_NAME_MAX 32
#define PACKAGE_FILE_MAX (64u << 20) // bytes of one generated file: 12 MB of weights

/* What goes into a package besides the image. Everything stays the caller's. */
struct package {
    const char *name;          // C identifier, at most PACKAGE_NAME_MAX characters
    const char *version;       // of this tool
    const cJSON *config;       // a pare.config/1 object
    const cJSON *figures;      // written into metadata.json as they are; NULL: none
    const cJSON *input;        // how stored data become the network's input ("transform"); NULL: none
    uint32_t parameters_bytes; // of the program, from the plan
};

/* 0 if `name` can be a package's name, or -1 with the reason: no C identifier, too long, or reserved (a
 * keyword, a target of CMake). */
int package_check_name(const char *name, struct error *e);

/* Writes the package of `image`. `folder` must not exist or be empty; it appears at once, when all is
 * written, so that a failure leaves nothing behind. *files (may be NULL) becomes a JSON array of the files'
 * names, which the caller deletes. Equal arguments give equal bytes. Returns 0, or -1 with the reason. */
int package_write(const struct package *p, const struct image_view *image, const char *folder, cJSON **files,
                  struct error *e);

#endif
