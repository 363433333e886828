// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// All arithmetic here is one correctly rounded operation after the other in double (IEEE 754), so that stored
// scales give the same integers on every host; but for the functions of tables, which come from the C library: where its
// last bit differs and the value is next to a half, an entry may.
#include "quant/program/lowering.h"

#include "quant/kernels/pack.h"
#include "quant/program/packed.h"

#include <math.h>
#include <string.h>

#define ADD_LEFT_SHIFT 20
#define SHARE_SHIFT_MOST 15

void lowering_geometry(const struct net *n, int op, struct setting s, struct image_op *to)
{
    const struct net_op *from = &n->ops[op];
    *to = (struct image_op){.kind = (uint8_t)packed_kind(n, from), .float32 = s.scheme == SCHEME_FLOAT32};
    bool window = net_has_window(from->kind);
    if (from->layer >= 0)
        to->w_bits = s.w_bits;
    to->w_code = from->layer >= 0 && quantized_table_bytes(s) ? IMAGE_CODE_TABLE : IMAGE_CODE_UNIFORM;
    to->layer = from->layer >= 0 ? (uint16_t)from->layer : 0xffff;
    to->in0 = (uint16_t)from->in[0], to->in1 = from->in[1] >= 0 ? (uint16_t)from->in[1] : 0xffff,
    to->in2 = from->in[2] >= 0 ? (uint16_t)from->in[2] : 0xffff, to->in3 = from->in[3] >= 0 ? (uint16_t)from->in[3] : 0xffff;
    to->out = (uint16_t)from->out;
    to->kernel_h = to->kernel_w = to->stride_h = to->stride_w = to->dilation_h = to->dilation_w = to->groups =
        1;
    if (window) {
        to->kernel_h = (uint16_t)from->kernel_h, to->kernel_w = (uint16_t)from->kernel_w;
        to->stride_h = (uint16_t)from->stride_h, to->stride_w = (uint16_t)from->stride_w;
        to->pad_top = (uint16_t)from->pad_top, to->pad_left = (uint16_t)from->pad_left;
    }
    if (from->kind == NET_RESIZE)
        to->stride_h = (uint16_t)from->stride_h, to->stride_w = (uint16_t)from->stride_w;
    if (from->kind == NET_CONV) {
        to->dilation_h = (uint16_t)from->dilation_h, to->dilation_w = (uint16_t)from->dilation_w;
        to->groups = (uint16_t)from->groups;
    }
    to->weights_blob = to->bias_offset = to->multiplier_offset = to->shift_offset = to->table_offset =
        IMAGE_NONE;
}

void lowering_tensor(const struct net *n, const struct quantized *q, int tensor, unsigned bits,
                     struct image_tensor *to)
{
    const struct net_tensor *from = &n->tensors[tensor];
    *to = (struct image_tensor){
        .h = (uint16_t)from->h, .w = (uint16_t)from->w, .c = (uint16_t)from->c, .bits = (uint8_t)bits};
    to->bytes = (uint32_t)pack_bytes(net_elements(from), bits);
    to->scale = bits == 32 ? 1.0f : q->tensors[tensor].at[bits].scale;
    to->zero_point = bits == 32 ? 0 : q->tensors[tensor].at[bits].zero_point;
}

void lowering_multiplier(double factor, int32_t *multiplier, int32_t *shift)
{
    int exponent;
    double fraction = frexp(factor, &exponent);
    int64_t rounded = (int64_t)round(fraction * 2147483648.0);
    if (rounded == 2147483648) {
        rounded /= 2;
        exponent++;
    }
    if (exponent < -31) // nothing that a 32-bit sum could hold would be left
        rounded = 0, exponent = 0;
    if (exponent > 30)
        rounded = INT32_MAX, exponent = 30;
    *multiplier = (int32_t)rounded;
    *shift = exponent;
}

static int32_t clamp_of(double value, const struct image_tensor *t)
{
    double least = -(1 << (t->bits - 1)), most = (1 << (t->bits - 1)) - 1;
    return (int32_t)fmin(fmax(round(value / (double)t->scale) + t->zero_point, least), most);
}

void lowering_clamp(const struct net_op *op, const struct image_tensor *out, struct image_op *to)
{
    if (to->float32) {
        memcpy(&to->act_min, &op->act_min, sizeof to->act_min);
        memcpy(&to->act_max, &op->act_max, sizeof to->act_max);
        return;
    }
    to->act_min = clamp_of((double)op->act_min, out);
    to->act_max = clamp_of((double)op->act_max, out);
}

/* TFLite's quantized Add with left_shift 20. */
static void put_add(const struct image_tensor *tensors, struct image_op *to)
{
    double a = (double)tensors[to->in0].scale, b = (double)tensors[to->in1].scale,
           out = (double)tensors[to->out].scale;
    double twice = 2 * fmax(a, b);
    lowering_multiplier(a / twice, &to->add_multiplier[0], &to->add_shift[0]);
    lowering_multiplier(b / twice, &to->add_multiplier[1], &to->add_shift[1]);
    lowering_multiplier(twice / ((1 << ADD_LEFT_SHIFT) * out), &to->add_multiplier[2], &to->add_shift[2]);
}

static void put_mul(const struct image_tensor *tensors, struct image_op *to)
{
    float factor = tensors[to->in0].scale * tensors[to->in1].scale / tensors[to->out].scale; // in float32, as TFLite's Mul does
    lowering_multiplier((double)factor, &to->add_multiplier[0], &to->add_shift[0]);
}

/* A sum of as many values as a whole window has, or nothing where the mean keeps the scale. */
static void put_mean(const struct image_tensor *tensors, struct image_op *to)
{
    const struct image_tensor *in = &tensors[to->in0], *out = &tensors[to->out];
    if (in->scale == out->scale && in->zero_point == out->zero_point)
        return;
    double taps = (double)to->kernel_h * to->kernel_w;
    lowering_multiplier((double)in->scale / ((double)out->scale * taps), &to->add_multiplier[0], &to->add_shift[0]);
    if (!to->add_multiplier[0]) // nothing is left of any sum, but the scale is still the output's
        to->add_multiplier[0] = 1, to->add_shift[0] = -31;
}

static void put_channels(const struct image_tensor *tensors, struct image_op *to)
{
    const uint16_t inputs[2] = {to->in0, to->in1};
    for (int i = 0; i < 2 && inputs[i] != 0xffff; i++)
        lowering_multiplier((double)tensors[inputs[i]].scale / (double)tensors[to->out].scale, &to->add_multiplier[i], &to->add_shift[i]);
}

/* With as many fraction bits as leave all that the kernel computes below 2^32. */
static void put_share(const struct image_tensor *tensors, struct image_op *to)
{
    double factor = 1 / (double)tensors[to->out].scale;
    int shift = SHARE_SHIFT_MOST;
    while (shift > 0 && (ldexp(factor, shift) > INT16_MAX || (uint64_t)UINT16_MAX * tensors[to->in0].c << shift > UINT32_MAX))
        shift--;
    to->add_multiplier[0] = (int32_t)fmin(round(ldexp(factor, shift)), INT16_MAX);
    to->add_shift[0] = shift;
}

void lowering_factors(const struct image_tensor *tensors, struct image_op *to)
{
    if (to->kind == IMAGE_ADD)
        put_add(tensors, to);
    else if (to->kind == IMAGE_MUL)
        put_mul(tensors, to);
    else if (to->kind == IMAGE_AVGPOOL)
        put_mean(tensors, to);
    else if (to->kind == IMAGE_CHANNELS)
        put_channels(tensors, to);
    else if (to->kind == IMAGE_SOFTMAX)
        put_share(tensors, to);
}

void lowering_function(const struct net_op *op, struct image_op *to)
{
    static const enum image_function functions[FUNCTION_COUNT] = {
        [FUNCTION_SIGMOID] = IMAGE_SIGMOID,       [FUNCTION_TANH] = IMAGE_TANH, [FUNCTION_HARD_SIGMOID] = IMAGE_HARD_SIGMOID,
        [FUNCTION_HARD_SWISH] = IMAGE_HARD_SWISH, [FUNCTION_SILU] = IMAGE_SILU, [FUNCTION_SOFTPLUS] = IMAGE_SOFTPLUS,
        [FUNCTION_GELU] = IMAGE_GELU,             [FUNCTION_ELU] = IMAGE_ELU,   [FUNCTION_LEAKY_RELU] = IMAGE_LEAKY_RELU,
    };
    to->function = (uint16_t)functions[op->function.kind];
    if (!to->float32)
        return;
    if (op->kind == NET_RMSNORM) {
        memcpy(&to->add_multiplier[0], &op->epsilon, sizeof op->epsilon);
        return;
    }
    memcpy(&to->add_multiplier[0], &op->function.alpha, sizeof op->function.alpha);
    memcpy(&to->add_multiplier[1], &op->function.beta, sizeof op->function.beta);
}

void lowering_table(const struct net_op *op, const struct image_tensor *tensors, const struct image_op *to, int8_t *table)
{
    const struct image_tensor *in = &tensors[to->in0], *out = &tensors[to->out];
    int codes = 1 << in->bits;
    for (int code = 0; code < codes; code++) {
        int q = code < codes / 2 ? code : code - codes;
        double y = function_value(&op->function, (double)in->scale * (q - in->zero_point));
        double rounded = round(y / (double)out->scale) + out->zero_point;
        table[code] = (int8_t)fmin(fmax(rounded, to->act_min), to->act_max);
    }
}

void lowering_exponentials(const struct image_tensor *in, uint16_t *table)
{
    for (int below = 0; below < 1 << in->bits; below++)
        table[below] = (uint16_t)round(UINT16_MAX * exp(-(double)in->scale * below));
}

/* TFLite multiplies both scales of a fully connected layer in float32 when it has one for all weights (kernel_util.cc,
 * GetQuantizedConvolutionMultipler); its own integers are multiplied so. */
static bool multiplies_in_float(const struct image_op *op, const struct quantized_weights *w)
{
    bool shared = w->scheme == SCHEME_GIVEN && op->kind == IMAGE_DENSE;
    for (uint32_t i = 1; i < w->n_channels && shared; i++)
        shared = w->scales[i] == w->scales[0];
    return shared;
}

static void product_parameters(const struct image_tensor *tensors, const struct quantized_weights *w, const struct image_op *to,
                               uint8_t *program)
{
    float in = tensors[to->in0].scale;
    double out = (double)tensors[to->out].scale;
    bool given = w->sums && w->sums_scale == in, in_float = multiplies_in_float(to, w);
    int32_t *bias = (int32_t *)(void *)(program + to->bias_offset);
    int32_t *multiplier = (int32_t *)(void *)(program + to->multiplier_offset);
    int8_t *shift = (int8_t *)(program + to->shift_offset);
    for (uint32_t i = 0; i < w->n_channels; i++) {
        double sum_scale = in_float ? (double)(in * w->scales[i]) : (double)in * (double)w->scales[i];
        int32_t exponent;
        bias[i] = given ? w->sums[i] : (int32_t)fmin(fmax(round((double)w->bias[i] / sum_scale), INT32_MIN), INT32_MAX);
        lowering_multiplier(sum_scale / out, &multiplier[i], &exponent);
        shift[i] = (int8_t)exponent;
    }
}

void lowering_parameters(const struct image_tensor *tensors, const struct quantized_weights *w,
                         const struct image_op *to, uint8_t *program)
{
    if (to->kind == IMAGE_SCAN)
        lowering_scan(tensors, w, to, program);
    else if (to->kind == IMAGE_RMSNORM)
        lowering_rmsnorm(tensors, w, to, program);
    else
        product_parameters(tensors, w, to, program);
    if (to->table_offset != IMAGE_NONE)
        memcpy(program + to->table_offset, w->table, sizeof(int16_t) << w->w_bits);
}
