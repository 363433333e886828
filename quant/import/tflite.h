// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite files (schema version 3, tensorflow/lite/schema/schema.fbs): what the operators' file and the walk share.
#ifndef PARE_QUANT_IMPORT_TFLITE_H
#define PARE_QUANT_IMPORT_TFLITE_H

#include "base/error.h"
#include "quant/import/flat.h"
#include "quant/net/net.h"

#include <stdbool.h>
#include <stddef.h>

#define TFLITE_TENSORS_MAX 16384
#define TFLITE_OPERATORS_MAX 16384
#define TFLITE_RANK_MAX 6

enum tflite_type { // TensorType
    TFLITE_FLOAT32 = 0,
    TFLITE_FLOAT16 = 1,
    TFLITE_INT32 = 2,
    TFLITE_UINT8 = 3,
    TFLITE_INT64 = 4,
    TFLITE_INT16 = 7,
    TFLITE_INT8 = 9,
};

/* A tensor of the file. */
struct tflite_tensor {
    int rank;
    int64_t dims[TFLITE_RANK_MAX];
    int64_t elements;
    enum tflite_type type;
    struct flat_table table;
    struct flat_vector data; // of a constant
    const struct tflite_tensor *constant; // another tensor that this one has the numbers of, in another type
    bool shape;              // computed from shapes alone: what reads it finds them in the file as well
    bool computed;           // an activation that exists already
    int net;                 // its tensor in the network
    int pads[4];             // zeros around it that the next operation takes over: top, left, bottom, right
    bool softmax;            // comes out of one that has been left away, as far as nothing has read it
    float beta;              // of that softmax
};

struct tflite {
    struct flat file;
    struct net *net;
    struct tflite_tensor *tensors;
    size_t n_tensors;
    int input;       // tensor of the file
    bool input_read; // an operation has looked at the network's input
};

/* An operator of the file. */
struct tflite_op {
    int code; // BuiltinOperator
    struct flat_vector inputs, outputs;
    struct flat_table options;
};

/* One row per operator; `take` as in onnx.h. */
struct tflite_operator {
    int code;
    const char *name;
    int (*take)(struct tflite *x, const struct tflite_op *op, struct error *e);
};

const struct tflite_operator *tflite_operator_find(int code);

/* Reads a whole file in memory into `n`, which is empty, and seals it. Returns 0, or -1 with the reason and a half-built network. */
int tflite_import(const char *bytes, size_t size, struct net *n, struct error *e);

/* Input `i`: as an activation, or as a constant (NULL with the reason); absent (-1) gives NULL without one, see tflite_has_input. */
struct tflite_tensor *tflite_activation(struct tflite *x, const struct tflite_op *op, size_t i, struct error *e);
struct tflite_tensor *tflite_constant(struct tflite *x, const struct tflite_op *op, size_t i, struct error *e);
bool tflite_has_input(const struct tflite_op *op, size_t i);
struct tflite_tensor *tflite_output(struct tflite *x, const struct tflite_op *op, struct error *e);

/* A constant's numbers as floats: float32, or integers with their scales (hybrid files). Heap; NULL with the reason. */
float *tflite_floats(const struct tflite_tensor *t, struct error *e);

/* An int32 or int64 constant's number `k`; 0 outside. */
int64_t tflite_number(const struct tflite_tensor *t, size_t k);

/* The grid of an activation's integers; bits 0 for float32. Returns 0, or -1 with the reason: another type, no scale that fits. */
int tflite_grid(const struct tflite_tensor *t, struct net_grid *g, struct error *e);

/* The integers of constant weights, whose output channels are along `dimension`, and biases (NULL: none), into op->given; nothing
 * where they are not symmetric or not integers. Returns 0, or -1 when memory is short. */
int tflite_given(const struct tflite_tensor *weights, int dimension, const struct tflite_tensor *bias, struct net_op *op,
                 struct error *e);

/* Says that `out` is tensor `net` of the network, looked at in another way. Where the file gives it another grid than it has, a layer
 * of ones moves it there. Returns 0, or -1 with the reason. */
int tflite_view(struct tflite *x, int net, struct tflite_tensor *out, struct error *e);

/* An op with neutral fields, named after what it writes. */
struct net_op tflite_op_of(const struct tflite *x, const struct tflite_tensor *out, enum net_kind kind, int in);

/* Needs the input as a plane: the file's shape says what the network's tensor has, no reshape in between has changed it; or as
 * whatever it is. Zero pads that wait for an operation are refused unless `pads_too`. Returns 0, or -1 with the reason. */
int tflite_need_plane(struct tflite *x, const struct tflite_tensor *t, bool pads_too, struct error *e);
int tflite_need_any(struct tflite *x, const struct tflite_tensor *t, struct error *e);

/* The clamp of a fused activation, by its ActivationFunctionType. Returns 0, or -1 with the reason. */
int tflite_fused(int64_t code, struct net_op *op, struct error *e);

/* Adds the op with an output of this shape; what it owns is taken over, also on failure. Returns 0, or -1 with the reason. */
int tflite_finish(struct tflite *x, struct net_op *op, struct tflite_tensor *out, int h, int w, int c, struct error *e);

/* Functions of each value, products, channels. */
int tflite_logistic(struct tflite *x, const struct tflite_op *op, struct error *e);
int tflite_tanh(struct tflite *x, const struct tflite_op *op, struct error *e);
int tflite_hard_swish(struct tflite *x, const struct tflite_op *op, struct error *e);
int tflite_mul(struct tflite *x, const struct tflite_op *op, struct error *e);
int tflite_concatenation(struct tflite *x, const struct tflite_op *op, struct error *e);

/* The softmax that `t` comes out of, which has been left away so far, becomes an operation. Returns 0, or -1 with the reason. */
int tflite_put_softmax(struct tflite *x, struct tflite_tensor *t, struct error *e);

/* Operators that are about integers and shapes. */
int tflite_quantize(struct tflite *x, const struct tflite_op *op, struct error *e);
int tflite_dequantize(struct tflite *x, const struct tflite_op *op, struct error *e);
int tflite_shape(struct tflite *x, const struct tflite_op *op, struct error *e);
int tflite_transpose(struct tflite *x, const struct tflite_op *op, struct error *e);

/* The name of a tensor, up to a ';', fit for tables and JSON. */
void tflite_name(const struct tflite_tensor *t, char name[NET_NAME_MAX]);

#endif
