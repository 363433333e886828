// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/evaluate/step.h"

#include <stdbool.h>
#include <string.h>

static bool is_layer(const struct step *s)
{
    return s->op->kind == IMAGE_CONV || s->op->kind == IMAGE_DENSE || s->op->kind == IMAGE_DEPTHWISE;
}

size_t step_plane_elements(const struct step *s)
{
    return is_layer(s) ? (size_t)s->plane_h * (size_t)s->plane_w * (size_t)s->plane_c : 0;
}

static void put_zeros(int16_t *to, size_t n)
{
    memset(to, 0, n * sizeof *to);
}

/* n inputs minus the zero point. */
static void put_centred(int16_t *to, const int16_t *from, size_t n, int zero)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (int16_t)(from[i] - zero);
}

/* The same, each channel as often as the multiplier says, up to plane_c. */
static void put_repeated(const struct step *s, int16_t *to, const int16_t *from)
{
    int channels = s->out->c, multiplier = channels / s->in->c, zero = s->in->zero_point;
    if (multiplier == 1)
        put_centred(to, from, (size_t)channels, zero);
    else
        for (int c = 0; c < channels; c++)
            to[c] = (int16_t)(from[c / multiplier] - zero);
    put_zeros(to + channels, (size_t)(s->plane_c - channels));
}

/* Row y of the plane, from the input's row or zeros. */
static void fill_row(const struct step *s, const int16_t *in, int y, int16_t *to)
{
    int row = y - s->op->pad_top, left = s->op->pad_left, width = s->plane_c, columns = s->in->w;
    if (columns > s->plane_w - left)
        columns = s->plane_w - left;
    if (row < 0 || row >= s->in->h || columns <= 0) {
        put_zeros(to, (size_t)s->plane_w * (size_t)width);
        return;
    }
    const int16_t *from = in + (size_t)row * s->in->w * s->in->c;
    put_zeros(to, (size_t)left * (size_t)width);
    to += left * width;
    if (s->op->kind == IMAGE_DEPTHWISE)
        for (int x = 0; x < columns; x++)
            put_repeated(s, to + x * width, from + x * s->in->c);
    else
        put_centred(to, from, (size_t)columns * (size_t)width, s->in->zero_point);
    put_zeros(to + columns * width, (size_t)(s->plane_w - left - columns) * (size_t)width);
}

static void fill_plane(const struct step *s, const int16_t *in, int16_t *plane)
{
    if (s->op->kind == IMAGE_DENSE) {
        put_centred(plane, in, (size_t)s->plane_c, s->in->zero_point);
        return;
    }
    for (int y = 0; y < s->plane_h; y++)
        fill_row(s, in, y, plane + (size_t)y * (size_t)s->plane_w * (size_t)s->plane_c);
}

static int out_pixels(const struct step *s)
{
    return s->op->kind == IMAGE_DENSE ? 1 : s->out->h * s->out->w;
}

static const int16_t *pixel_at(const struct step *s, const int16_t *plane, int pixel)
{
    if (s->op->kind == IMAGE_DENSE)
        return plane;
    int y = pixel / s->out->w * s->op->stride_h, x = pixel % s->out->w * s->op->stride_w;
    return plane + ((size_t)y * (size_t)s->plane_w + (size_t)x) * (size_t)s->plane_c;
}

/* All blocks of one group for EXACT_PIXELS pixels. */
static void run_blocks(const struct step *s, const int16_t *const *pixels, int n, int group, int16_t *out,
                       size_t out_stride)
{
    size_t block_weights = (size_t)s->stretches.n * (size_t)s->stretches.pairs * EXACT_CHANNELS * 2;
    for (int b = 0; b < s->blocks; b++) {
        size_t at = (size_t)group * (size_t)s->blocks + (size_t)b, first = at * EXACT_CHANNELS;
        struct exact_rounding r = {s->rounding.bias + first, s->rounding.multiplier + first,
                                   s->rounding.left + first, s->rounding.right + first};
        int rest = s->channels - b * EXACT_CHANNELS, channels = rest < EXACT_CHANNELS ? rest : EXACT_CHANNELS;
        s->loops->product(pixels, &s->stretches, s->weights + at * block_weights, &r, &s->output, n, channels,
                          out + b * EXACT_CHANNELS, out_stride);
    }
}

static void run_conv(const struct step *s, const int16_t *plane, int16_t *out)
{
    int pixels = out_pixels(s), groups = s->op->kind == IMAGE_DENSE ? 1 : s->op->groups;
    size_t out_stride = (size_t)s->channels * (size_t)groups;
    for (int pixel = 0; pixel < pixels; pixel += EXACT_PIXELS) {
        int n = pixels - pixel < EXACT_PIXELS ? pixels - pixel : EXACT_PIXELS;
        for (int g = 0; g < groups; g++) {
            const int16_t *at[EXACT_PIXELS];
            for (int i = 0; i < EXACT_PIXELS; i++) // past the end the last is taken again, and not stored
                at[i] = pixel_at(s, plane, pixel + (i < n ? i : n - 1)) + g * (s->plane_c / groups);
            run_blocks(s, at, n, g, out + (size_t)pixel * out_stride + (size_t)g * (size_t)s->channels,
                       out_stride);
        }
    }
}

static void run_depthwise(const struct step *s, const int16_t *plane, int16_t *out)
{
    int channels = s->out->c, taps = s->op->kernel_h * s->op->kernel_w;
    for (int pixel = 0; pixel < s->out->h * s->out->w; pixel++, out += channels) {
        const int16_t *x = pixel_at(s, plane, pixel);
        for (int c = 0; c < channels; c += 8) {
            struct exact_rounding r = {s->rounding.bias + c, s->rounding.multiplier + c, s->rounding.left + c,
                                       s->rounding.right + c};
            int16_t values[8];
            int n = channels - c < 8 ? channels - c : 8;
            s->loops->depthwise(x + c, s->at, taps, s->taps + c, (size_t)s->plane_c, &r, &s->output, values);
            memcpy(out + c, values, (size_t)n * sizeof *out);
        }
    }
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static int32_t rounded_mean(int32_t sum, int32_t n)
{
    return sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n;
}

/* Sums over n taps with a scale of their own. */
static int32_t moved_sum(const struct step *s, int32_t sum, int32_t n)
{
    int32_t taps = s->op->kernel_h * s->op->kernel_w;
    int64_t all = ((int64_t)sum - (int64_t)n * s->in->zero_point) * taps, half = n / 2;
    if (n != taps)
        all = all < 0 ? -((-all + half) / n) : (all + half) / n;
    else
        all /= taps;
    return kernel_requantize((int32_t)all, s->op->add_multiplier[0], s->op->add_shift[0]) + s->out->zero_point;
}

#define POOL_RUN 32 // channels at a time

static void pool_channels(const struct step *s, const int16_t *in, const int window[4], int c, int n,
                          int16_t *out)
{
    bool maximum = s->op->kind == IMAGE_MAXPOOL;
    int32_t results[POOL_RUN];
    for (int i = 0; i < n; i++)
        results[i] = maximum ? INT16_MIN : 0;
    for (int y = window[0]; y < window[1]; y++) {
        for (int x = window[2]; x < window[3]; x++) {
            const int16_t *from = in + ((size_t)y * s->in->w + (size_t)x) * s->in->c + c;
            if (maximum)
                for (int i = 0; i < n; i++)
                    results[i] = from[i] > results[i] ? from[i] : results[i];
            else
                for (int i = 0; i < n; i++)
                    results[i] += from[i];
        }
    }
    int32_t taps = (window[1] - window[0]) * (window[3] - window[2]);
    for (int i = 0; i < n; i++) {
        bool own_scale = s->op->add_multiplier[0] > 0;
        int32_t value = maximum ? results[i] : own_scale ? moved_sum(s, results[i], taps) : rounded_mean(results[i], taps);
        out[i] = (int16_t)clamp(value, s->output.least, s->output.most);
    }
}

static void run_pool(const struct step *s, const int16_t *in, int16_t *out)
{
    const struct image_op *op = s->op;
    for (int pixel = 0; pixel < s->out->h * s->out->w; pixel++, out += s->out->c) {
        int top = pixel / s->out->w * op->stride_h - op->pad_top,
            left = pixel % s->out->w * op->stride_w - op->pad_left;
        const int window[4] = {clamp(top, 0, s->in->h), clamp(top + op->kernel_h, 0, s->in->h),
                               clamp(left, 0, s->in->w), clamp(left + op->kernel_w, 0, s->in->w)};
        for (int c = 0; c < s->out->c; c += POOL_RUN)
            pool_channels(s, in, window, c, s->out->c - c < POOL_RUN ? s->out->c - c : POOL_RUN, out + c);
    }
}

static void run_lookup(const struct step *s, const int16_t *in, int16_t *out)
{
    size_t n = (size_t)s->out->h * s->out->w * s->out->c;
    unsigned codes = (1u << s->in->bits) - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = s->table[(unsigned)in[i] & codes];
}

static void run_mul(const struct step *s, const int16_t *a, const int16_t *b, int16_t *out)
{
    size_t n = (size_t)s->out->h * s->out->w * s->out->c, period = (size_t)s->in1->h * s->in1->w * s->in1->c;
    for (size_t first = 0; first < n; first += period)
        s->loops->mul(a + first, b, period, s->in->zero_point, s->in1->zero_point, &s->rounding, &s->output, out + first);
}

static void run_channels(const struct step *s, const int16_t *a, const int16_t *b, int16_t *out)
{
    const int16_t *first = s->moved[0] + (1 << (s->in->bits - 1)), *second = s->in1 ? s->moved[1] + (1 << (s->in1->bits - 1)) : first;
    for (int pixel = 0; pixel < s->out->h * s->out->w; pixel++, a += s->in->c, b += s->in1 ? s->in1->c : 0)
        for (int c = 0; c < s->out->c; c++)
            *out++ = s->choice[c] < s->in->c ? first[a[s->choice[c]]] : second[b[s->choice[c] - s->in->c]];
}

static void run_resize(const struct step *s, const int16_t *in, int16_t *out)
{
    for (int pixel = 0; pixel < s->out->h * s->out->w; pixel++) {
        int from = pixel / s->out->w / s->op->stride_h * s->in->w + pixel % s->out->w / s->op->stride_w;
        for (int c = 0; c < s->out->c; c++)
            *out++ = (int16_t)clamp(in[from * s->in->c + c], s->output.least, s->output.most);
    }
}

void step_run(const struct step *s, const int16_t *in, const int16_t *in1, int16_t *out, int16_t *plane)
{
    if (s->op->kind == IMAGE_ADD) {
        size_t n = (size_t)s->out->h * s->out->w * s->out->c;
        s->loops->add(in, in1, n, s->in->zero_point, s->in1->zero_point, &s->rounding, &s->output, out);
    } else if (s->op->kind == IMAGE_MUL) {
        run_mul(s, in, in1, out);
    } else if (s->op->kind == IMAGE_LOOKUP) {
        run_lookup(s, in, out);
    } else if (s->op->kind == IMAGE_CHANNELS) {
        run_channels(s, in, in1 ? in1 : in, out);
    } else if (s->op->kind == IMAGE_RESIZE) {
        run_resize(s, in, out);
    } else if (!is_layer(s)) {
        run_pool(s, in, out);
    } else {
        fill_plane(s, in, plane);
        if (s->op->kind == IMAGE_DEPTHWISE)
            run_depthwise(s, plane, out);
        else
            run_conv(s, plane, out);
    }
}
