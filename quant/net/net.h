// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The float network: what an importer makes of a file, and everything else in quant/ starts from. Batch normalization is
// folded, layouts are NHWC, activations are fused into the operation before them.
#ifndef PARE_QUANT_NET_NET_H
#define PARE_QUANT_NET_NET_H

#include "base/candidate.h"
#include "base/error.h"
#include "quant/net/function.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_NAME_MAX 96
#define NET_INPUTS_MAX 4
#define NET_STATES_MAX 256            // of one channel of a scan
#define NET_OPS_MAX 512
#define NET_SIDE_MAX 8192             // of heights, widths, channels, kernel sides, strides, pads
#define NET_WEIGHTS_MAX (64u << 20)   // floats of one network: ResNet-50 has 25.6 M
#define NET_ACTIVATIONS_MAX (64u << 20) // floats of one tensor
#define NET_MACS_MAX ((int64_t)1 << 40)   // of one inference: hours on a microcontroller, a hundred times ResNet-50

enum net_kind {
    NET_NONE = 0,
    NET_CONV,    // grouped 2-D convolution; depthwise when groups == in.c
    NET_DENSE,   // input flattened in h, w, c order
    NET_ADD,
    NET_AVGPOOL, // means of what lies inside the plane; a global pool has the whole plane as its kernel
    NET_MAXPOOL,
    NET_LOOKUP,  // a function of each value; so called because a table of all codes is what becomes of it
    NET_MUL,     // in[0] times in[1], which has the same shape or, for each channel of in[0], one value (1 x 1 x c)
    NET_RMSNORM, // in[0] / sqrt(mean over the channels of in[0]^2 + epsilon) * weights[c]
    NET_SCAN,    // a selective scan (docs/networks.md): in u, delta, B, C; time is h * w
    NET_CHANNELS, // channels chosen from those of in[0] and, if there is one, in[1]: concatenation, split, shuffle
    NET_RESIZE,   // each pixel stride_h x stride_w times: the nearest one, enlarged by whole factors
    NET_SOFTMAX,  // exp(in[0]) over its sum over the channels of a pixel
    NET_KIND_COUNT,
};

/* An activation of one sample, h x w x c in memory order. A vector is 1 x 1 x n. */
struct net_tensor {
    int h, w, c;
};

/* The integers that a quantized file itself has for an activation: value = scale * (q - zero_point), q in -2^(bits-1) .. 2^(bits-1)-1.
 * bits 0: the file has none. */
struct net_grid {
    float scale;
    int32_t zero_point;
    int bits;
};

/* ... and for a layer: every weight is scales[output channel] times an integer of w_bits (symmetric), every bias an integer times
 * the input's scale and that. w_bits 0: the file has none; bias NULL: it has no integers for them. Owned by the net. */
struct net_given {
    int w_bits;
    float *scales;
    int32_t *bias;
};

/* One operation. Weights: CONV [out.c][kernel_h][kernel_w][in.c/groups], DENSE [out.c][in.h*in.w*in.c], RMSNORM [out.c],
 * SCAN [out.c][B's c], A; bias [out.c] or NULL: of a SCAN D, of an RMSNORM NULL.
 * The end pads follow from the shapes, as in image.h. The result is clamped to act_min..act_max (-INFINITY, INFINITY: no activation). */
struct net_op {
    enum net_kind kind;
    char name[NET_NAME_MAX]; // of the node in the file, or made up ("conv_3")
    int in[NET_INPUTS_MAX], out; // tensors; -1 where there is none
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, pad_bottom, pad_right, groups;
    float act_min, act_max;
    struct function function; // of a LOOKUP; of a SCAN: what makes steps of delta, SOFTPLUS, or NONE: max(delta, 0)
    float epsilon;            // of an RMSNORM
    int *choice;              // of CHANNELS: [out.c], owned by the net: k is channel k of in[0], or k - in[0].c of in[1]
    float *weights, *bias;   // owned by the net
    struct net_given given;
    int layer;               // index into layers, or -1 without weights
};

/* An operation with weights: what a setting is given to. */
struct net_layer {
    int op;
    int slot; // layers whose outputs meet in an addition (directly, or through what has no weights) share one
};

struct net {
    int n_tensors, n_ops, n_layers, n_slots;
    struct net_tensor *tensors; // [n_tensors], at most NET_OPS_MAX + 1
    struct net_grid *grids;     // [n_tensors]
    struct net_op *ops;         // [n_ops] in execution order
    struct net_layer layers[CANDIDATE_LAYERS_MAX]; // in execution order; slots are numbered by first appearance
    int input, output;          // tensors
    bool softmax;               // the file ended in a softmax, which was left away: it changes no arg-max
};

/* An empty network, and the end of one (also of a half-built one). */
void net_init(struct net *n);
void net_finish(struct net *n);

/* For importers. net_add_tensor returns the tensor's index; net_add_op copies `op` and takes its weights, bias and given over (heap),
 * also on failure; its output's shape must be right already. Both return -1 with the reason at a limit or out of memory. */
int net_add_tensor(struct net *n, int h, int w, int c, struct error *e);
int net_add_op(struct net *n, const struct net_op *op, struct error *e);

/* An op that reads tensor `in`, with a kernel, strides and dilations of 1, no pads, one group and no clamp: for importers to go on from. */
struct net_op net_op_plain(enum net_kind kind, int in);

/* Frees what an op owns; and only the file's integers, for whoever changes its weights. */
void net_op_finish(struct net_op *op);
void net_drop_given(struct net_op *op);

/* The clamp that a grid is, added to an op's: integers saturate. */
void net_clamp_to_grid(struct net_op *op, const struct net_grid *g);

/* Gives `op` depthwise weights that average over `taps` (1: that keep what they read), as integers too. Returns 0, or -1 when memory
 * is short; what it has then is freed with net_op_finish. */
int net_average_weights(struct net_op *op, int channels, int taps, struct error *e);

/* An average pool whose file gives its output another scale than its input becomes a depthwise layer, which can have one: rounded once.
 * Returns 0; 1: it cannot (pads, a clamp, too many weights); or -1 with the reason. */
int net_pool_to_layer(struct net *n, struct net_op *op, const struct net_grid *g, struct error *e);

/* Once all ops are added and input and output are set: checks every shape and weight, drops ops and tensors that the output does not
 * need, numbers tensors, layers and slots anew. Returns 0, or -1 with the reason, which names the op. */
int net_seal(struct net *n, struct error *e);

size_t net_elements(const struct net_tensor *t);
size_t net_weight_count(const struct net *n, const struct net_op *op); // weights without bias; 0 without weights
int net_out_channels(const struct net *n, const struct net_op *op);
int64_t net_macs(const struct net *n, const struct net_op *op);        // multiply-accumulates of one inference; 0 without weights
const char *net_kind_name(enum net_kind kind);                          // "conv", "dense", "add" ...
bool net_is_depthwise(const struct net *n, const struct net_op *op);
bool net_has_window(enum net_kind kind); // a kernel with strides and pads
int net_inputs(enum net_kind kind);      // activations that an operation reads at most
bool net_is_product(enum net_kind kind); // weights that inputs are multiplied with and summed: CONV and DENSE

/* Does the result have the scale and zero point of in[0]? Maxima, resizes, and choices among the channels of one tensor. */
bool net_keeps_scale(const struct net_op *op);

/* May the result take the place of input k, if nothing reads that later and the widths are equal? Operations that go element by
 * element. */
bool net_may_overwrite(const struct net *n, const struct net_op *op, int k);

/* The slot that decides the width of tensor `t`: that of the layer that writes it, seen through everything without weights
 * (through a MUL or CHANNELS: to its first operand's, if that is not the input). -1: the input. */
int net_tensor_slot(const struct net *n, int t);

/* The setting that a quantized file itself has for a slot: its scheme is SCHEME_GIVEN, its a_bits 8 where the file has float
 * activations (hybrid files). False: the file has no integers for all of the slot's weights, or not of one width. */
bool net_given_setting(const struct net *n, int slot, struct setting *s);

/* Has the file integers for everything, so that it can be run as it is without calibration? */
bool net_is_given(const struct net *n);

/* Which tensors are alive while op `op` runs (its inputs, output, and what later ops still read): sets alive[n_tensors]. */
void net_alive(const struct net *n, int op, bool *alive);

#endif
