// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The float32 baseline: the same ops with 32-bit tensors. Sixteen sums stand in the FPU's registers, so that a weight from flash serves
// eight pixels and an input two channels; what is left of a multiplication is VFMA's three cycles.
#include "quant/kernels/kernel.h"

#define PIXELS 8u // of a convolution at a time, with two output channels
#define LANES 4u  // channels of a depthwise convolution, rows of a dense layer

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__FMA__)
#define FUSED __attribute__((target_clones("fma", "default"))) // the instruction where there is one: ten times faster
#else
#define FUSED
#endif

static uint32_t column_length(const struct image_op *op, const struct image_tensor *in)
{
    return (uint32_t)op->kernel_h * op->kernel_w * (in->c / op->groups);
}

uint32_t float_scratch_bytes(const struct image_op *op, const struct image_tensor *in)
{
    return op->kind == IMAGE_CONV ? PIXELS * column_length(op, in) * (uint32_t)sizeof(float) : 0;
}

/* Every PIXELS-th element of `to`: the inputs under the window of `pixel`, zeros where it hangs over the edge. */
static void put_column(const struct kernel *k, float *to, uint32_t pixel, uint32_t group)
{
    const struct image_op *op = k->op;
    const struct image_tensor *in = k->in;
    uint32_t width = in->c / op->groups;
    const float *from = (const float *)(const void *)k->in_data + group * width;
    int32_t top = (int32_t)(pixel / k->out->w) * op->stride_h - op->pad_top;
    int32_t left = (int32_t)(pixel % k->out->w) * op->stride_w - op->pad_left;
    for (int32_t i = 0; i < op->kernel_h; i++) {
        int32_t y = top + i * op->dilation_h;
        for (int32_t j = 0; j < op->kernel_w; j++) {
            int32_t x = left + j * op->dilation_w;
            uint32_t inside = y >= 0 && y < in->h && x >= 0 && x < in->w ? width : 0;
            const float *at = inside ? from + ((uint32_t)y * in->w + (uint32_t)x) * in->c : from;
            for (uint32_t n = 0; n < inside; n++, to += PIXELS)
                *to = at[n];
            for (uint32_t n = inside; n < width; n++, to += PIXELS)
                *to = 0.0f;
        }
    }
}

/* Two rows of weights with PIXELS columns that alternate. */
FUSED static void multiply(const float *w, uint32_t length, const float *x, float sums[2][PIXELS])
{
    const float *v = w + length;
    float a0 = sums[0][0], a1 = sums[0][1], a2 = sums[0][2], a3 = sums[0][3], a4 = sums[0][4], a5 = sums[0][5], a6 = sums[0][6],
          a7 = sums[0][7];
    float b0 = sums[1][0], b1 = sums[1][1], b2 = sums[1][2], b3 = sums[1][3], b4 = sums[1][4], b5 = sums[1][5], b6 = sums[1][6],
          b7 = sums[1][7];
#pragma GCC unroll 2
    for (uint32_t i = 0; i < length; i++, x += PIXELS) {
        float p = w[i], q = v[i];
        a0 = MULTIPLY_ADD(p, x[0], a0), b0 = MULTIPLY_ADD(q, x[0], b0);
        a1 = MULTIPLY_ADD(p, x[1], a1), b1 = MULTIPLY_ADD(q, x[1], b1);
        a2 = MULTIPLY_ADD(p, x[2], a2), b2 = MULTIPLY_ADD(q, x[2], b2);
        a3 = MULTIPLY_ADD(p, x[3], a3), b3 = MULTIPLY_ADD(q, x[3], b3);
        a4 = MULTIPLY_ADD(p, x[4], a4), b4 = MULTIPLY_ADD(q, x[4], b4);
        a5 = MULTIPLY_ADD(p, x[5], a5), b5 = MULTIPLY_ADD(q, x[5], b5);
        a6 = MULTIPLY_ADD(p, x[6], a6), b6 = MULTIPLY_ADD(q, x[6], b6);
        a7 = MULTIPLY_ADD(p, x[7], a7), b7 = MULTIPLY_ADD(q, x[7], b7);
    }
    sums[0][0] = a0, sums[0][1] = a1, sums[0][2] = a2, sums[0][3] = a3, sums[0][4] = a4, sums[0][5] = a5, sums[0][6] = a6,
    sums[0][7] = a7;
    sums[1][0] = b0, sums[1][1] = b1, sums[1][2] = b2, sums[1][3] = b3, sums[1][4] = b4, sums[1][5] = b5, sums[1][6] = b6,
    sums[1][7] = b7;
}

/* An odd row at the end, and pixels that are fewer than PIXELS. */
FUSED static float dot(const float *w, const float *x, uint32_t length, float sum)
{
    for (uint32_t i = 0; i < length; i++, x += PIXELS)
        sum = MULTIPLY_ADD(w[i], *x, sum);
    return sum;
}

/* `rows` output channels from `channel` on of `n` pixels from `pixel` on, whose columns are at `x`. */
static void put_outputs(const struct kernel *k, const float *x, uint32_t pixel, uint32_t n, uint32_t channel, uint32_t rows)
{
    uint32_t length = column_length(k->op, k->in), channels = k->out->c;
    const float *bias = k->bias, *w = (const float *)(const void *)k->weights + (size_t)channel * length;
    float *out = (float *)(void *)k->out_data + (size_t)pixel * channels + channel;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float sums[2][PIXELS];
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t p = 0; p < PIXELS; p++)
            sums[r][p] = bias ? bias[channel + r] : 0.0f;
    if (rows == 2 && n >= PIXELS / 2) // also with columns that are left from before, whose sums nobody takes
        multiply(w, length, x, sums);
    else
        for (uint32_t r = 0; r < rows; r++)
            for (uint32_t p = 0; p < n; p++)
                sums[r][p] = dot(w + r * length, x + p, length, sums[r][p]);
    for (uint32_t p = 0; p < n; p++, out += channels)
        for (uint32_t r = 0; r < rows; r++)
            out[r] = clamp_float(sums[r][p], low, high);
}

void kernel_float_conv(const struct kernel *k)
{
    uint32_t pixels = (uint32_t)k->out->h * k->out->w, channels = k->out->c / k->op->groups;
    float *x = (float *)(void *)k->scratch;
    for (uint32_t group = 0; group < k->op->groups; group++)
        for (uint32_t pixel = 0; pixel < pixels; pixel += PIXELS) {
            uint32_t n = pixels - pixel < PIXELS ? pixels - pixel : PIXELS, end = channels * (group + 1);
            for (uint32_t p = 0; p < n; p++)
                put_column(k, x + p, pixel + p, group);
            for (uint32_t channel = channels * group; channel < end; channel += 2)
                put_outputs(k, x, pixel, n, channel, end - channel < 2 ? 1 : 2);
        }
}

/* LANES rows of weights, `length` apart, with one input. */
FUSED static void multiply_rows(const float *w, uint32_t length, const float *x, float sums[LANES])
{
    const float *w1 = w + length, *w2 = w1 + length, *w3 = w2 + length;
    float s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (const float *end = w1; w < end;) {
        float value = *x++;
        s0 = MULTIPLY_ADD(*w++, value, s0), s1 = MULTIPLY_ADD(*w1++, value, s1);
        s2 = MULTIPLY_ADD(*w2++, value, s2), s3 = MULTIPLY_ADD(*w3++, value, s3);
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

FUSED static float multiply_row(const float *w, uint32_t length, const float *x, float sum)
{
    for (uint32_t i = 0; i < length; i++)
        sum = MULTIPLY_ADD(w[i], x[i], sum);
    return sum;
}

void kernel_float_dense(const struct kernel *k)
{
    uint32_t length = (uint32_t)k->in->h * k->in->w * k->in->c, n = (uint32_t)k->out->h * k->out->w * k->out->c;
    const float *bias = k->bias, *x = (const float *)(const void *)k->in_data;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    for (uint32_t row = 0; row < n; row += LANES) {
        const float *w = (const float *)(const void *)k->weights + (size_t)row * length;
        uint32_t rows = n - row < LANES ? n - row : LANES;
        float sums[LANES] = {0};
        for (uint32_t r = 0; r < rows && bias; r++)
            sums[r] = bias[row + r];
        if (rows == LANES)
            multiply_rows(w, length, x, sums);
        else
            for (uint32_t r = 0; r < rows; r++)
                sums[r] = multiply_row(w + r * length, length, x, sums[r]);
        for (uint32_t r = 0; r < rows; r++)
            out[row + r] = clamp_float(sums[r], low, high);
    }
}

/* The part of a window that lies inside the plane, as taps. */
struct window {
    int32_t top, left, first_row, end_row, first_column, end_column;
};

static int32_t least_tap(int32_t at, int32_t dilation)
{
    return at >= 0 ? 0 : (-at + dilation - 1) / dilation;
}

static int32_t end_tap(int32_t at, int32_t dilation, int32_t size, int32_t taps)
{
    int32_t n = at >= size ? 0 : (size - at + dilation - 1) / dilation;
    return n < taps ? n : taps;
}

static struct window window_at(const struct kernel *k, uint32_t y, uint32_t x)
{
    const struct image_op *op = k->op;
    struct window w = {.top = (int32_t)(y * op->stride_h) - op->pad_top, .left = (int32_t)(x * op->stride_w) - op->pad_left};
    w.first_row = least_tap(w.top, op->dilation_h);
    w.end_row = end_tap(w.top, op->dilation_h, k->in->h, op->kernel_h);
    w.first_column = least_tap(w.left, op->dilation_w);
    w.end_column = end_tap(w.left, op->dilation_w, k->in->w, op->kernel_w);
    return w;
}

/* Sums of LANES output channels from `oc` on, each of an input channel of its own. */
FUSED static void depthwise_lanes(const struct kernel *k, const struct window *at, uint32_t oc, float sums[LANES])
{
    const struct image_op *op = k->op;
    uint32_t channels = k->out->c, step = op->dilation_w * (uint32_t)channels;
    float s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (int32_t i = at->first_row; i < at->end_row && at->first_column < at->end_column; i++) {
        int32_t y = at->top + i * op->dilation_h, x = at->left + at->first_column * op->dilation_w;
        const float *w = (const float *)(const void *)k->weights + (uint32_t)(i * op->kernel_w + at->first_column) * channels + oc;
        const float *v = (const float *)(const void *)k->in_data + ((uint32_t)y * k->in->w + (uint32_t)x) * channels + oc;
        for (int32_t n = at->end_column - at->first_column; n > 0; n--, w += channels, v += step) {
            s0 = MULTIPLY_ADD(w[0], v[0], s0), s1 = MULTIPLY_ADD(w[1], v[1], s1);
            s2 = MULTIPLY_ADD(w[2], v[2], s2), s3 = MULTIPLY_ADD(w[3], v[3], s3);
        }
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

/* One output channel, whose input channel may serve several. */
FUSED static float depthwise_one(const struct kernel *k, const struct window *at, uint32_t oc, float sum)
{
    const struct image_op *op = k->op;
    uint32_t channels = k->out->c, channel = oc / (channels / k->in->c);
    const float *w = (const float *)(const void *)k->weights + oc, *v = (const float *)(const void *)k->in_data + channel;
    for (int32_t i = at->first_row; i < at->end_row; i++)
        for (int32_t j = at->first_column; j < at->end_column; j++) {
            uint32_t pixel = (uint32_t)(at->top + i * op->dilation_h) * k->in->w + (uint32_t)(at->left + j * op->dilation_w);
            sum = MULTIPLY_ADD(w[(uint32_t)(i * op->kernel_w + j) * channels], v[pixel * k->in->c], sum);
        }
    return sum;
}

void kernel_float_depthwise(const struct kernel *k)
{
    uint32_t channels = k->out->c, whole = k->in->c == channels ? channels - channels % LANES : 0;
    const float *bias = k->bias;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    for (uint32_t pixel = 0; pixel < (uint32_t)k->out->h * k->out->w; pixel++) {
        struct window at = window_at(k, pixel / k->out->w, pixel % k->out->w);
        for (uint32_t oc = 0; oc < channels; oc += oc < whole ? LANES : 1) {
            uint32_t n = oc < whole ? LANES : 1;
            float sums[LANES] = {0};
            for (uint32_t i = 0; i < n && bias; i++)
                sums[i] = bias[oc + i];
            if (n == LANES)
                depthwise_lanes(k, &at, oc, sums);
            else
                sums[0] = depthwise_one(k, &at, oc, sums[0]);
            for (uint32_t i = 0; i < n; i++)
                *out++ = clamp_float(sums[i], low, high);
        }
    }
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

void kernel_float_channels(const struct kernel *k)
{
    const float *a = (const float *)(const void *)k->in_data, *b = (const float *)(const void *)k->in1_data;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    uint32_t pixels = (uint32_t)k->out->h * k->out->w, first = k->in->c, second = k->in1 ? k->in1->c : 0;
    for (uint32_t p = 0; p < pixels; p++)
        for (uint32_t c = 0; c < k->out->c; c++) {
            uint32_t i = k->choice[c];
            *out++ = clamp_float(i < first ? a[p * first + i] : b[p * second + i - first], low, high);
        }
}

void kernel_float_resize(const struct kernel *k)
{
    const float *in = (const float *)(const void *)k->in_data;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    for (uint32_t y = 0; y < k->out->h; y++)
        for (uint32_t x = 0; x < k->out->w; x++) {
            const float *pixel = in + ((size_t)(y / k->op->stride_h) * k->in->w + x / k->op->stride_w) * k->in->c;
            for (uint32_t c = 0; c < k->in->c; c++)
                *out++ = clamp_float(pixel[c], low, high);
        }
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
