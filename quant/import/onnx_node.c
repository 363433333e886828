// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a node reads and writes: inputs, attributes, outputs.
#include "quant/import/onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool onnx_has_input(const onnx_node *node, size_t i)
{
    return i < node->n_input && node->input[i][0];
}

struct onnx_value *onnx_input(struct onnx *x, const onnx_node *node, size_t i)
{
    int name = onnx_has_input(node, i) ? onnx_names_find(&x->names, node->input[i]) : -1;
    return name < 0 ? NULL : &x->values[name];
}

bool onnx_is_constant(struct onnx *x, const onnx_node *node, size_t i)
{
    const struct onnx_value *v = onnx_input(x, node, i);
    return v && (v->state == ONNX_ENCODED || v->state == ONNX_CONSTANT);
}

struct onnx_value *onnx_activation(struct onnx *x, const onnx_node *node, size_t i, struct error *e)
{
    struct onnx_value *v = onnx_input(x, node, i);
    if (!v || v->state == ONNX_UNKNOWN)
        error_set(e, "reads '%.96s', which nothing before it computes",
                  onnx_has_input(node, i) ? node->input[i] : "");
    else if (v->state != ONNX_ACTIVATION)
        error_set(e, "input %zu is a constant where an activation is expected", i);
    else if (v->view.split)
        error_set(e, "channels that a reshape has split: only a shuffle of them is supported");
    else if (v->view.log_softmax)
        error_set(e, "a LogSoftmax is supported only at the network's end");
    else if (v->view.expanded)
        error_set(e, "what Expand made is supported only as a factor of a plane of its size");
    else if (v->view.part)
        error_set(e, "parts of RMSNorm or GELU are supported only as such");
    else
        return v;
    return NULL;
}

static int decode(struct onnx *x, struct onnx_value *v, struct error *e)
{
    if (onnx_constant_decode(v->encoded, ONNX_CONSTANT_BYTES_MAX - x->constant_bytes, &v->constant, e))
        return -1;
    x->constant_bytes += onnx_constant_bytes(&v->constant);
    v->state = ONNX_CONSTANT;
    return 0;
}

const struct onnx_constant *onnx_constant_input(struct onnx *x, const onnx_node *node, size_t i,
                                                struct error *e)
{
    struct onnx_value *v = onnx_input(x, node, i);
    if (v && v->state == ONNX_ENCODED && decode(x, v, e)) {
        error_wrap(e, "'%.96s'", node->input[i]);
        return NULL;
    }
    if (v && v->state == ONNX_CONSTANT)
        return &v->constant;
    error_set(e, "input %zu must be a constant", i);
    return NULL;
}

/* A LogSoftmax may still be looked at in another shape. */
int onnx_sides(struct onnx *x, const onnx_node *node, int *rank, int64_t dims[ONNX_RANK_MAX], struct error *e)
{
    const struct onnx_value *v = onnx_input(x, node, 0);
    if (onnx_is_constant(x, node, 0)) {
        const struct onnx_constant *c = onnx_constant_input(x, node, 0, e);
        if (!c)
            return -1;
        *rank = c->rank;
        memcpy(dims, c->dims, sizeof c->dims);
        return 0;
    }
    if (!v || v->state != ONNX_ACTIVATION)
        return error_set(e, "reads what nothing before it computes");
    if (v->view.expanded)
        return error_set(e, "of what Expand made is not supported");
    *rank = v->view.rank;
    memcpy(dims, v->view.dims, sizeof v->view.dims);
    return 0;
}

const Onnx__AttributeProto *onnx_attribute(const onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && !strcmp(node->attribute[i]->name, name))
            return node->attribute[i];
    return NULL;
}

int64_t onnx_attribute_int(const onnx_node *node, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *a = onnx_attribute(node, name);
    return a && a->has_i ? a->i : otherwise;
}

float onnx_attribute_float(const onnx_node *node, const char *name, float otherwise)
{
    const Onnx__AttributeProto *a = onnx_attribute(node, name);
    return a && a->has_f ? a->f : otherwise;
}

const char *onnx_attribute_text(const onnx_node *node, const char *name, char *text, size_t size)
{
    const Onnx__AttributeProto *a = onnx_attribute(node, name);
    size_t n = a && a->has_s ? a->s.len : 0;
    n = n < size ? n : size - 1;
    if (n)
        memcpy(text, a->s.data, n);
    text[n] = 0;
    return text;
}

int onnx_attribute_ints(const onnx_node *node, const char *name, int n, int otherwise, int low, int high,
                        int *values, struct error *e)
{
    const Onnx__AttributeProto *a = onnx_attribute(node, name);
    for (int i = 0; i < n; i++)
        values[i] = otherwise;
    if (!a || !a->n_ints)
        return 0;
    if (a->n_ints != (size_t)n)
        return error_set(e, "%s has %zu numbers where %d are needed", name, a->n_ints, n);
    for (int i = 0; i < n; i++) {
        if (a->ints[i] < low || a->ints[i] > high)
            return error_set(e, "%s of %lld is not supported (%d to %d)", name, (long long)a->ints[i], low,
                             high);
        values[i] = (int)a->ints[i];
    }
    return 0;
}

static int read_axes(const int64_t *given, size_t n_given, int rank, int *axes, int *n, struct error *e)
{
    if (n_given > (size_t)rank)
        return error_set(e, "%zu axes of %d", n_given, rank);
    for (size_t i = 0; i < n_given; i++) {
        if (given[i] < -rank || given[i] >= rank)
            return error_set(e, "there is no axis %lld among %d", (long long)given[i], rank);
        axes[i] = (int)(given[i] < 0 ? given[i] + rank : given[i]);
    }
    *n = (int)n_given;
    return 0;
}

int onnx_axes(struct onnx *x, const onnx_node *node, size_t i, int rank, int *axes, int *n, struct error *e)
{
    const Onnx__AttributeProto *a = onnx_attribute(node, "axes");
    *n = 0;
    if (a)
        return read_axes(a->ints, a->n_ints, rank, axes, n, e);
    if (!onnx_has_input(node, i))
        return 0;
    const struct onnx_constant *c = onnx_constant_input(x, node, i, e);
    if (!c)
        return -1;
    return c->integers ? read_axes(c->integers, c->elements, rank, axes, n, e)
                       : error_set(e, "axes must be integers");
}

static struct onnx_value *new_value(struct onnx *x, const onnx_node *node, size_t i, struct error *e)
{
    int name = i < node->n_output ? onnx_names_find(&x->names, node->output[i]) : -1;
    if (name >= 0 && x->values[name].state == ONNX_UNKNOWN)
        return &x->values[name];
    error_set(e, "writes '%.96s', which is there already", i < node->n_output ? node->output[i] : "");
    return NULL;
}

bool onnx_is_read(const struct onnx *x, const onnx_node *node, size_t i)
{
    int name = i < node->n_output && node->output[i][0] ? onnx_names_find(&x->names, node->output[i]) : -1;
    return name >= 0 && x->values[name].uses > 0;
}

int onnx_output_at(struct onnx *x, const onnx_node *node, size_t i, struct onnx_view view, bool shared, struct error *e)
{
    struct onnx_value *v = new_value(x, node, i, e);
    if (!v)
        return -1;
    v->state = ONNX_ACTIVATION;
    v->view = view;
    v->view.shared = shared;
    return 0;
}

int onnx_output(struct onnx *x, const onnx_node *node, struct onnx_view view, const struct onnx_value *from,
                struct error *e)
{
    return onnx_output_at(x, node, 0, view, from && (from->view.shared || from->uses > 1), e);
}

int onnx_output_constant(struct onnx *x, const onnx_node *node, struct onnx_constant constant,
                         struct error *e)
{
    struct onnx_value *v = new_value(x, node, 0, e);
    if (v && onnx_constant_bytes(&constant) > ONNX_CONSTANT_BYTES_MAX - x->constant_bytes) {
        error_set(e, "the file's constants need too much memory");
        v = NULL;
    }
    if (!v) {
        onnx_constant_free(&constant);
        return -1;
    }
    x->constant_bytes += onnx_constant_bytes(&constant);
    v->state = ONNX_CONSTANT;
    v->constant = constant;
    return 0;
}
