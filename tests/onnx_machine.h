// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The interpreter of tests/onnx_model.h from the inside: values by name, attributes of a node, and the
// operators, a file for each kind.
#ifndef PARE_TESTS_ONNX_MACHINE_H
#define PARE_TESTS_ONNX_MACHINE_H

#include "tests/onnx_model.h"

#include <stdbool.h>

#define ONNX_MACHINE_VALUES 1024 // nodes and constants
#define ONNX_MACHINE_NO_INPUT 99 // where a list can only be an attribute

struct onnx_machine {
    const Onnx__ModelProto *model;
    int n;
    const char *names[ONNX_MACHINE_VALUES];
    struct onnx_array arrays[ONNX_MACHINE_VALUES];
};

/* Zeros, and the same values again. The caller frees the values. */
struct onnx_array onnx_array_create(int rank, const int *dims);
struct onnx_array onnx_array_copied(const struct onnx_array *x);

/* The machine has the value from then on. */
void onnx_machine_put(struct onnx_machine *m, const char *name, struct onnx_array a);

/* Input `i` of the node; NULL if it was left empty. */
const struct onnx_array *onnx_machine_input(const struct onnx_machine *m, const Onnx__NodeProto *node,
                                            size_t i);

/* Attributes; NULL or `otherwise` if it is not there. */
const Onnx__AttributeProto *onnx_machine_attribute(const Onnx__NodeProto *node, const char *name);
int64_t onnx_machine_int(const Onnx__NodeProto *node, const char *name, int64_t otherwise);
double onnx_machine_float(const Onnx__NodeProto *node, const char *name, double otherwise);

/* The list from an attribute or input `i`. Returns its length, 0 if neither is there: `values` is then as it
 * was. */
int onnx_machine_list(const struct onnx_machine *m, const Onnx__NodeProto *node, const char *name, size_t i,
                      int *values);

/* Each computes the node if it is of its kind; the caller frees the result's values. False if it is not. */
bool onnx_layers_run(const struct onnx_machine *m, const Onnx__NodeProto *node, struct onnx_array *y);
bool onnx_elements_run(const struct onnx_machine *m, const Onnx__NodeProto *node, struct onnx_array *y);
bool onnx_shapes_run(const struct onnx_machine *m, const Onnx__NodeProto *node, struct onnx_array *y);

/* The one operator with several outputs: puts them. */
void onnx_shapes_split(struct onnx_machine *m, const Onnx__NodeProto *node);

#endif
