// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/stats.h"

#include <math.h>
#include <stdlib.h>

static int compare_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t stats_median_i64(int64_t *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_i64);
    return values[(n - 1) / 2];
}

double stats_mean(const double *values, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += values[i];
    return n ? sum / n : 0;
}

double stats_stddev(const double *values, int n)
{
    if (n < 2)
        return 0;
    double mean = stats_mean(values, n), sum = 0;
    for (int i = 0; i < n; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return sqrt(sum / (n - 1));
}

static double log_choose(int64_t n, int64_t k)
{
    return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

/* Probability that at most `right` of `seen` are right when `all` of `total` are. */
static double tail(int64_t right, int64_t seen, int64_t total, int64_t all)
{
    int64_t least = seen - (total - all) > 0 ? seen - (total - all) : 0;
    double sum = 0, whole = log_choose(total, seen);
    for (int64_t k = least; k <= right && k <= all; k++)
        sum += exp(log_choose(all, k) + log_choose(total - all, seen - k) - whole);
    return sum;
}

int64_t stats_most_right(int64_t right, int64_t seen, int64_t total, double risk)
{
    int64_t low = right, high = total - (seen - right); // the tail falls from 1 as `all` grows
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (tail(right, seen, total, middle) >= risk)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}
