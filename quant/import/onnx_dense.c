// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Gemm and MatMul with constant weights: dense layers; over the last axis of a sequence, convolutions of 1 x 1.
#include "quant/import/onnx_operators.h"

#include <stdlib.h>
#include <string.h>

/* Weights as the file has them: element (k, n) at k * k_step + n * n_step. */
struct matrix {
    const struct onnx_constant *values;
    size_t k, n, k_step, n_step;
    double alpha, beta;
};

static int read_matrix(struct onnx *x, const onnx_node *node, const struct onnx_view *view, bool transposed,
                       struct matrix *m, struct error *e)
{
    const struct onnx_constant *b = m->values = onnx_constant_input(x, node, 1, e);
    char text[96];
    if (!b)
        return -1;
    if (view->rank < 2)
        return error_set(e, "an input of one axis");
    if (b->rank != 2 || !b->floats || b->dims[0] < 1 || b->dims[1] < 1)
        return error_set(e, "weights of shape %s: only a float matrix is supported",
                         onnx_view_text(b->rank, b->dims, text, sizeof text));
    m->k = (size_t)b->dims[transposed ? 1 : 0];
    m->n = (size_t)b->dims[transposed ? 0 : 1];
    m->k_step = transposed ? 1 : m->n;
    m->n_step = transposed ? m->k : 1;
    if (m->k != onnx_view_elements(view) || (int64_t)m->k != view->dims[view->rank - 1])
        return error_set(e, "weights for %zu inputs, but an input of shape %s", m->k,
                         onnx_view_text(view->rank, view->dims, text, sizeof text));
    if (m->n > NET_SIDE_MAX)
        return error_set(e, "%zu outputs, more than %d", m->n, NET_SIDE_MAX);
    return 0;
}

/* To [n][h][w][c], wherever the file counts an element of the input. */
static float *turn_weights(const struct matrix *m, const struct onnx_view *view, const struct net_tensor *t)
{
    float *turned = malloc(m->k * m->n * sizeof *turned);
    size_t i = 0;
    for (int y = 0; turned && y < t->h; y++)
        for (int xx = 0; xx < t->w; xx++)
            for (int c = 0; c < t->c; c++, i++) {
                size_t k = onnx_view_index(view, t, y, xx, c);
                for (size_t n = 0; n < m->n; n++)
                    turned[n * m->k + i] =
                        (float)(m->alpha * (double)m->values->floats[k * m->k_step + n * m->n_step]);
            }
    return turned;
}

/* Gemm's C: one number, or one per output. */
static int read_bias(struct onnx *x, const onnx_node *node, size_t n, double beta, struct net_op *op,
                     struct error *e)
{
    if (!onnx_has_input(node, 2))
        return 0;
    const struct onnx_constant *c = onnx_constant_input(x, node, 2, e);
    if (!c)
        return -1;
    if (!c->floats || (c->elements != n && c->elements != 1) ||
        (c->rank > 1 && c->dims[c->rank - 1] != (int64_t)c->elements))
        return error_set(e, "%zu biases for %zu outputs", c->elements, n);
    op->bias = malloc(n * sizeof *op->bias);
    if (!op->bias)
        return error_set(e, "out of memory");
    for (size_t i = 0; i < n; i++)
        op->bias[i] = (float)(beta * (double)c->floats[c->elements == 1 ? 0 : i]);
    return 0;
}

static int add_dense(struct onnx *x, const onnx_node *node, const struct onnx_value *v,
                     const struct matrix *m, struct net_op *op, struct error *e)
{
    op->weights = turn_weights(m, &v->view, &x->net->tensors[v->view.tensor]);
    const struct onnx_constant *c = op->bias ? onnx_constant_input(x, node, 2, e) : NULL;
    bool plain = m->alpha == 1 && (!c || (m->beta == 1 && c->elements == m->n)); // of Gemm's factors integers know nothing
    if (!op->weights || (plain && onnx_give(x, m->values, m->n_step == 1 ? 1 : 0, m->n, c, op, e))) {
        net_op_finish(op);
        return error_set(e, "out of memory");
    }
    int out = onnx_add_op(x, op, 1, 1, (int)m->n, e);
    if (out < 0)
        return -1;
    struct onnx_view view = onnx_view_vector(out, (int)m->n);
    view.rank = v->view.rank;
    for (int d = 1; d < view.rank; d++)
        view.dims[d] = d == view.rank - 1 ? (int64_t)m->n : 1;
    return onnx_output(x, node, view, NULL, e);
}

int onnx_gemm(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    struct matrix m = {.alpha = (double)onnx_attribute_float(node, "alpha", 1), .beta = (double)onnx_attribute_float(node, "beta", 1)};
    if (!v || onnx_flat(x, v, e))
        return -1;
    if (onnx_attribute_int(node, "transA", 0))
        return error_set(e, "transA is not supported");
    if (v->view.rank != 2)
        return error_set(e, "an input of %d axes where 2 are needed", v->view.rank);
    struct net_op op = onnx_op(x, node, NET_DENSE, v->view.tensor);
    if (read_matrix(x, node, &v->view, onnx_attribute_int(node, "transB", 0) != 0, &m, e) || read_bias(x, node, m.n, m.beta, &op, e))
        return -1;
    return add_dense(x, node, v, &m, &op, e);
}

/* The same weights for every step of a sequence. */
static int matmul_sequence(struct onnx *x, const onnx_node *node, struct onnx_value *v, struct error *e)
{
    struct matrix m = {.alpha = 1};
    if (onnx_sequence(x, v, false, e))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor], one = {1, 1, t.c};
    struct onnx_view channels = onnx_view_vector(v->view.tensor, t.c);
    if (read_matrix(x, node, &channels, false, &m, e))
        return -1;
    struct net_op op = onnx_op(x, node, NET_CONV, v->view.tensor);
    op.weights = turn_weights(&m, &channels, &one);
    if (!op.weights)
        return error_set(e, "out of memory");
    int out = onnx_add_op(x, &op, t.h, t.w, (int)m.n, e);
    return out < 0 ? -1 : onnx_output(x, node, onnx_view_sequence(out, &x->net->tensors[out], false), NULL, e);
}

int onnx_matmul(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    struct matrix m = {.alpha = 1};
    if (v && v->view.rank == 3 && v->view.dims[1] > 1)
        return matmul_sequence(x, node, v, e);
    if (!v || onnx_flat(x, v, e) || read_matrix(x, node, &v->view, false, &m, e))
        return -1;
    struct net_op op = onnx_op(x, node, NET_DENSE, v->view.tensor);
    return add_dense(x, node, v, &m, &op, e);
}
