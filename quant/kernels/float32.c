// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The float32 baseline: the same ops with 32-bit tensors. Convolutions keep FLOAT_ROWS x FLOAT_PIXELS sums in registers.
#include "quant/kernels/kernel.h"

#include <string.h>

#define FLOAT_ROWS 4u
#define FLOAT_PIXELS 2u

/* Fused everywhere, in hardware or by the C library, so that host and board give the same bits. */
#define MULTIPLY_ADD(a, b, c) __builtin_fmaf(a, b, c)
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__FMA__)
#define FUSED __attribute__((target_clones("fma", "default"))) // the instruction where there is one: ten times faster
#else
#define FUSED
#endif

static float float_of_bits(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

SIMD_INLINE float clamp_float(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static uint32_t float_column_length(const struct image_op *op, const struct image_tensor *in)
{
    if (op->kind == IMAGE_DENSE)
        return (uint32_t)in->h * in->w * in->c;
    return (uint32_t)op->kernel_h * op->kernel_w * (in->c / op->groups);
}

/* Where a pixel's inputs stand in memory as they are, no column needs to be made. */
static int is_direct(const struct image_op *op)
{
    return op->kind == IMAGE_DENSE || (op->kernel_h == 1 && op->kernel_w == 1 && op->groups == 1 && op->pad_top == 0 &&
                                       op->pad_left == 0 && op->stride_h == 1 && op->stride_w == 1);
}

uint32_t float_scratch_bytes(const struct image_op *op, const struct image_tensor *in)
{
    if (op->kind == IMAGE_CONV && !is_direct(op))
        return FLOAT_PIXELS * float_column_length(op, in) * (uint32_t)sizeof(float);
    return 0;
}

static void put_column(const struct kernel *k, float *to, uint32_t pixel, uint32_t group)
{
    const struct image_op *op = k->op;
    const struct image_tensor *in = k->in;
    const float *from = (const float *)(const void *)k->in_data;
    uint32_t width = in->c / op->groups;
    int32_t top = (int32_t)(pixel / k->out->w) * op->stride_h - op->pad_top;
    int32_t left = (int32_t)(pixel % k->out->w) * op->stride_w - op->pad_left;
    for (int32_t i = 0; i < op->kernel_h; i++) {
        int32_t y = top + i * op->dilation_h;
        for (int32_t j = 0; j < op->kernel_w; j++, to += width) {
            int32_t x = left + j * op->dilation_w;
            if (y < 0 || y >= in->h || x < 0 || x >= in->w)
                memset(to, 0, width * sizeof *to);
            else
                memcpy(to, from + ((uint32_t)y * in->w + (uint32_t)x) * in->c + group * width, width * sizeof *to);
        }
    }
}

/* FLOAT_ROWS rows of weights, `length` apart, with two columns. */
FUSED static void multiply(const float *w, uint32_t length, const float *x0, const float *x1,
                           float sums[FLOAT_ROWS][FLOAT_PIXELS])
{
    const float *w1 = w + length, *w2 = w1 + length, *w3 = w2 + length;
    float s00 = sums[0][0], s01 = sums[0][1], s10 = sums[1][0], s11 = sums[1][1];
    float s20 = sums[2][0], s21 = sums[2][1], s30 = sums[3][0], s31 = sums[3][1];
    for (const float *end = w + length; w < end;) {
        float a = *x0++, b = *x1++;
        float c0 = *w++, c1 = *w1++, c2 = *w2++, c3 = *w3++;
        s00 = MULTIPLY_ADD(c0, a, s00), s01 = MULTIPLY_ADD(c0, b, s01);
        s10 = MULTIPLY_ADD(c1, a, s10), s11 = MULTIPLY_ADD(c1, b, s11);
        s20 = MULTIPLY_ADD(c2, a, s20), s21 = MULTIPLY_ADD(c2, b, s21);
        s30 = MULTIPLY_ADD(c3, a, s30), s31 = MULTIPLY_ADD(c3, b, s31);
    }
    sums[0][0] = s00, sums[0][1] = s01, sums[1][0] = s10, sums[1][1] = s11;
    sums[2][0] = s20, sums[2][1] = s21, sums[3][0] = s30, sums[3][1] = s31;
}

/* Fewer rows than FLOAT_ROWS, at the end. */
FUSED static float dot(const float *w, const float *x, uint32_t length, float sum)
{
    for (uint32_t i = 0; i < length; i++)
        sum = MULTIPLY_ADD(w[i], x[i], sum);
    return sum;
}

static void make_outputs(const struct kernel *k, const float *x[FLOAT_PIXELS], uint32_t pixel, uint32_t n,
                         uint32_t first, uint32_t end)
{
    uint32_t length = float_column_length(k->op, k->in);
    uint32_t channels = k->op->kind == IMAGE_DENSE ? end : k->out->c;
    const float *weights = (const float *)(const void *)k->weights, *bias = k->bias;
    float *out = (float *)(void *)k->out_data + (size_t)pixel * channels;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    for (uint32_t channel = first; channel < end; channel += FLOAT_ROWS) {
        uint32_t rows = end - channel < FLOAT_ROWS ? end - channel : FLOAT_ROWS;
        const float *w = weights + (size_t)channel * length;
        float sums[FLOAT_ROWS][FLOAT_PIXELS];
        for (uint32_t r = 0; r < rows; r++)
            sums[r][0] = sums[r][1] = bias ? bias[channel + r] : 0.0f;
        if (rows == FLOAT_ROWS)
            multiply(w, length, x[0], x[1], sums);
        else
            for (uint32_t i = 0; i < rows * FLOAT_PIXELS; i++)
                sums[i / 2][i % 2] = dot(w + i / 2 * length, x[i % 2], length, sums[i / 2][i % 2]);
        for (uint32_t r = 0; r < rows; r++)
            for (uint32_t p = 0; p < n; p++)
                out[p * channels + channel + r] = clamp_float(sums[r][p], low, high);
    }
}

void kernel_float_conv(const struct kernel *k)
{
    int dense = k->op->kind == IMAGE_DENSE, direct = is_direct(k->op);
    uint32_t length = float_column_length(k->op, k->in);
    uint32_t groups = dense ? 1 : k->op->groups;
    uint32_t channels = (dense ? (uint32_t)k->out->h * k->out->w * k->out->c : k->out->c) / groups;
    uint32_t pixels = dense ? 1 : (uint32_t)k->out->h * k->out->w;
    for (uint32_t group = 0; group < groups; group++) {
        for (uint32_t pixel = 0; pixel < pixels; pixel += FLOAT_PIXELS) {
            uint32_t n = pixels - pixel < FLOAT_PIXELS ? 1 : FLOAT_PIXELS;
            const float *x[FLOAT_PIXELS];
            for (uint32_t i = 0; i < FLOAT_PIXELS; i++) {
                uint32_t at = pixel + (i < n ? i : 0);
                float *made = (float *)(void *)k->scratch + i * length;
                if (!direct)
                    put_column(k, made, at, group);
                x[i] = direct ? (const float *)(const void *)k->in_data + (size_t)at * length : made;
            }
            make_outputs(k, x, pixel, n, channels * group, channels * (group + 1));
        }
    }
}

/* One output pixel of one tap position for all channels lies side by side: FLOAT_ROWS channels at a time. */
FUSED static float depthwise_sum(const struct kernel *k, int32_t top, int32_t left, uint32_t oc)
{
    const struct image_op *op = k->op;
    const struct image_tensor *in = k->in;
    uint32_t channels = k->out->c, channel = oc / (channels / in->c);
    const float *w = (const float *)(const void *)k->weights + oc, *x = (const float *)(const void *)k->in_data + channel;
    float sum = k->bias ? ((const float *)k->bias)[oc] : 0.0f;
    for (int32_t i = 0; i < op->kernel_h; i++) {
        int32_t y = top + i * op->dilation_h;
        if (y < 0 || y >= in->h)
            continue;
        for (int32_t j = 0; j < op->kernel_w; j++) {
            int32_t at = left + j * op->dilation_w;
            if (at >= 0 && at < in->w)
                sum = MULTIPLY_ADD(w[((uint32_t)i * op->kernel_w + (uint32_t)j) * channels],
                                   x[((uint32_t)y * in->w + (uint32_t)at) * in->c], sum);
        }
    }
    return sum;
}

void kernel_float_depthwise(const struct kernel *k)
{
    const struct image_op *op = k->op;
    float low = float_of_bits(op->act_min), high = float_of_bits(op->act_max);
    float *out = (float *)(void *)k->out_data;
    for (uint32_t y = 0; y < k->out->h; y++)
        for (uint32_t x = 0; x < k->out->w; x++)
            for (uint32_t c = 0; c < k->out->c; c++)
                *out++ = clamp_float(depthwise_sum(k, (int32_t)(y * op->stride_h) - op->pad_top,
                                                   (int32_t)(x * op->stride_w) - op->pad_left, c),
                                     low, high);
}

void kernel_float_add(const struct kernel *k)
{
    const float *a = (const float *)(const void *)k->in_data, *b = (const float *)(const void *)k->in1_data;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    size_t n = (size_t)k->out->h * k->out->w * k->out->c;
    for (size_t i = 0; i < n; i++)
        out[i] = clamp_float(a[i] + b[i], low, high);
}

void kernel_float_mul(const struct kernel *k)
{
    const float *a = (const float *)(const void *)k->in_data, *b = (const float *)(const void *)k->in1_data;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    size_t n = (size_t)k->out->h * k->out->w * k->out->c, period = (size_t)k->in1->h * k->in1->w * k->in1->c;
    for (size_t first = 0; first < n; first += period)
        for (size_t i = 0; i < period; i++)
            out[first + i] = clamp_float(a[first + i] * b[i], low, high);
}

static float pool_one(const struct kernel *k, int32_t top, int32_t left, uint32_t channel)
{
    const struct image_tensor *in = k->in;
    const float *x = (const float *)(const void *)k->in_data;
    int maximum = k->op->kind == IMAGE_MAXPOOL;
    int32_t bottom = clamp(top + k->op->kernel_h, 0, in->h), right = clamp(left + k->op->kernel_w, 0, in->w);
    top = clamp(top, 0, in->h), left = clamp(left, 0, in->w);
    float result = maximum ? -__builtin_inff() : 0.0f;
    for (int32_t i = top; i < bottom; i++) {
        for (int32_t j = left; j < right; j++) {
            float value = x[((uint32_t)i * in->w + (uint32_t)j) * in->c + channel];
            result = !maximum ? result + value : value > result ? value : result;
        }
    }
    return maximum ? result : result / (float)((bottom - top) * (right - left));
}

void kernel_float_pool(const struct kernel *k)
{
    const struct image_op *op = k->op;
    float low = float_of_bits(op->act_min), high = float_of_bits(op->act_max);
    float *out = (float *)(void *)k->out_data;
    for (uint32_t y = 0; y < k->out->h; y++)
        for (uint32_t x = 0; x < k->out->w; x++)
            for (uint32_t c = 0; c < k->out->c; c++)
                *out++ = clamp_float(pool_one(k, (int32_t)(y * op->stride_h) - op->pad_top,
                                              (int32_t)(x * op->stride_w) - op->pad_left, c),
                                     low, high);
}
