// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite files for tests of the importer: described operator by operator, then written and imported at once.
#ifndef PARE_TESTS_UNIT_TFL_H
#define PARE_TESTS_UNIT_TFL_H

#include "base/error.h"
#include "base/rng.h"
#include "quant/net/net.h"
#include "tests/flat_builder.h"

#include <stddef.h>
#include <stdint.h>

enum { // BuiltinOperator, TensorType: named as in its schema
    ADD = 0,
    AVERAGE_POOL_2D = 1,
    CONCATENATION = 2,
    CONV_2D = 3,
    DEPTHWISE_CONV_2D = 4,
    FULLY_CONNECTED = 9,
    LOGISTIC = 14,
    MAX_POOL_2D = 17,
    MUL = 18,
    RESHAPE = 22,
    SOFTMAX = 25,
    TANH = 28,
    PAD = 34,
    DEQUANTIZE = 6,
    TRANSPOSE = 39,
    MEAN = 40,
    STRIDED_SLICE = 45,
    SHAPE = 77,
    PACK = 83,
    QUANTIZE = 114,
    HARD_SWISH = 117,
    FLOAT32 = 0,
    FLOAT16 = 1,
    INT32 = 2,
    UINT8 = 3,
    INT8 = 9,
};

#define TFL_TENSORS_MAX 24
#define TFL_OPS_MAX 12
#define INTS(...) ((const int32_t[]){__VA_ARGS__})

/* What a file will have; written at once, because FlatBuffers refer forwards. */
struct tfl_file {
    int n_tensors, n_ops, input, output;
    struct {
        int rank, type;
        int32_t dims[4];
        const void *data;
        size_t bytes;
        const float *scales; // [n_scales], along the first axis
        int n_scales;
        int64_t zero; // of all
    } tensors[TFL_TENSORS_MAX];
    struct {
        int code, n_inputs, output, n_options;
        int32_t inputs[4], options[8];
    } ops[TFL_OPS_MAX];
};

/* The case at hand: the file as described and as written, what was made of it, and numbers for its constants. */
struct tfl {
    struct tfl_file file;
    struct flat_builder builder;
    struct net net;
    struct error error;
    struct rng rng;
    float noise[4096];
};

extern struct tfl tfl;

/* Fixtures; in between there is an empty file, the same noise each time. */
void tfl_setup(void);
void tfl_teardown(void);

/* Add a tensor and return its index: any kind (`data` of `bytes` bytes must last until the file is written; NULL if computed), an
 * activation 1 x h x w x c in float32, and weights of noise. */
int tfl_tensor(int rank, const int32_t *dims, int type, const void *data, size_t bytes);
int tfl_activation(int h, int w, int c);
int tfl_weights(int a, int b, int c, int d);

/* Adds an operator with its options in the order of its table. in1 and in2 are -1 where there are none. */
void tfl_op(int code, int in0, int in1, int in2, int out, int n_options, const int32_t *options);

/* Write the file with the first tensor as its input and import it: it is taken, or refused with one line that has `why` in it. */
void tfl_take(int output);
void tfl_refuse(int output, const char *why);

#endif
