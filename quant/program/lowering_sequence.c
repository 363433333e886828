// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Factors of RMSNorm and of the selective scan: real numbers, in the units that quant/kernels/rmsnorm.c and scan.c name. As in
// lowering.c, only softplus is more than one correctly rounded operation after the other.
#include "quant/kernels/fixed.h"
#include "quant/kernels/scan.h"
#include "quant/program/lowering.h"

#include <math.h>

#define LOG2_E 1.44269504088896340736
#define EPSILON_MOST 1152921504606846976.0 // 2^60
#define HEADROOM_16 2.0  // a state may become so much larger than calibration saw it
#define HEADROOM_32 64.0 // with 32 bits there is room for more

void lowering_epsilon(const struct net_op *op, const struct image_tensor *in, struct image_op *to)
{
    double scale = (double)in->scale, epsilon = round((double)op->epsilon * in->c / (scale * scale) * 65536);
    int64_t whole = (int64_t)fmin(epsilon, EPSILON_MOST);
    to->add_multiplier[0] = (int32_t)(whole & INT32_MAX);
    to->add_multiplier[1] = (int32_t)(whole >> 31);
}

/* Where factor `i` of a layer stands. */
struct factors {
    int32_t *multipliers;
    int8_t *shifts;
};

static struct factors factors_of(const struct image_op *op, uint8_t *program)
{
    return (struct factors){(int32_t *)(void *)(program + op->multiplier_offset), (int8_t *)(program + op->shift_offset)};
}

static void put_factor(struct factors f, uint32_t i, double factor)
{
    int32_t multiplier, shift;
    lowering_multiplier(fabs(factor), &multiplier, &shift);
    f.multipliers[i] = factor < 0 ? -multiplier : multiplier;
    f.shifts[i] = (int8_t)shift;
}

void lowering_rmsnorm(const struct image_tensor *tensors, const struct quantized_weights *w, const struct image_op *to,
                      uint8_t *program)
{
    double root = sqrt(tensors[to->in0].c) * 256 / (double)tensors[to->out].scale;
    for (uint32_t c = 0; c < w->n_channels; c++)
        put_factor(factors_of(to, program), c, (double)w->scales[c] * root);
}

static double step_of(const struct image_op *op, double delta)
{
    struct function softplus = {.kind = FUNCTION_SOFTPLUS};
    return op->function == IMAGE_SOFTPLUS ? function_value(&softplus, delta) : fmax(delta, 0);
}

/* Fills in the table of steps; returns what one of its units is. */
static double put_steps(const struct image_op *op, const struct image_tensor *delta, uint16_t *steps)
{
    double real[SCAN_STEPS] = {0}, most = 0;
    int entries = delta->bits <= 8 ? 1 << delta->bits : (int)SCAN_STEPS;
    for (int i = 0; i < entries; i++) {
        int code = delta->bits <= 8 ? i - entries / 2 : (i - 128) * 256;
        real[i] = step_of(op, (double)delta->scale * (code - delta->zero_point));
        most = fmax(most, real[i]);
    }
    double unit = most > 0 ? most / SCAN_STEP_MOST : 1;
    for (int i = 0; i < entries; i++)
        steps[i] = (uint16_t)fmin(round(real[i] / unit), SCAN_STEP_MOST);
    return unit;
}

/* What one unit of a channel's states (of 32 bits) is: there is room for more than calibration saw, and in the units of y, which
 * are `c_unit` times as large, for D u times four. */
static double state_unit(const struct image_op *op, double seen, double skipped, double c_unit)
{
    double headroom = op->state_bits == 16 ? HEADROOM_16 : HEADROOM_32;
    double unit = fmax(seen * headroom, 4 * skipped / c_unit) / 2147483648.0;
    return unit > 0 ? unit : 1;
}

void lowering_scan(const struct image_tensor *tensors, const struct quantized_weights *w, const struct image_op *to,
                   uint8_t *program)
{
    const struct image_tensor *u = &tensors[to->in0], *b = &tensors[to->in2], *c = &tensors[to->in3];
    double step = put_steps(to, &tensors[to->in1], (uint16_t *)(void *)(program + to->bias_offset));
    double c_unit = ldexp((double)c->scale, scan_sum_right(c->bits, c->c)), u_most = ldexp((double)u->scale, u->bits);
    struct factors f = factors_of(to, program);
    for (uint32_t i = 0, n = w->n_channels; i < n; i++) {
        double d = (double)w->bias[i], state = state_unit(to, (double)w->states[i], fabs(d) * u_most, c_unit);
        put_factor(f, i, step * (double)w->scales[i] * LOG2_E * (1 << FIXED_EXP_BITS));
        put_factor(f, n + i, ldexp(step * (double)u->scale * (double)b->scale / state, scan_input_right(b->bits)));
        put_factor(f, 2 * n + i, d * (double)u->scale / (state * c_unit));
        put_factor(f, 3 * n + i, state * c_unit / (double)tensors[to->out].scale);
    }
}
