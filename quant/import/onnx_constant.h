// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Constants of an ONNX file: weights as floats, shapes and axes as integers, decoded from whichever field holds them.
#ifndef PARE_QUANT_IMPORT_ONNX_CONSTANT_H
#define PARE_QUANT_IMPORT_ONNX_CONSTANT_H

#include "base/error.h"
#include "onnx.pb-c.h"
#include "quant/import/onnx_view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TensorProto.DataType */
enum {
    ONNX_TYPE_FLOAT = 1,
    ONNX_TYPE_UINT8 = 2,
    ONNX_TYPE_INT8 = 3,
    ONNX_TYPE_UINT16 = 4,
    ONNX_TYPE_INT16 = 5,
    ONNX_TYPE_INT32 = 6,
    ONNX_TYPE_INT64 = 7,
    ONNX_TYPE_BOOL = 9,
    ONNX_TYPE_DOUBLE = 11,
};

struct onnx_constant {
    int type; // in the file; 0: computed here
    int rank; // 0: a single number
    int64_t dims[ONNX_RANK_MAX];
    size_t elements;
    float *floats;     // heap, owned by the import; NULL for integers
    int64_t *integers; // heap, owned by the import; NULL for floats
    // floats that stand for integers of w_bits without a zero point: float = scale * integer, one scale or one along scale_axis
    int w_bits, scale_axis;
    size_t n_scales;
    float *scales; // heap; NULL: none
};

/* Decodes `t`, which must hold exactly as many numbers as its shape says, at most `limit` bytes of them. Returns 0, or -1 with the
 * reason. */
int onnx_constant_decode(const Onnx__TensorProto *t, size_t limit, struct onnx_constant *c, struct error *e);
size_t onnx_constant_bytes(const struct onnx_constant *c);
void onnx_constant_free(struct onnx_constant *c);

/* Elements of a shape, or -1 with the reason (a negative side, too many). */
int64_t onnx_constant_count(int rank, const int64_t *dims, struct error *e);

double onnx_constant_number(const struct onnx_constant *c, size_t i); // of either kind

#endif
