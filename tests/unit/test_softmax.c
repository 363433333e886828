// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Softmax of integers against real numbers, with the bound that docs/kernels.md states, and its limits.
#include "base/rng.h"
#include "quant/kernels/kernel.h"
#include "quant/program/lowering.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define MOST 8192 // channels

static struct rng rng;

/* One pixel: its codes, and what they become. */
struct pixel {
    struct image_tensor t[2];
    struct image_op op;
    int16_t in[MOST], out[MOST];
    uint8_t in_data[2 * MOST], out_data[2 * MOST];
    uint16_t table[256];
};

static struct pixel p;

static void begin(unsigned channels, unsigned in_bits, unsigned out_bits, double in_scale, double out_scale)
{
    memset(&p, 0, sizeof p);
    p.t[0] = (struct image_tensor){.h = 1, .w = 1, .c = (uint16_t)channels, .bits = (uint8_t)in_bits, .scale = (float)in_scale};
    p.t[1] = p.t[0];
    p.t[1].bits = (uint8_t)out_bits, p.t[1].scale = (float)out_scale, p.t[1].zero_point = -(1 << (out_bits - 1));
    p.op = (struct image_op){.kind = IMAGE_SOFTMAX, .in0 = 0, .in1 = 0xffff, .out = 1};
    p.op.act_min = p.t[1].zero_point, p.op.act_max = -1 - p.t[1].zero_point;
    lowering_factors(p.t, &p.op);
    lowering_exponentials(&p.t[0], p.table);
}

static void run(void)
{
    unsigned channels = p.t[0].c;
    struct kernel k = {.op = &p.op, .in = &p.t[0], .out = &p.t[1], .in_data = p.in_data, .out_data = p.out_data, .exponentials = p.table};
    pack_run(p.in_data, p.in, 0, channels, p.t[0].bits);
    kernel_softmax(&k);
    unpack_run(p.out, p.out_data, 0, channels, p.t[1].bits, 0);
}

static void draw_codes(void)
{
    int codes = 1 << p.t[0].bits, spread = 1 + (int)rng_below(&rng, (uint32_t)codes), low = (int)rng_below(&rng, (uint32_t)(codes - spread + 1));
    for (unsigned i = 0; i < p.t[0].c; i++)
        p.in[i] = (int16_t)(low + (int)rng_below(&rng, (uint32_t)spread) - codes / 2);
}

/* Half a unit of rounding, (1 + c y) / 131070 of all for the table, 2^-14 of y for a factor that is no power of two. Returns the
 * largest share of that bound. */
static double check_pixel(int exact_factor)
{
    double sum = 0, scale = (double)p.t[1].scale, worst = 0;
    unsigned channels = p.t[0].c;
    for (unsigned i = 0; i < channels; i++)
        sum += exp((double)p.t[0].scale * p.in[i]);
    for (unsigned i = 0; i < channels; i++) {
        double y = exp((double)p.t[0].scale * p.in[i]) / sum, got = p.out[i] - p.t[1].zero_point;
        double bound = 0.5 + ((1 + channels * y) / 131070 + (exact_factor ? 0 : ldexp(y, -14))) / scale + 1e-9;
        double off = fabs(got - fmin(y / scale, p.op.act_max - p.t[1].zero_point));
        if (off > bound)
            ck_abort_msg("%g instead of %g, more than %g away", got, y / scale, bound);
        worst = fmax(worst, off / bound);
    }
    return worst;
}

START_TEST(a_softmax_of_integers_is_within_its_bound_of_the_real_one)
{
    double worst = 0;
    for (int i = 0; i < 3000; i++) {
        unsigned out_bits = 2 + rng_below(&rng, 7);
        begin(1 + rng_below(&rng, rng_below(&rng, 8) ? 200 : MOST), 2 + rng_below(&rng, 7), out_bits, pow(10, 2 * rng_uniform(&rng) - 3),
              ldexp(1, -(int)out_bits));
        draw_codes();
        run();
        worst = fmax(worst, check_pixel(1));
    }
    ck_assert_double_gt(worst, 0.9); // the bound is not far from what happens
}
END_TEST

/* Of a quantized file, or after training. */
START_TEST(other_scales_of_the_output_are_within_the_bound)
{
    for (int i = 0; i < 1000; i++) {
        begin(1 + rng_below(&rng, 200), 8, 8, 0.05, (0.5 + rng_uniform(&rng)) / 256);
        draw_codes();
        run();
        check_pixel(0);
    }
}
END_TEST

START_TEST(extremes_stay_within_32_bits)
{
    static const double scales[] = {1e-30, 1.0 / 4096, 1, 1e30};
    for (int i = 0; i < 4; i++) {
        begin(MOST, 8, 8, i % 2 ? 1e-6 : 100, scales[i]);
        ck_assert_int_ge(p.op.add_multiplier[0], 0);
        ck_assert_int_le(p.op.add_multiplier[0], 32767);
        ck_assert_uint_le((uint64_t)65535 * MOST << p.op.add_shift[0], UINT32_MAX);
        draw_codes();
        run();
        for (unsigned k = 0; k < MOST; k++)
            ck_assert(p.out[k] >= p.op.act_min && p.out[k] <= p.op.act_max);
    }
    begin(5, 8, 8, 100, 1.0 / 256); // one takes all
    memcpy(p.in, ((const int16_t[]){-128, 127, 126, -128, 0}), 5 * sizeof *p.in);
    run();
    ck_assert_mem_eq(p.out, ((const int16_t[]){-128, 127, -128, -128, -128}), 5 * sizeof *p.out);
    begin(4, 8, 8, 0.1, 1.0 / 256); // all are alike
    run();
    ck_assert_mem_eq(p.out, ((const int16_t[]){-64, -64, -64, -64}), 4 * sizeof *p.out);
}
END_TEST

int main(void)
{
    rng_seed(&rng, 50, 1);
    Suite *suite = suite_create("softmax");
    TCase *tc = suite_case(suite, "softmax", NULL, NULL);
    tcase_add_test(tc, a_softmax_of_integers_is_within_its_bound_of_the_real_one);
    tcase_add_test(tc, other_scales_of_the_output_are_within_the_bound);
    tcase_add_test(tc, extremes_stay_within_32_bits);
    return suite_run(suite);
}
