// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX files: what the operators' files share. One walk over the nodes in order; each operator's function adds operations to the
// network, folds itself into the one before, or only changes how a tensor is looked at.
#ifndef PARE_QUANT_IMPORT_ONNX_H
#define PARE_QUANT_IMPORT_ONNX_H

#include "base/error.h"
#include "onnx.pb-c.h"
#include "quant/import/onnx_constant.h"
#include "quant/import/onnx_names.h"
#include "quant/import/onnx_view.h"
#include "quant/net/net.h"

#include <stdbool.h>
#include <stddef.h>

#define ONNX_NODES_MAX 16384
#define ONNX_NAMES_MAX 65536          // of tensors, constants among them
#define ONNX_CONSTANT_BYTES_MAX (768u << 20) // decoded constants of one file, copies by Transpose included
#define ONNX_OPSET_MIN 7  // before it, Add and BatchNormalization meant something else
#define ONNX_OPSET_MAX 21

enum onnx_state {
    ONNX_UNKNOWN = 0,
    ONNX_ENCODED,    // a constant of the file that nobody has asked for yet
    ONNX_CONSTANT,
    ONNX_ACTIVATION,
};

/* What stands behind a name in the file. */
struct onnx_value {
    enum onnx_state state;
    int uses; // nodes and graph outputs that read it
    const Onnx__TensorProto *encoded;
    struct onnx_constant constant;
    struct onnx_view view;
};

struct onnx {
    struct net *net;
    int64_t opset;
    int64_t batch; // as the file has it; 1 if it is open
    struct onnx_names names;
    struct onnx_value *values; // [ONNX_NAMES_MAX], indexed by name
    size_t constant_bytes;
    // the network's input becomes a tensor when the first operation looks at it: only then is it known which axis is which
    int input_value;
    int input_rank;
    int64_t input_dims[ONNX_RANK_MAX]; // as the file declares it, batch 1
    struct onnx_view settled;          // how that operation saw it; settled.tensor is -1 before
    int n_ways;                        // ways of looking at the input so far
    struct net_grid input_grid;        // of the network's input, if the file has one
};

typedef Onnx__NodeProto onnx_node;

/* Reads a whole file in memory into `n`, which is empty, and seals it. Returns 0, or -1 with the reason and a half-built network. */
int onnx_import(const char *bytes, size_t size, struct net *n, struct error *e);

/* One row per operator. `take` returns 0, or -1 with what is not supported (the caller adds node and operator). */
struct onnx_operator {
    const char *name;
    int (*take)(struct onnx *x, const onnx_node *node, struct error *e);
};

/* `own`: of the domain "pare" (docs/networks.md), else one of ONNX's. */
const struct onnx_operator *onnx_operator_find(const char *name, bool own);

/* How the node is folded into a constant if all it reads are constants; NULL if something is not, or there is no way. */
const struct onnx_operator *onnx_folded(struct onnx *x, const onnx_node *node);

/* Does the node read a part of something that the file spells out (enum onnx_part)? Then onnx_take_part takes it. */
bool onnx_reads_part(struct onnx *x, const onnx_node *node);

/* ---- inputs, outputs and attributes of a node ---- */

/* Input `i`, or NULL if it is missing or left empty. */
struct onnx_value *onnx_input(struct onnx *x, const onnx_node *node, size_t i);

/* Is there an input `i` that is a constant, read or not yet? */
bool onnx_is_constant(struct onnx *x, const onnx_node *node, size_t i);

/* The dimensions of input 0, activation or constant, as the file sees them. Returns 0, or -1 with the reason. */
int onnx_sides(struct onnx *x, const onnx_node *node, int *rank, int64_t dims[ONNX_RANK_MAX], struct error *e);

/* Input `i` as an activation: a view on a tensor of the network. NULL with the reason if it is missing, a constant, or comes out
 * of a LogSoftmax. The view may still have pads to be taken over and, at the network's input, no tensor: see onnx_plane and onnx_any. */
struct onnx_value *onnx_activation(struct onnx *x, const onnx_node *node, size_t i, struct error *e);

/* Input `i` as a constant; NULL with the reason. */
const struct onnx_constant *onnx_constant_input(struct onnx *x, const onnx_node *node, size_t i, struct error *e);
bool onnx_has_input(const onnx_node *node, size_t i);

const Onnx__AttributeProto *onnx_attribute(const onnx_node *node, const char *name);
int64_t onnx_attribute_int(const onnx_node *node, const char *name, int64_t otherwise);
float onnx_attribute_float(const onnx_node *node, const char *name, float otherwise);
const char *onnx_attribute_text(const onnx_node *node, const char *name, char *text, size_t size); // "" if absent

/* `n` integers; absent: all `otherwise`. Each must be low..high. Returns 0, or -1 with the reason. */
int onnx_attribute_ints(const onnx_node *node, const char *name, int n, int otherwise, int low, int high, int *values,
                        struct error *e);

/* Axes from the attribute or (later opsets) input `i`; negative ones are counted from the end. *n is 0 if there are none. */
int onnx_axes(struct onnx *x, const onnx_node *node, size_t i, int rank, int *axes, int *n, struct error *e);

/* Says what the node's first output is. `from`, if not NULL, is the value that the view looks at too: when it has other readers,
 * the operation behind it must stay as it is. */
int onnx_output(struct onnx *x, const onnx_node *node, struct onnx_view view, const struct onnx_value *from, struct error *e);
/* The same of output i; `shared`: whoever wrote the tensor must stay as it is. */
int onnx_output_at(struct onnx *x, const onnx_node *node, size_t i, struct onnx_view view, bool shared, struct error *e);

/* Does anything read output i? */
bool onnx_is_read(const struct onnx *x, const onnx_node *node, size_t i);
int onnx_output_constant(struct onnx *x, const onnx_node *node, struct onnx_constant constant, struct error *e);

/* ---- building ---- */

/* The value as a plane, channels first, rank 4, without open pads unless `pads_too`. NULL view.tensor of the input is settled
 * here. Returns 0, or -1 with the reason. */
int onnx_plane(struct onnx *x, struct onnx_value *v, bool pads_too, struct error *e);

/* The value as a sequence, rank 3, without open pads: time is the tensor's height, its width 1. With `channels_first` a
 * convolution's, (1, c, time), else (1, time, c). Returns 0, or -1 with the reason. */
int onnx_sequence(struct onnx *x, struct onnx_value *v, bool channels_first, struct error *e);

/* The value as whatever it is: only settles the network's input. No open pads. */
int onnx_any(struct onnx *x, struct onnx_value *v, struct error *e);

/* The value as a flat vector of one sample (a dense layer's input). */
int onnx_flat(struct onnx *x, struct onnx_value *v, struct error *e);

/* An operation with neutral fields, named after the node; reads `in`. */
struct net_op onnx_op(const struct onnx *x, const onnx_node *node, enum net_kind kind, int in);

/* Another way of looking at v: settled views are left alone, an unsettled input's gets a number of its own. */
void onnx_new_way(struct onnx *x, struct onnx_view *view);

/* Adds a tensor for op->out and the op (its weights are taken over, also on failure). Returns the tensor, or -1 with the reason. */
int onnx_add_op(struct onnx *x, struct net_op *op, int h, int w, int c, struct error *e);

/* The operation that computes v, if it may be changed: nobody else reads its result, and it has no activation unless `any_activation`.
 * NULL otherwise. */
struct net_op *onnx_producer(struct onnx *x, const struct onnx_value *v, bool any_activation);

/* y = x * scale[c] + shift[c]: folded into the convolution or dense layer before, else a 1 x 1 depthwise convolution of its own. */
int onnx_scale_shift(struct onnx *x, const onnx_node *node, struct onnx_value *v, const double *scale, const double *shift,
                     struct error *e);

/* y = min(max(x, low), high): fused into the operation before, else into a 1 x 1 pool. */
int onnx_clamp(struct onnx *x, const onnx_node *node, struct onnx_value *v, float low, float high, struct error *e);

/* A function of each value of v. */
int onnx_add_function(struct onnx *x, const onnx_node *node, const struct onnx_value *v, const struct function *f, struct error *e);

/* Puts the integers of weights `w`, whose output channels are along `axis`, and biases `b` (NULL: none) into op->given, if they have
 * any. op->in is set. Returns 0, or -1 when memory is short. */
int onnx_give(const struct onnx *x, const struct onnx_constant *w, int axis, size_t channels, const struct onnx_constant *b,
              struct net_op *op, struct error *e);

/* ---- channels ---- */

/* Settles the value as something whose channels are along `axis`: a plane, a sequence or a vector. Returns 0, or -1 with the reason. */
int onnx_channel_axis(struct onnx *x, struct onnx_value *v, int axis, struct error *e);

/* Output i has the channels choice[n] of v, which onnx_channel_axis has settled. `choice` is taken over, also on failure. */
int onnx_choose_channels(struct onnx *x, const onnx_node *node, size_t i, const struct onnx_value *v, int axis, int *choice, int n,
                         struct error *e);

/* Would a reshape to `dims` split the channels of a plane into groups, the first half of a shuffle? */
bool onnx_can_split(const struct onnx *x, const struct onnx_view *v, int rank, const int64_t *dims);

/* The second half: v, whose channels are split, in the shape `dims`. */
int onnx_join_channels(struct onnx *x, const onnx_node *node, const struct onnx_value *v, int rank, const int64_t *dims, struct error *e);

/* ---- windows of convolutions and pools ---- */

/* Strides, pads (auto_pad too) and dilations of the node for the op's kernel on input `in`, and with them the output's sides. The
 * view is a plane, or a sequence with channels first: then the node has one number where a plane's has two. `ceil_mode` counts a last, partial window. Returns 0, or -1 with the reason. */
int onnx_window(const onnx_node *node, const struct net_tensor *in, const struct onnx_view *view, bool ceil_mode,
                struct net_op *op, int *out_h, int *out_w, struct error *e);

#endif
