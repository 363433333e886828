// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A made-up network to search, whose accuracy is a law, so that its best candidate is known.
#ifndef PARE_TESTS_UNIT_PLAIN_PROBLEM_H
#define PARE_TESTS_UNIT_PLAIN_PROBLEM_H

#include "agent/space.h"

/* `n` slots, widths {2, 4, 6, 8}; flash may be 55 % of what int8 takes. */
void plain_space(struct space *s, int n);

/* Accuracy in percent: some slots matter far more than their size says, neighbours make each other worse, and more is not always better. */
double plain_accuracy(const struct space *s, const uint8_t *choices);

/* The next of all choices, counted like the digits of a number. Returns false after the last. */
bool plain_count_up(uint8_t *choices, int n, int n_options);

/* The highest accuracy of a candidate that fits. */
double plain_best(const struct space *s);

#endif
