// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/kernels/column.h"

#include "quant/kernels/product.h"

#define COLUMNS_BYTES 2304u // what pixels together should not exceed; less than two are never made

/* Kernel rows of the windows of `n` pixels together. */
static uint32_t rows_of(const struct columns *c, uint32_t n)
{
    return c->shared ? (n - 1) * c->op->stride_h + c->op->kernel_h : n * c->op->kernel_h;
}

uint32_t columns_bytes(const struct columns *c)
{
    uint32_t elements = c->shared ? rows_of(c, c->pixels) * c->op->kernel_w * c->width : c->pixels * c->padded;
    return elements * (uint32_t)sizeof(int16_t);
}

static int is_pointwise(const struct image_op *op)
{
    return op->kernel_h == 1 && op->kernel_w == 1 && op->stride_h == 1 && op->stride_w == 1 && op->pad_top == 0 && op->pad_left == 0;
}

struct columns columns_of(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out)
{
    struct columns c = {.op = op, .in = in, .out_h = out->h, .out_w = out->w, .in_h = in->h, .in_w = in->w,
                        .width = in->c / op->groups, .pixels = PRODUCT_PIXELS};
    uint32_t row = op->kernel_w * c.width;
    c.length = op->kernel_h * row;
    c.padded = (c.length + PRODUCT_STEP - 1) / PRODUCT_STEP * PRODUCT_STEP;
    c.crossed = c.width % 4 == 0;
    c.shared = op->dilation_h == 1 && op->stride_h <= op->kernel_h && row % 2 == 0 && c.length == c.padded;
    c.step = c.shared ? op->stride_h * row : c.padded;
    if (is_pointwise(op) && in->h == out->h && in->w == out->w)
        c.out_h = c.in_h = (uint32_t)in->h * in->w, c.out_w = c.in_w = 1;
    while (c.pixels > 2 && columns_bytes(&c) > COLUMNS_BYTES)
        c.pixels -= 2; // they are multiplied two by two
    return c;
}

static int16_t *put_zeros(int16_t *to, uint32_t n)
{
    if (n && (uintptr_t)to % 4)
        *to++ = 0, n--;
    simd_word *words = (simd_word *)(void *)to;
    for (; n >= 8; n -= 8, words += 4)
        words[0] = words[1] = words[2] = words[3] = 0;
    for (to = (int16_t *)(void *)words; n; n--)
        *to++ = 0;
    return to;
}

/* Four bytes, crossed. */
SIMD_INLINE void put_bytes(simd_word *to, uint32_t bytes, uint32_t offset)
{
    to[0] = simd_even_bytes(bytes, offset);
    to[1] = simd_odd_bytes(bytes, offset);
}

static void widen_bytes(simd_word *to, const simd_word *bytes, uint32_t n, uint32_t offset)
{
    for (; n >= 16; n -= 16, bytes += 4, to += 8) {
        uint32_t a = bytes[0], b = bytes[1], c = bytes[2], d = bytes[3];
        put_bytes(to, a, offset), put_bytes(to + 2, b, offset), put_bytes(to + 4, c, offset), put_bytes(to + 6, d, offset);
    }
    for (; n; n -= 4, to += 2)
        put_bytes(to, *bytes++, offset);
}

static void widen_nibbles(simd_word *to, const simd_word *nibbles, uint32_t n, uint32_t offset)
{
    offset = simd_nibble_offset(offset);
    for (; n; n -= 8, to += 4)
        simd_widen_nibbles(*nibbles++, offset, 1, to);
}

static void cross(int16_t *fours, uint32_t n)
{
    for (; n; n -= 4, fours += 4) {
        int16_t second = fours[1];
        fours[1] = fours[2], fours[2] = second;
    }
}

/* `n` inputs from element `first` on. */
SIMD_INLINE int16_t *put_run(const struct columns *c, const uint8_t *data, uint32_t first, uint32_t n, int16_t *to)
{
    uint32_t offset = (uint16_t)-c->in->zero_point * 0x10001u;
    simd_word *words = (simd_word *)(void *)to;
    if (c->crossed && c->in->bits == 8) {
        widen_bytes(words, (const simd_word *)(const void *)(data + first), n, offset);
    } else if (c->crossed && c->in->bits == 4 && c->width % 8 == 0) {
        widen_nibbles(words, (const simd_word *)(const void *)(data + first / 2), n, offset);
    } else {
        unpack_run(to, data, first, n, c->in->bits, -c->in->zero_point);
        if (c->crossed)
            cross(to, n);
    }
    return to + n;
}

/* One row of a window: taps x, x + dilation, ... of input row y, from `channel` on. */
static int16_t *put_row(const struct columns *c, const uint8_t *data, uint32_t channel, int32_t y, int32_t x, int16_t *to)
{
    uint32_t taps = c->op->kernel_w, width = c->width, row = (uint32_t)y * c->in_w;
    int32_t end = x + (int32_t)taps, from = x < 0 ? 0 : x, until = end > (int32_t)c->in_w ? (int32_t)c->in_w : end;
    if (y < 0 || y >= (int32_t)c->in_h)
        return put_zeros(to, taps * width);
    if (c->op->dilation_w == 1 && width == c->in->c && from < until) { // the taps lie side by side
        to = put_zeros(to, (uint32_t)(from - x) * width);
        to = put_run(c, data, (row + (uint32_t)from) * width, (uint32_t)(until - from) * width, to);
        return put_zeros(to, (uint32_t)(end - until) * width);
    }
    for (; taps; taps--, x += c->op->dilation_w) {
        if (x < 0 || x >= (int32_t)c->in_w)
            to = put_zeros(to, width);
        else
            to = put_run(c, data, (row + (uint32_t)x) * c->in->c + channel, width, to);
    }
    return to;
}

void columns_make(const struct columns *c, const uint8_t *data, uint32_t group, uint32_t y, uint32_t x, uint32_t n)
{
    const struct image_op *op = c->op;
    uint32_t channel = group * c->width;
    int32_t top = (int32_t)(y * op->stride_h) - op->pad_top, left = (int32_t)(x * op->stride_w) - op->pad_left;
    int16_t *to = c->elements;
    if (c->in_w == 1 && c->step == c->in->c && op->groups == 1 && is_pointwise(op)) {
        put_run(c, data, y * c->width, n * c->width, to);
    } else if (c->shared) {
        for (uint32_t rows = rows_of(c, n); rows; rows--)
            to = put_row(c, data, channel, top++, left, to);
    } else {
        for (; n; n--, top += op->stride_h) {
            for (uint32_t row = 0; row < op->kernel_h; row++)
                to = put_row(c, data, channel, top + (int32_t)(row * op->dilation_h), left, to);
            to = put_zeros(to, c->padded - c->length);
        }
    }
}
