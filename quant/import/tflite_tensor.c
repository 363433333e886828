// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Tensors of a TensorFlow Lite file: which are constants, and their numbers.
#include "quant/import/tflite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { // fields of Tensor and QuantizationParameters
    TENSOR_NAME = 3,
    TENSOR_QUANTIZATION = 4,
    QUANTIZATION_SCALE = 2,
    QUANTIZATION_ZERO_POINT = 3,
    QUANTIZATION_DIMENSION = 6,
};

bool tflite_has_input(const struct tflite_op *op, size_t i)
{
    return i < op->inputs.n && flat_element(&op->inputs, i) >= 0;
}

static struct tflite_tensor *tensor_of(struct tflite *x, const struct flat_vector *list, size_t i,
                                       struct error *e)
{
    int64_t k = i < list->n ? flat_element(list, i) : -1;
    if (k >= 0 && (size_t)k < x->n_tensors)
        return &x->tensors[k];
    error_set(e, "tensor %lld does not exist", (long long)k);
    return NULL;
}

struct tflite_tensor *tflite_activation(struct tflite *x, const struct tflite_op *op, size_t i,
                                        struct error *e)
{
    struct tflite_tensor *t = tensor_of(x, &op->inputs, i, e);
    if (!t)
        return NULL;
    if (!t->computed)
        error_set(e,
                  t->data.n ? "input %zu is a constant where an activation is expected"
                            : "input %zu is not computed before it",
                  i);
    else if (t->softmax)
        error_set(e, "a SOFTMAX is supported only at the network's end");
    else
        return t;
    return NULL;
}

struct tflite_tensor *tflite_constant(struct tflite *x, const struct tflite_op *op, size_t i, struct error *e)
{
    struct tflite_tensor *t = tensor_of(x, &op->inputs, i, e);
    if (!t || (t->data.n && !t->computed))
        return t;
    error_set(e, "input %zu must be a constant", i);
    return NULL;
}

struct tflite_tensor *tflite_output(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *t = tensor_of(x, &op->outputs, 0, e);
    if (!t || (!t->computed && !t->data.n))
        return t;
    error_set(e, "writes a tensor that is there already");
    return NULL;
}

static size_t type_bytes(enum tflite_type type)
{
    switch (type) {
    case TFLITE_FLOAT32:
    case TFLITE_INT32:
        return 4;
    case TFLITE_INT64:
        return 8;
    case TFLITE_UINT8:
    case TFLITE_INT8:
        return 1;
    default:
        return 0;
    }
}

/* The vector of bytes as one of numbers; absent if they are not as many as the shape says. */
static struct flat_vector numbers(const struct tflite_tensor *t)
{
    struct flat_vector v = t->data;
    v.element_bytes = type_bytes(t->type);
    if (!v.element_bytes || v.n % v.element_bytes || v.n / v.element_bytes != (size_t)t->elements)
        v.n = 0;
    else
        v.n /= v.element_bytes;
    return v;
}

int64_t tflite_number(const struct tflite_tensor *t, size_t k)
{
    struct flat_vector v = numbers(t);
    return t->type == TFLITE_INT32 || t->type == TFLITE_INT64 ? flat_element(&v, k) : 0;
}

/* value = scale * (q - zero_point), one pair for all or one for each place along a dimension. */
static int dequantize(const struct tflite_tensor *t, const struct flat_vector *v, float *to, struct error *e)
{
    struct flat_table q = flat_table_of(&t->table, TENSOR_QUANTIZATION);
    struct flat_vector scales = flat_vector_of(&q, QUANTIZATION_SCALE, 4),
                       zeros = flat_vector_of(&q, QUANTIZATION_ZERO_POINT, 8);
    int64_t dimension = flat_integer(&q, QUANTIZATION_DIMENSION, 4, 0), inner = 1;
    if (!scales.n || dimension < 0 || dimension >= t->rank ||
        (scales.n > 1 && scales.n != (size_t)t->dims[dimension]))
        return error_set(e, "integer weights without scales that fit");
    for (int d = (int)dimension + 1; d < t->rank; d++)
        inner *= t->dims[d];
    for (size_t i = 0; i < v->n; i++) {
        size_t k = scales.n > 1 ? i / (size_t)inner % scales.n : 0;
        int64_t code = t->type == TFLITE_UINT8 ? flat_element(v, i) & 255 : flat_element(v, i);
        to[i] = (float)((double)flat_element_float(&scales, k) *
                        (double)(code - flat_element(&zeros, zeros.n > 1 ? k : 0)));
    }
    return 0;
}

float *tflite_floats(const struct tflite_tensor *t, struct error *e)
{
    struct flat_vector v = numbers(t);
    if (!v.n || v.n > NET_WEIGHTS_MAX) {
        error_set(e, "a constant with numbers of type %d, or fewer or more than its shape says",
                  (int)t->type);
        return NULL;
    }
    float *to = malloc(v.n * sizeof *to);
    if (!to)
        error_set(e, "out of memory");
    for (size_t i = 0; to && t->type == TFLITE_FLOAT32 && i < v.n; i++)
        to[i] = flat_element_float(&v, i);
    if (to && t->type != TFLITE_FLOAT32 && dequantize(t, &v, to, e)) {
        free(to);
        return NULL;
    }
    return to;
}

void tflite_name(const struct tflite_tensor *t, char name[NET_NAME_MAX])
{
    struct flat_vector text = flat_vector_of(&t->table, TENSOR_NAME, 1);
    const uint8_t *from = flat_bytes(&text);
    size_t k = 0;
    for (; k < text.n && from[k] != ';' && k + 8 < NET_NAME_MAX; k++)
        name[k] = isgraph(from[k]) && from[k] != '"' && from[k] != '\\' ? (char)from[k] : '_';
    name[k] = 0;
}
