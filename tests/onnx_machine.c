// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/onnx_machine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

size_t onnx_array_count(const struct onnx_array *a)
{
    size_t n = 1;
    for (int i = 0; i < a->rank; i++)
        n *= (size_t)a->dims[i];
    return n;
}

struct onnx_array onnx_array_create(int rank, const int *dims)
{
    struct onnx_array a = {.rank = rank};
    ck_assert_int_le(rank, ONNX_MODEL_RANK);
    if (rank)
        memcpy(a.dims, dims, (size_t)rank * sizeof *dims);
    a.values = calloc(onnx_array_count(&a) + 1, sizeof *a.values);
    ck_assert_ptr_nonnull(a.values);
    return a;
}

struct onnx_array onnx_array_copied(const struct onnx_array *x)
{
    struct onnx_array y = onnx_array_create(x->rank, x->dims);
    memcpy(y.values, x->values, onnx_array_count(x) * sizeof *y.values);
    y.whole = x->whole;
    return y;
}

void onnx_machine_put(struct onnx_machine *m, const char *name, struct onnx_array a)
{
    ck_assert_int_lt(m->n, ONNX_MACHINE_VALUES);
    m->names[m->n] = name;
    m->arrays[m->n++] = a;
}

const struct onnx_array *onnx_machine_input(const struct onnx_machine *m, const Onnx__NodeProto *node,
                                            size_t i)
{
    if (i >= node->n_input || !node->input[i][0])
        return NULL;
    for (int k = 0; k < m->n; k++)
        if (!strcmp(m->names[k], node->input[i]))
            return &m->arrays[k];
    ck_abort_msg("no value '%s'", node->input[i]);
    return NULL;
}

const Onnx__AttributeProto *onnx_machine_attribute(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (!strcmp(node->attribute[i]->name, name))
            return node->attribute[i];
    return NULL;
}

int64_t onnx_machine_int(const Onnx__NodeProto *node, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *a = onnx_machine_attribute(node, name);
    return a ? a->i : otherwise;
}

double onnx_machine_float(const Onnx__NodeProto *node, const char *name, double otherwise)
{
    const Onnx__AttributeProto *a = onnx_machine_attribute(node, name);
    return a ? (double)a->f : otherwise;
}

int onnx_machine_list(const struct onnx_machine *m, const Onnx__NodeProto *node, const char *name, size_t i,
                      int *values)
{
    const Onnx__AttributeProto *a = onnx_machine_attribute(node, name);
    const struct onnx_array *c = a ? NULL : onnx_machine_input(m, node, i);
    int n = a ? (int)a->n_ints : c ? (int)onnx_array_count(c) : 0;
    for (int k = 0; k < n; k++) {
        double value = a ? (double)a->ints[k] : c->values[k];
        values[k] = value > INT32_MAX ? INT32_MAX : (int)value;
    }
    return n;
}

static struct onnx_array decoded(const Onnx__TensorProto *t)
{
    int dims[ONNX_MODEL_RANK] = {0};
    for (size_t i = 0; i < t->n_dims; i++)
        dims[i] = (int)t->dims[i];
    struct onnx_array a = onnx_array_create((int)t->n_dims, dims);
    a.whole = t->data_type == 7;
    for (size_t i = 0; i < onnx_array_count(&a); i++) {
        float f;
        int64_t k;
        if (t->has_raw_data && t->data_type == 1) {
            memcpy(&f, t->raw_data.data + i * sizeof f, sizeof f);
            a.values[i] = (double)f;
        } else if (t->has_raw_data) {
            memcpy(&k, t->raw_data.data + i * sizeof k, sizeof k);
            a.values[i] = (double)k;
        } else {
            a.values[i] = t->data_type == 1 ? (double)t->float_data[i] : (double)t->int64_data[i];
        }
    }
    return a;
}

static struct onnx_array run_node(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = {0};
    if (!strcmp(node->op_type, "Constant"))
        return decoded(onnx_machine_attribute(node, "value")->t);
    if (!onnx_layers_run(m, node, &y) && !onnx_elements_run(m, node, &y) && !onnx_shapes_run(m, node, &y))
        ck_abort_msg("the interpreter has no %s", node->op_type);
    return y;
}

struct onnx_array onnx_model_run(const Onnx__ModelProto *model, const double *input)
{
    struct onnx_machine *m = calloc(1, sizeof *m);
    const Onnx__GraphProto *g = model->graph;
    const Onnx__TensorShapeProto *shape = g->input[0]->type->tensor_type->shape;
    int dims[ONNX_MODEL_RANK];
    ck_assert_ptr_nonnull(m);
    m->model = model;
    for (size_t i = 0; i < shape->n_dim; i++)
        dims[i] = i ? (int)shape->dim[i]->dim_value : 1;
    struct onnx_array x = onnx_array_create((int)shape->n_dim, dims);
    memcpy(x.values, input, onnx_array_count(&x) * sizeof *input);
    onnx_machine_put(m, g->input[0]->name, x);
    for (size_t i = 0; i < g->n_initializer; i++)
        onnx_machine_put(m, g->initializer[i]->name, decoded(g->initializer[i]));
    for (size_t i = 0; i < g->n_node; i++)
        if (!strcmp(g->node[i]->op_type, "Split"))
            onnx_shapes_split(m, g->node[i]);
        else
            onnx_machine_put(m, g->node[i]->output[0], run_node(m, g->node[i]));
    struct onnx_array y = m->arrays[m->n - 1];
    for (int i = 0; i < m->n - 1; i++)
        free(m->arrays[i].values);
    free(m);
    return y;
}
