// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Text files that were built into this program (quant/tool/embed.c): the kernels and templates of the C
// package.
#ifndef PARE_QUANT_TOOL_EMBEDDED_H
#define PARE_QUANT_TOOL_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; // without folders
    const char *text; // NUL-terminated
    size_t size;      // without the NUL
};

extern const struct embedded embedded_files[];
extern const int embedded_count;

#endif
