// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX's own node tests (Debian: libonnx-testdata), made into networks: a test is one node whose inputs are all inputs of the graph, and
// has no weights. What is not data becomes a constant, and layers that change nothing stand before and after the node.
#ifndef PARE_TESTS_ONNX_NODE_TEST_H
#define PARE_TESTS_ONNX_NODE_TEST_H

#include "base/error.h"
#include "onnx.pb-c.h"
#include "quant/import/onnx_constant.h"

#include <stdbool.h>
#include <stddef.h>

#define ONNX_NODE_TEST_TENSORS 16 // more than any test has

/* As it lies in its folder. */
struct onnx_node_test {
    Onnx__ModelProto *model;
    int n_inputs, n_outputs;
    Onnx__TensorProto *inputs[ONNX_NODE_TEST_TENSORS], *outputs[ONNX_NODE_TEST_TENSORS]; // NULL: not a tensor
};

/* Reads model.onnx and test_data_set_0. Returns 0, or -1 with the reason; finish it in both cases. */
int onnx_node_test_read(const char *folder, struct onnx_node_test *t, struct error *e);
void onnx_node_test_finish(struct onnx_node_test *t);

/* What stands around the node. */
enum onnx_node_form {
    ONNX_NODE_FIRST = 0, // axis 1 is the channels': 1 x 1 convolutions, or dense layers between vectors
    ONNX_NODE_FLAT,      // the same before, Flatten and a dense layer after it
    ONNX_NODE_LAST,      // sequences with channels last: a MatMul before and after
    ONNX_NODE_FORM_COUNT,
};

/* A network of one input and one output, with the values of both in the file's order. */
struct onnx_node_case {
    struct onnx_constant input, output;
    char *bytes; // the .onnx file
    size_t size;
    bool channels_last;
    bool softmax, logarithm; // of it: the values are those after a softmax that the network leaves away
};

/* Takes output k of the test. `all`: every input is data (the network's input is split along its channels), else only the first.
 * Changes the test, which can only be finished afterwards. Returns 0, finish `c`; 1: the test has no such form (not float32, shapes
 * that cannot be put together, vectors and scalars). */
int onnx_node_case_make(struct onnx_node_test *t, bool all, enum onnx_node_form form, int k, struct onnx_node_case *c);
void onnx_node_case_finish(struct onnx_node_case *c);

#endif
