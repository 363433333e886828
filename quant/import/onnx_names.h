// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The names of an ONNX file's tensors, numbered.
#ifndef PARE_QUANT_IMPORT_ONNX_NAMES_H
#define PARE_QUANT_IMPORT_ONNX_NAMES_H

#include <stddef.h>

/* A hash table with open addressing; the texts are borrowed from the unpacked file. */
struct onnx_names {
    int n, limit;
    const char **texts; // [limit]
    int *slots;         // [n_slots], index + 1; 0 is empty
    size_t n_slots;
};

/* Room for `limit` names. Returns 0, or -1 out of memory. */
int onnx_names_init(struct onnx_names *names, int limit);
void onnx_names_finish(struct onnx_names *names);

/* The number of a name, given anew at first sight; -1 when the limit is reached. */
int onnx_names_number(struct onnx_names *names, const char *text);

/* The number of a known name, or -1. */
int onnx_names_find(const struct onnx_names *names, const char *text);

#endif
