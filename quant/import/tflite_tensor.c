// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Tensors of a TensorFlow Lite file: which are constants, and their numbers.
#include "quant/import/tflite.h"

#include <ctype.h>
#include <math.h>
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
    else if (t->shape)
        error_set(e, "input %zu is a shape that is computed from others", i);
    else if (!t->softmax || !tflite_put_softmax(x, t, e))
        return t;
    return NULL;
}

struct tflite_tensor *tflite_constant(struct tflite *x, const struct tflite_op *op, size_t i, struct error *e)
{
    struct tflite_tensor *t = tensor_of(x, &op->inputs, i, e);
    if (!t || (t->data.n && !t->computed))
        return t;
    if (t->constant)
        return x->tensors + (t->constant - x->tensors);
    error_set(e, "input %zu must be a constant", i);
    return NULL;
}

struct tflite_tensor *tflite_output(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *t = tensor_of(x, &op->outputs, 0, e);
    if (!t || (!t->computed && !t->data.n && !t->constant && !t->shape))
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
    case TFLITE_FLOAT16:
    case TFLITE_INT16:
        return 2;
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
    return t->type != TFLITE_FLOAT32 && t->type != TFLITE_FLOAT16 ? flat_element(&v, k) : 0;
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
                        ((double)code - (double)flat_element(&zeros, zeros.n > 1 ? k : 0)));
    }
    return 0;
}

/* IEEE 754 half precision. */
static float half(int64_t bits)
{
    int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    double value = exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                   : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                  : ldexp(fraction, -24);
    return (float)(bits & 0x8000 ? -value : value);
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
    for (size_t i = 0; to && t->type == TFLITE_FLOAT16 && i < v.n; i++)
        to[i] = half(flat_element(&v, i));
    if (to && t->type != TFLITE_FLOAT32 && t->type != TFLITE_FLOAT16 && dequantize(t, &v, to, e)) {
        free(to);
        return NULL;
    }
    return to;
}

/* Scales and zero points of a tensor, and along which dimension there is one for each place. */
struct scales {
    struct flat_vector scales, zeros;
    int64_t dimension;
};

static struct scales scales_of(const struct tflite_tensor *t)
{
    struct flat_table q = flat_table_of(&t->table, TENSOR_QUANTIZATION);
    return (struct scales){flat_vector_of(&q, QUANTIZATION_SCALE, 4), flat_vector_of(&q, QUANTIZATION_ZERO_POINT, 8),
                           flat_integer(&q, QUANTIZATION_DIMENSION, 4, 0)};
}

int tflite_grid(const struct tflite_tensor *t, struct net_grid *g, struct error *e)
{
    *g = (struct net_grid){0, 0, 0};
    if (t->type == TFLITE_FLOAT32)
        return 0;
    if (t->type != TFLITE_INT8 && t->type != TFLITE_UINT8 && t->type != TFLITE_INT16)
        return error_set(e, "activations of type %d are not supported", (int)t->type);
    struct scales s = scales_of(t);
    int bits = t->type == TFLITE_INT16 ? 16 : 8;
    int64_t half_range = 1ll << (bits - 1), zero = flat_element(&s.zeros, 0);
    float scale = flat_element_float(&s.scales, 0);
    if (s.scales.n != 1 || !isnormal(scale) || scale < 0)
        return error_set(e, "integer activations without one scale");
    zero = zero > 65536 ? 65536 : zero - (t->type == TFLITE_UINT8 && zero > -65536 ? half_range : 0); // a file may say anything
    if (zero < -half_range || zero >= half_range || (bits == 16 && zero))
        return error_set(e, "a zero point of %lld", (long long)flat_element(&s.zeros, 0));
    *g = (struct net_grid){scale, (int32_t)zero, bits};
    return 0;
}

/* One positive scale for all or for each channel, no zero points but 0. */
static bool is_symmetric(const struct tflite_tensor *t, const struct scales *s, int dimension)
{
    bool fits = t->type == TFLITE_INT8 && (s->scales.n == 1 || (s->scales.n == (size_t)t->dims[dimension] && s->dimension == dimension));
    for (size_t i = 0; i < s->scales.n && fits; i++)
        fits = isnormal(flat_element_float(&s->scales, i)) && flat_element_float(&s->scales, i) > 0;
    for (size_t i = 0; i < s->zeros.n && fits; i++)
        fits = flat_element(&s->zeros, i) == 0;
    return fits;
}

int tflite_given(const struct tflite_tensor *weights, int dimension, const struct tflite_tensor *bias, struct net_op *op,
                 struct error *e)
{
    struct scales s = scales_of(weights);
    size_t channels = (size_t)weights->dims[dimension];
    if (!is_symmetric(weights, &s, dimension))
        return 0;
    bool sums = bias && bias->type == TFLITE_INT32 && numbers(bias).n == channels;
    op->given = (struct net_given){8, malloc(channels * sizeof(float)), sums ? malloc(channels * sizeof(int32_t)) : NULL};
    if (!op->given.scales || (sums && !op->given.bias)) {
        net_drop_given(op);
        return error_set(e, "out of memory");
    }
    for (size_t c = 0; c < channels; c++) {
        op->given.scales[c] = flat_element_float(&s.scales, s.scales.n > 1 ? c : 0);
        if (sums)
            op->given.bias[c] = (int32_t)tflite_number(bias, c);
    }
    return 0;
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
