// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Small statistics over small arrays.
#ifndef PARE_BASE_STATS_H
#define PARE_BASE_STATS_H

#include <stdint.h>

/* Median of n >= 1 values, sorting them in place; of an even count, the lower of the two middle ones (an actual value). */
int64_t stats_median_i64(int64_t *values, int n);

/* How many of `total` are right at most, when `right` of `seen` drawn without replacement were: the largest number for which so few would
 * have been drawn with a probability of at least `risk` (the upper Clopper-Pearson bound of the hypergeometric distribution). */
int64_t stats_most_right(int64_t right, int64_t seen, int64_t total, double risk);

double stats_mean(const double *values, int n);
double stats_stddev(const double *values, int n); // of the sample (n - 1); 0 for n < 2

#endif
