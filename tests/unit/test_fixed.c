// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The bounds that quant/kernels/fixed.h states, against the C library's double.
#include "base/rng.h"
#include "quant/kernels/fixed.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>

static double largest;

static void look_at_exp2(uint32_t x)
{
    double exact = exp2(-(double)x / (1 << FIXED_EXP_BITS)) * FIXED_ONE, got = fixed_exp2(x);
    double over = (fabs(got - exact) - 2) / exact;
    largest = fmax(largest, over);
    if (over > 1.6e-7) // an assertion that holds costs more than all of this
        ck_abort_msg("2^-(%u / 2^24): %g instead of %g", x, got, exact);
}

START_TEST(exp2_is_within_its_bound)
{
    struct rng r;
    rng_seed(&r, 1, 2);
    for (uint32_t x = 0; x < 1u << 20; x++) // all small ones: there a state forgets slowly
        look_at_exp2(x);
    for (uint32_t x = 0; x <= FIXED_EXP_MOST; x += 1 + rng_below(&r, 999))
        look_at_exp2(x);
    look_at_exp2(FIXED_EXP_MOST);
    ck_assert_int_eq(fixed_exp2(0), FIXED_ONE);
    ck_assert_double_gt(largest, 0); // the bound says something
}
END_TEST

START_TEST(exp2_never_rises)
{
    for (uint32_t x = 0, before = FIXED_ONE; x < 2u << FIXED_EXP_BITS; x += 13) {
        if (fixed_exp2(x) > (int)before + 1) // a unit of rounding, where one entry ends and the next begins
            ck_abort_msg("at %u", x);
        before = (uint32_t)fixed_exp2(x);
    }
}
END_TEST

static void look_at_root(uint64_t value)
{
    struct fixed_root root = fixed_inverse_root(value);
    double exact = 1 / sqrt((double)value), got = ldexp(root.mantissa, root.exponent - 30);
    if (root.mantissa < FIXED_ONE || fabs(got / exact - 1) > ldexp(1, -28))
        ck_abort_msg("1 / sqrt(%llu): off by %g of itself", (unsigned long long)value, got / exact - 1);
}

START_TEST(inverse_root_is_within_its_bound)
{
    struct rng r;
    rng_seed(&r, 3, 4);
    for (uint64_t value = 1; value < 100000; value++)
        look_at_root(value);
    for (int bit = 0; bit < 64; bit++)
        for (int i = 0; i < 1000; i++)
            look_at_root((1ull << bit) + (((uint64_t)rng_below(&r, UINT32_MAX) << 32 | rng_below(&r, UINT32_MAX)) & ((1ull << bit) - 1)));
    look_at_root(UINT64_MAX);
    look_at_root(1ull << 62);
    look_at_root((1ull << 62) - 1);
}
END_TEST

START_TEST(scaling_rounds_to_the_nearest_and_saturates)
{
    struct rng r;
    rng_seed(&r, 5, 6);
    for (int i = 0; i < 100000; i++) {
        int32_t value = (int32_t)rng_below(&r, UINT32_MAX), multiplier = (int32_t)(rng_below(&r, UINT32_MAX) >> 1);
        int right = 1 + (int)rng_below(&r, 62);
        double exact = fmin(fmax(ldexp((double)value * multiplier, -right), INT32_MIN), INT32_MAX); // rounded at 2^-52 of it
        if (fabs(fixed_scale(value, (struct fixed_factor){multiplier, right}) - exact) > 0.5 + 1e-6)
            ck_abort_msg("%d * %d >> %d", value, multiplier, right);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fixed");
    TCase *c = suite_case(s, "bounds", NULL, NULL);
    tcase_add_test(c, exp2_is_within_its_bound);
    tcase_add_test(c, exp2_never_rises);
    tcase_add_test(c, inverse_root_is_within_its_bound);
    tcase_add_test(c, scaling_rounds_to_the_nearest_and_saturates);
    return suite_run(s);
}
