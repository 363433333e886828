// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From the bytes of a TensorFlow Lite file to a sealed network. Tensors are h, w, c already, activations
// fused: operators map one to one.
#include "quant/import/tflite.h"

#include <stdlib.h>
#include <string.h>

enum { // fields of Model, SubGraph, Tensor, Buffer, Operator, OperatorCode
    MODEL_VERSION = 0,
    MODEL_OPERATOR_CODES = 1,
    MODEL_SUBGRAPHS = 2,
    MODEL_BUFFERS = 4,
    GRAPH_TENSORS = 0,
    GRAPH_INPUTS = 1,
    GRAPH_OUTPUTS = 2,
    GRAPH_OPERATORS = 3,
    TENSOR_SHAPE = 0,
    TENSOR_TYPE = 1,
    TENSOR_BUFFER = 2,
    BUFFER_DATA = 0,
    OPERATOR_CODE_INDEX = 0,
    OPERATOR_INPUTS = 1,
    OPERATOR_OUTPUTS = 2,
    OPERATOR_OPTIONS = 4,
    CODE_DEPRECATED = 0,
    CODE_BUILTIN = 3,
};

static int read_tensor(struct tflite_tensor *t, const struct flat_table *table,
                       const struct flat_vector *buffers, struct error *e)
{
    struct flat_vector shape = flat_vector_of(table, TENSOR_SHAPE, 4);
    struct flat_table buffer = flat_element_table(buffers, (size_t)flat_integer(table, TENSOR_BUFFER, 4, 0));
    t->table = *table;
    t->type = (enum tflite_type)flat_integer(table, TENSOR_TYPE, 1, 0);
    t->data = flat_vector_of(&buffer, BUFFER_DATA, 1);
    if (shape.n > TFLITE_RANK_MAX)
        return error_set(e, "a tensor of more than %d axes", TFLITE_RANK_MAX);
    t->rank = (int)shape.n;
    t->elements = 1;
    for (int d = 0; d < t->rank; d++) {
        t->dims[d] = flat_element(&shape, (size_t)d);
        if (d == 0 && t->dims[d] == -1)
            t->dims[d] = 1; // an open batch
        if (t->dims[d] < 1 || t->elements > (int64_t)NET_ACTIVATIONS_MAX / t->dims[d])
            return error_set(e, "a tensor that is open or larger than %u values", NET_ACTIVATIONS_MAX);
        t->elements *= t->dims[d];
    }
    return 0;
}

static int read_tensors(struct tflite *x, const struct flat_table *model, const struct flat_table *graph,
                        struct error *e)
{
    struct flat_vector tensors = flat_vector_of(graph, GRAPH_TENSORS, 4),
                       buffers = flat_vector_of(model, MODEL_BUFFERS, 4);
    if (!tensors.n || tensors.n > TFLITE_TENSORS_MAX)
        return error_set(e, "%zu tensors (1 to %d are supported)", tensors.n, TFLITE_TENSORS_MAX);
    x->tensors = calloc(tensors.n, sizeof *x->tensors);
    if (!x->tensors)
        return error_set(e, "out of memory");
    x->n_tensors = tensors.n;
    for (size_t i = 0; i < tensors.n; i++) {
        struct flat_table table = flat_element_table(&tensors, i);
        if (read_tensor(&x->tensors[i], &table, &buffers, e))
            return error_wrap(e, "tensor %zu", i);
    }
    return x->file.broken ? error_set(e, "a tensor that points out of the file") : 0;
}

/* h, w, c of a shape with the batch first; missing axes are 1. */
static int add_input(struct tflite *x, struct tflite_tensor *t, struct error *e)
{
    int64_t sides[3] = {1, 1, 1};
    struct net_grid grid;
    if (tflite_grid(t, &grid, e))
        return error_wrap(e, "the input");
    if (t->rank < 2 || t->rank > 4 || t->dims[0] != 1)
        return error_set(e, "an input of %d axes with a batch of %lld", t->rank, (long long)t->dims[0]);
    for (int d = 1; d < t->rank; d++)
        sides[d - 1 + (t->rank == 2 ? 2 : 0)] = t->dims[d];
    for (int i = 0; i < 3; i++)
        if (sides[i] > NET_SIDE_MAX)
            return error_set(e, "an input with a side of more than %d", NET_SIDE_MAX);
    t->net = x->net->input = net_add_tensor(x->net, (int)sides[0], (int)sides[1], (int)sides[2], e);
    t->computed = true;
    if (t->net >= 0)
        x->net->grids[t->net] = grid;
    return t->net < 0 ? -1 : 0;
}

static struct tflite_tensor *end_of(struct tflite *x, const struct flat_table *graph, unsigned field,
                                    struct error *e)
{
    struct flat_vector list = flat_vector_of(graph, field, 4);
    int64_t k = flat_element(&list, 0);
    if (list.n != 1)
        error_set(e, "%zu inputs or outputs: one is supported", list.n);
    else if (k < 0 || (size_t)k >= x->n_tensors)
        error_set(e, "an input or output that does not exist");
    else
        return &x->tensors[k];
    return NULL;
}

static int take_operator(struct tflite *x, const struct flat_table *table, const struct flat_vector *codes,
                         struct error *e)
{
    struct flat_table code =
        flat_element_table(codes, (size_t)flat_integer(table, OPERATOR_CODE_INDEX, 4, 0));
    int64_t old = flat_integer(&code, CODE_DEPRECATED, 1, 0), new = flat_integer(&code, CODE_BUILTIN, 4, 0);
    struct tflite_op op = {.code = (int)(old > new ? old : new)};
    op.inputs = flat_vector_of(table, OPERATOR_INPUTS, 4);
    op.outputs = flat_vector_of(table, OPERATOR_OUTPUTS, 4);
    op.options = flat_table_of(table, OPERATOR_OPTIONS);
    const struct tflite_operator *row = tflite_operator_find(op.code);
    if (x->file.broken)
        return error_set(e, "an operator that points out of the file");
    if (row && !row->take(x, &op, e))
        return x->file.broken ? error_set(e, "(%s) points out of the file", row->name) : 0;
    if (!row)
        error_set(e, "this operator is not supported");
    char name[NET_NAME_MAX] = "";
    int64_t out = flat_element(&op.outputs, 0);
    if (op.outputs.n && out >= 0 && (size_t)out < x->n_tensors)
        tflite_name(&x->tensors[out], name);
    return row ? error_wrap(e, "node '%s' (%s)", name, row->name)
               : error_wrap(e, "node '%s' (builtin %d)", name, op.code);
}

static int take_graph(struct tflite *x, const struct flat_table *model, const struct flat_table *graph,
                      struct error *e)
{
    struct flat_vector operators = flat_vector_of(graph, GRAPH_OPERATORS, 4),
                       codes = flat_vector_of(model, MODEL_OPERATOR_CODES, 4);
    if (read_tensors(x, model, graph, e))
        return -1;
    struct tflite_tensor *in = end_of(x, graph, GRAPH_INPUTS, e),
                         *out = in ? end_of(x, graph, GRAPH_OUTPUTS, e) : NULL;
    if (!out || add_input(x, in, e))
        return -1;
    x->input = (int)(in - x->tensors);
    if (operators.n > TFLITE_OPERATORS_MAX)
        return error_set(e, "%zu operators, more than %d", operators.n, TFLITE_OPERATORS_MAX);
    for (size_t i = 0; i < operators.n; i++) {
        struct flat_table table = flat_element_table(&operators, i);
        if (take_operator(x, &table, &codes, e))
            return -1;
    }
    if (!out->computed)
        return error_set(e, "nothing computes the output");
    x->net->output = out->net;
    x->net->softmax = out->softmax;
    return net_seal(x->net, e);
}

int tflite_import(const char *bytes, size_t size, struct net *n, struct error *e)
{
    struct tflite x = {.file = {(const uint8_t *)bytes, size, false}, .net = n};
    struct flat_table model = flat_root(&x.file);
    struct flat_vector graphs = flat_vector_of(&model, MODEL_SUBGRAPHS, 4);
    struct flat_table graph = flat_element_table(&graphs, 0);
    int64_t version = flat_integer(&model, MODEL_VERSION, 4, 0);
    if (x.file.broken || version != 3)
        return error_set(e, "a TensorFlow Lite file that is broken, cut off or not of version 3");
    if (graphs.n != 1)
        return error_set(e, "%zu subgraphs: one is supported", graphs.n);
    int failed = take_graph(&x, &model, &graph, e);
    free(x.tensors);
    return failed;
}
