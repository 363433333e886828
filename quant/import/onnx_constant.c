// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/import/onnx_constant.h"

#include <stdlib.h>
#include <string.h>

static size_t type_bytes(int type)
{
    switch (type) {
    case ONNX_TYPE_FLOAT:
    case ONNX_TYPE_INT32:
        return 4;
    case ONNX_TYPE_UINT16:
    case ONNX_TYPE_INT16:
        return 2;
    case ONNX_TYPE_UINT8:
    case ONNX_TYPE_INT8:
    case ONNX_TYPE_BOOL:
        return 1;
    case ONNX_TYPE_INT64:
    case ONNX_TYPE_DOUBLE:
        return 8;
    default:
        return 0;
    }
}

static bool type_is_float(int type)
{
    return type == ONNX_TYPE_FLOAT || type == ONNX_TYPE_DOUBLE;
}

static bool is_raw(const Onnx__TensorProto *t)
{
    return t->has_raw_data && t->raw_data.len > 0;
}

/* How many numbers stand in the typed field of `t`. */
static size_t typed_count(const Onnx__TensorProto *t)
{
    switch (t->data_type) {
    case ONNX_TYPE_FLOAT:
        return t->n_float_data;
    case ONNX_TYPE_DOUBLE:
        return t->n_double_data;
    case ONNX_TYPE_INT64:
        return t->n_int64_data;
    default:
        return t->n_int32_data;
    }
}

int64_t onnx_constant_count(int rank, const int64_t *dims, struct error *e)
{
    int64_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 0)
            return error_set(e, "a constant with a negative side");
        if (dims[i] && n > (int64_t)2 * NET_WEIGHTS_MAX / dims[i])
            return error_set(e, "a constant of more than %u numbers", 2 * NET_WEIGHTS_MAX);
        n *= dims[i];
    }
    return n;
}

static int check(const Onnx__TensorProto *t, struct onnx_constant *c, struct error *e)
{
    if (!type_bytes(t->data_type))
        return error_set(e, "a constant of data type %d is not supported", t->data_type);
    if (t->data_location)
        return error_set(e, "its numbers are in another file (external data)");
    if (t->n_dims > ONNX_RANK_MAX)
        return error_set(e, "a constant of more than %d axes", ONNX_RANK_MAX);
    c->type = t->data_type;
    c->rank = (int)t->n_dims;
    for (int i = 0; i < c->rank; i++)
        c->dims[i] = t->dims[i];
    int64_t n = onnx_constant_count(c->rank, c->dims, e);
    if (n < 0)
        return -1;
    c->elements = (size_t)n;
    size_t have = is_raw(t) ? t->raw_data.len / type_bytes(t->data_type) : typed_count(t);
    if (have != c->elements || (is_raw(t) && t->raw_data.len % type_bytes(t->data_type)))
        return error_set(e, "a constant has %zu numbers where its shape needs %zu", have, c->elements);
    return 0;
}

static double raw_float(const Onnx__TensorProto *t, size_t i)
{
    float f;
    double d;
    if (t->data_type == ONNX_TYPE_FLOAT) {
        memcpy(&f, t->raw_data.data + i * sizeof f, sizeof f);
        return (double)f;
    }
    memcpy(&d, t->raw_data.data + i * sizeof d, sizeof d);
    return d;
}

static int64_t raw_integer(const Onnx__TensorProto *t, size_t i)
{
    int32_t i4;
    int64_t i8;
    int16_t i2;
    switch (t->data_type) {
    case ONNX_TYPE_INT32:
        memcpy(&i4, t->raw_data.data + i * sizeof i4, sizeof i4);
        return i4;
    case ONNX_TYPE_INT64:
        memcpy(&i8, t->raw_data.data + i * sizeof i8, sizeof i8);
        return i8;
    case ONNX_TYPE_INT16:
    case ONNX_TYPE_UINT16:
        memcpy(&i2, t->raw_data.data + i * sizeof i2, sizeof i2);
        return t->data_type == ONNX_TYPE_INT16 ? i2 : (uint16_t)i2;
    case ONNX_TYPE_INT8:
        return (int8_t)t->raw_data.data[i];
    default:
        return t->raw_data.data[i];
    }
}

static float float_at(const Onnx__TensorProto *t, size_t i)
{
    if (is_raw(t))
        return (float)raw_float(t, i);
    return t->data_type == ONNX_TYPE_FLOAT ? t->float_data[i] : (float)t->double_data[i];
}

static int64_t integer_at(const Onnx__TensorProto *t, size_t i)
{
    if (is_raw(t))
        return raw_integer(t, i);
    return t->data_type == ONNX_TYPE_INT64 ? t->int64_data[i] : t->int32_data[i];
}

size_t onnx_constant_bytes(const struct onnx_constant *c)
{
    return c->elements * (c->floats ? sizeof *c->floats : sizeof *c->integers);
}

int onnx_constant_decode(const Onnx__TensorProto *t, size_t limit, struct onnx_constant *c, struct error *e)
{
    memset(c, 0, sizeof *c);
    if (check(t, c, e))
        return -1;
    if (c->elements > limit / sizeof *c->integers)
        return error_set(e, "the file's constants need too much memory");
    if (type_is_float(t->data_type))
        c->floats = malloc((c->elements + 1) * sizeof *c->floats);
    else
        c->integers = malloc((c->elements + 1) * sizeof *c->integers);
    if (!c->floats && !c->integers)
        return error_set(e, "out of memory");
    for (size_t i = 0; i < c->elements; i++) {
        if (c->floats)
            c->floats[i] = float_at(t, i);
        else
            c->integers[i] = integer_at(t, i);
    }
    return 0;
}

void onnx_constant_free(struct onnx_constant *c)
{
    free(c->floats);
    free(c->integers);
    free(c->scales);
    memset(c, 0, sizeof *c);
}

double onnx_constant_number(const struct onnx_constant *c, size_t i)
{
    return c->floats ? (double)c->floats[i] : (double)c->integers[i];
}
