// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Integer addition and pooling, a run of RUN elements at a time so that packed widths are unpacked once.
#include "quant/kernels/kernel.h"

#define RUN 32u        // a multiple of 8: a run starts on its own byte whatever the width
#define ADD_LEFT_SHIFT 20 // of TFLite's quantized Add: headroom before the inputs are brought to one scale

static void add_run(const struct kernel *k, int16_t *a, const int16_t *b, uint32_t n)
{
    const struct image_op *op = k->op;
    struct requantizer qa = requantizer_of(op->add_multiplier[0], op->add_shift[0], 0);
    struct requantizer qb = requantizer_of(op->add_multiplier[1], op->add_shift[1], 0);
    struct requantizer qo = requantizer_of(op->add_multiplier[2], op->add_shift[2], k->out->zero_point);
    for (uint32_t i = 0; i < n; i++) {
        int32_t sum = simd_add_wrapping(requantize_any(&qa, a[i] * (1 << ADD_LEFT_SHIFT)),
                                        requantize_any(&qb, b[i] * (1 << ADD_LEFT_SHIFT)));
        int32_t value = requantize_any(&qo, sum);
        a[i] = (int16_t)clamp(value, op->act_min, op->act_max);
    }
}

void kernel_add(const struct kernel *k)
{
    uint32_t elements = (uint32_t)k->out->h * k->out->w * k->out->c;
    for (uint32_t first = 0; first < elements; first += RUN) {
        uint32_t n = elements - first < RUN ? elements - first : RUN;
        int16_t a[RUN], b[RUN];
        unpack_run(a, k->in_data, first, n, k->in->bits, -k->in->zero_point);
        unpack_run(b, k->in1_data, first, n, k->in1->bits, -k->in1->zero_point);
        add_run(k, a, b, n);
        pack_run(k->out_data, a, first, n, k->out->bits);
    }
}

/* The part of a pool's window that lies inside the plane. */
struct window {
    int32_t top, bottom, left, right; // from, until
};

static struct window window_of(const struct kernel *k, uint32_t y, uint32_t x)
{
    const struct image_op *op = k->op;
    int32_t top = (int32_t)(y * op->stride_h) - op->pad_top, left = (int32_t)(x * op->stride_w) - op->pad_left;
    return (struct window){clamp(top, 0, k->in->h), clamp(top + op->kernel_h, 0, k->in->h), clamp(left, 0, k->in->w),
                           clamp(left + op->kernel_w, 0, k->in->w)};
}

static int32_t rounded_mean(int32_t sum, int32_t n)
{
    return sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n;
}

static void pool_run(const struct kernel *k, struct window w, uint32_t channel, uint32_t n, int16_t *out)
{
    int maximum = k->op->kind == IMAGE_MAXPOOL;
    int32_t results[RUN];
    for (uint32_t i = 0; i < n; i++)
        results[i] = maximum ? INT16_MIN : 0;
    for (int32_t y = w.top; y < w.bottom; y++) {
        for (int32_t x = w.left; x < w.right; x++) {
            int16_t values[RUN];
            unpack_run(values, k->in_data, ((uint32_t)y * k->in->w + (uint32_t)x) * k->in->c + channel, n, k->in->bits, 0);
            for (uint32_t i = 0; i < n; i++)
                results[i] = !maximum ? results[i] + values[i] : values[i] > results[i] ? values[i] : results[i];
        }
    }
    int32_t taps = (w.bottom - w.top) * (w.right - w.left);
    for (uint32_t i = 0; i < n; i++)
        out[i] = (int16_t)clamp(maximum ? results[i] : rounded_mean(results[i], taps), k->op->act_min, k->op->act_max);
}

void kernel_pool(const struct kernel *k)
{
    uint32_t channels = k->in->c;
    for (uint32_t y = 0; y < k->out->h; y++) {
        for (uint32_t x = 0; x < k->out->w; x++) {
            struct window w = window_of(k, y, x);
            for (uint32_t c = 0; c < channels; c += RUN) {
                uint32_t n = channels - c < RUN ? channels - c : RUN;
                int16_t out[RUN];
                pool_run(k, w, c, n, out);
                pack_run(k->out_data, out, (y * k->out->w + x) * channels + c, n, k->out->bits);
            }
        }
    }
}
