// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The selective scan of Mamba in fixed point (docs/networks.md has the operator). GROUP channels go through all time together, so
// that only their states are kept and B and C are unpacked once for all of them.
//
// For channel d at time t, with numbers and codes less zero points, and the four factors of d (image.h):
//   step   = table[delta]                                     0 .. 65535
//   decay  = 2^-(step * -A * rate)                            30 fraction bits (fixed.h)
//   input  = step * u * gain * B / 2^(B's bits - 7)           nothing is shifted below 7 bits
//   state' = saturated(state * decay + input)                 int32; rounded to its upper half where 16 bits are kept
//   y      = sum of C * state' / 2^(C's bits + log2 n) + u * skip
//   out    = clamp(y * out + zero)
// docs/kernels.md says how far from the real numbers this is.
#include "quant/kernels/scan.h"

#include "quant/kernels/fixed.h"
#include "quant/kernels/kernel.h"
#include "quant/kernels/rows.h"

#define GROUP 8u // channels; so many activations of any width begin on a byte

/* Of one channel. */
struct factors {
    struct fixed_factor rate, gain, skip, out;
};

struct scan {
    const struct kernel *k;
    const uint16_t *steps;
    uint32_t n, padded;  // states of a channel; numbers of a row as they are decoded
    int16_t *rates;      // [GROUP][padded]: A's numbers
    int16_t *b, *c;      // [n] of this time
    uint8_t *states;     // [GROUP][n] of state_bits
    int b_right, c_right;
    int32_t low, high, zero; // of out
};

static uint32_t padded(uint32_t n)
{
    return (n + 3) / 4 * 4;
}

uint32_t scan_scratch_bytes(const struct image_op *op, const struct image_tensor *b)
{
    if (op->float32)
        return b->c * (uint32_t)sizeof(float);
    return (GROUP + 2) * padded(b->c) * (uint32_t)sizeof(int16_t) + GROUP * padded(b->c) * op->state_bits / 8u;
}

static struct scan scan_of(const struct kernel *k)
{
    struct scan s = {.k = k, .steps = k->bias, .n = k->in2->c, .padded = padded(k->in2->c), .zero = k->out->zero_point};
    s.rates = (int16_t *)(void *)k->scratch;
    s.b = s.rates + GROUP * s.padded;
    s.c = s.b + s.padded;
    s.states = (uint8_t *)(s.c + s.padded);
    s.b_right = scan_input_right(k->in2->bits);
    s.c_right = scan_sum_right(k->in3->bits, s.n);
    s.low = k->op->act_min - s.zero, s.high = k->op->act_max - s.zero;
    return s;
}

static struct fixed_factor factor_at(const struct kernel *k, uint32_t i)
{
    return (struct fixed_factor){k->multiplier[i], 31 - k->shift[i]};
}

static struct factors factors_of(const struct kernel *k, uint32_t channel)
{
    uint32_t channels = k->out->c;
    return (struct factors){factor_at(k, channel), factor_at(k, channels + channel), factor_at(k, 2 * channels + channel),
                            factor_at(k, 3 * channels + channel)};
}

/* The table has an entry for each code up to 8 bits, for 16 bits one for each upper byte and one more: the rest is a line. */
static int32_t step_of(const struct scan *s, int32_t code)
{
    unsigned bits = s->k->in1->bits;
    if (bits <= 8)
        return s->steps[code + (1 << (bits - 1))];
    unsigned at = (unsigned)(code + 32768) >> 8, rest = (unsigned)code & 255;
    return (int32_t)((s->steps[at] * (256 - rest) + s->steps[at + 1] * rest + 128) >> 8);
}

/* One channel's states go on by one step; returns the sum of C * state. Inlined for either width. */
SIMD_INLINE int64_t advance(const struct scan *s, const int16_t *rates, void *states, int32_t step, int32_t gained,
                            struct fixed_factor rate, int narrow)
{
    int16_t *narrow_states = states;
    int32_t *wide_states = states;
    int64_t sum = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        int32_t before = narrow ? (int32_t)((uint32_t)narrow_states[i] << 16) : wide_states[i];
        int32_t exponent = rates[i] < 0 ? fixed_scale(step * -rates[i], rate) : 0;
        int32_t decay = fixed_exp2((uint32_t)clamp(exponent, 0, FIXED_EXP_MOST));
        int64_t input = ((int64_t)gained * s->b[i] + ((1 << s->b_right) >> 1)) >> s->b_right;
        int32_t state = fixed_saturate(fixed_multiply(before, decay, 30) + input);
        if (narrow)
            narrow_states[i] = (int16_t)(fixed_saturate((int64_t)state + 0x8000) >> 16);
        else
            wide_states[i] = state;
        sum += (int64_t)state * s->c[i];
    }
    return sum;
}

static int16_t out_of(const struct scan *s, const struct factors *f, int64_t sum, int32_t u)
{
    int64_t y = (sum + (((int64_t)1 << s->c_right) >> 1)) >> s->c_right;
    int32_t both = fixed_saturate(y + fixed_scale(u, f->skip));
    return (int16_t)(clamp(fixed_scale(both, f->out), s->low, s->high) + s->zero);
}

/* `channels` channels from `channel` on, at time t. */
static void scan_step(const struct scan *s, const struct factors *f, uint32_t channel, uint32_t channels, uint32_t t)
{
    const struct kernel *k = s->k;
    uint32_t first = t * k->out->c + channel;
    int16_t u[GROUP], codes[GROUP], out[GROUP];
    int narrow = k->op->state_bits == 16;
    unpack_run(s->b, k->in2_data, t * s->n, s->n, k->in2->bits, -k->in2->zero_point);
    unpack_run(s->c, k->in3_data, t * s->n, s->n, k->in3->bits, -k->in3->zero_point);
    unpack_run(u, k->in_data, first, channels, k->in->bits, -k->in->zero_point);
    unpack_run(codes, k->in1_data, first, channels, k->in1->bits, 0);
    for (uint32_t i = 0; i < channels; i++) {
        int32_t step = step_of(s, codes[i]), gained = fixed_scale(step * u[i], f[i].gain);
        const int16_t *rates = s->rates + i * s->padded;
        void *states = s->states + i * s->padded * k->op->state_bits / 8;
        int64_t sum = narrow ? advance(s, rates, states, step, gained, f[i].rate, 1)
                             : advance(s, rates, states, step, gained, f[i].rate, 0);
        out[i] = out_of(s, &f[i], sum, u[i]);
    }
    pack_run(k->out_data, out, first, channels, k->out->bits);
}

void kernel_scan(const struct kernel *k)
{
    struct scan s = scan_of(k);
    uint32_t time = (uint32_t)k->out->h * k->out->w;
    for (uint32_t channel = 0; channel < k->out->c; channel += GROUP) {
        uint32_t channels = k->out->c - channel < GROUP ? k->out->c - channel : GROUP;
        struct factors f[GROUP];
        for (uint32_t i = 0; i < channels; i++) {
            f[i] = factors_of(k, channel + i);
            rows_decode(k, channel + i, s.n, 0, (simd_word *)(void *)(s.rates + i * s.padded), 1);
        }
        simd_word *states = (simd_word *)(void *)s.states;
        for (uint32_t i = 0; i < GROUP * s.padded * k->op->state_bits / 32u; i++)
            states[i] = 0;
        for (uint32_t t = 0; t < time; t++)
            scan_step(&s, f, channel, channels, t);
    }
}
