// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/plain_problem.h"

#include <math.h>
#include <string.h>

void plain_space(struct space *s, int n)
{
    memset(s, 0, sizeof *s);
    s->n_slots = n;
    s->ram_budget_bytes = INT64_MAX;
    for (int w = 2; w <= 8; w += 2)
        s->options[s->n_options++] = (struct setting){(uint8_t)w, 8, SCHEME_UNIFORM};
    for (int i = 0; i < n; i++) {
        s->slots[i] = (struct space_slot){.allowed = 15, .parameters = 500 * (1 + i * 5 % 7), .macs = 1e5};
        for (int o = 0; o < 4; o++) {
            s->slots[i].flash_bytes[o] = (int64_t)(s->slots[i].parameters * s->options[o].w_bits / 8);
            s->slots[i].sensitivity[o] = pow(4, -s->options[o].w_bits);
        }
        s->flash_budget_bytes += (int64_t)(0.55 * s->slots[i].parameters);
    }
}

double plain_accuracy(const struct space *s, const uint8_t *choices)
{
    double lost = 0;
    for (int i = 0; i < s->n_slots; i++) {
        double coarse = pow(2, 2 - s->options[choices[i]].w_bits) * (i % 3 == 1 ? 6 : 1);
        double before = i ? pow(2, 2 - s->options[choices[i - 1]].w_bits) : 0;
        lost += coarse + 4 * coarse * before - (i % 4 == 2 && choices[i] == 1 ? 0.4 : 0);
    }
    return 90 - lost;
}

bool plain_count_up(uint8_t *choices, int n, int n_options)
{
    for (int i = n - 1; i >= 0; choices[i--] = 0)
        if (++choices[i] < n_options)
            return true;
    return false;
}

double plain_best(const struct space *s)
{
    uint8_t choices[SPACE_SLOTS_MAX] = {0};
    double best = -INFINITY;
    do
        if (space_fits(s, choices))
            best = fmax(best, plain_accuracy(s, choices));
    while (plain_count_up(choices, s->n_slots, s->n_options));
    return best;
}
