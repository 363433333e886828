// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Small ONNX models made in a test, and an interpreter of them by the operators' definitions: doubles, plain loops, the file's own
// layout, nothing shared with the importer.
#ifndef PARE_TESTS_ONNX_MODEL_H
#define PARE_TESTS_ONNX_MODEL_H

#include "base/rng.h"
#include "onnx.pb-c.h"

#include <stddef.h>
#include <stdint.h>

#define ONNX_MODEL_RANK 6

/* A model with one input "x" of the given shape and one output "y". Free with onnx_model_destroy. */
Onnx__ModelProto *onnx_model_create(int opset, int rank, const int64_t *dims);
void onnx_model_destroy(Onnx__ModelProto *m);

/* Adds a node. `inputs` are names separated by spaces ("-" is an input left empty), `output` too. The node is named after its output. */
Onnx__NodeProto *onnx_model_node(Onnx__ModelProto *m, const char *type, const char *inputs, const char *output);
void onnx_model_int(Onnx__NodeProto *n, const char *name, int64_t value);
void onnx_model_float(Onnx__NodeProto *n, const char *name, float value);
void onnx_model_text(Onnx__NodeProto *n, const char *name, const char *value);
void onnx_model_ints(Onnx__NodeProto *n, const char *name, int count, const int64_t *values);

/* Adds initializers: normal noise around `mean`, one number, or integers along one axis. */
Onnx__TensorProto *onnx_model_noise(Onnx__ModelProto *m, const char *name, int rank, const int64_t *dims, double mean, struct rng *r);
Onnx__TensorProto *onnx_model_number(Onnx__ModelProto *m, const char *name, float value);
Onnx__TensorProto *onnx_model_list(Onnx__ModelProto *m, const char *name, int count, const int64_t *values);

/* The file. The caller frees *bytes. */
size_t onnx_model_pack(const Onnx__ModelProto *m, char **bytes);

/* An array in the file's order. */
struct onnx_array {
    int rank;
    int dims[ONNX_MODEL_RANK];
    int whole; // of integers: division rounds to zero
    double *values; // heap
};

size_t onnx_array_count(const struct onnx_array *a);

/* Computes the model's output for an input of its shape. The caller frees the result's values. */
struct onnx_array onnx_model_run(const Onnx__ModelProto *m, const double *input);

#endif
