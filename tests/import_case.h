// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What tests of the importer share: one model at a time, made, packed, imported and run beside the
// definitions.
#ifndef PARE_TESTS_IMPORT_CASE_H
#define PARE_TESTS_IMPORT_CASE_H

#include "base/error.h"
#include "quant/net/net.h"
#include "tests/onnx_model.h"

#include <check.h>

#define DIMS(...) ((const int64_t[]){__VA_ARGS__})

/* The case at hand: what was made of it, and the generator that draws its numbers. */
struct import_case {
    Onnx__ModelProto *model;
    struct net net;
    struct error error;
    struct rng rng;
};

extern struct import_case import_case;

/* Fixtures, and a fresh model with input "x" and output "y" in between. */
void import_case_setup(void);
void import_case_teardown(void);
void import_case_start(int opset, int rank, const int64_t *dims);

Onnx__NodeProto *import_case_node(const char *type, const char *inputs, const char *output);
void import_case_noise(const char *name, int rank, const int64_t *dims);

/* A 1 x 1 convolution from x to `output` with `c` channels: something to stand before the operator under
 * test. */
void import_case_stem(const char *output, int in_c, int c);

/* Packs and imports. Returns what import_bytes does. */
int import_case_take(void);

/* The import fails with one line that has `why` in it, and leaves nothing behind. */
void import_case_refuse(const char *why);

/* How the file counts elements. */
enum import_case_layout {
    CHANNELS_FIRST, // c, h, w; the network h, w, c
    AS_STORED,
};

/* Imports the model and compares one sample of noise with the definitions. */
void import_case_compare(enum import_case_layout in, enum import_case_layout out);

/* low..high, drawn. */
int import_case_drawn(int low, int high);

/* The whole of configs/demo/dscnn.onnx; the caller frees it. */
size_t import_case_demo(char **bytes);

#endif
