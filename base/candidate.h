// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A setting for every layer of one network: what the agent proposes and everything else is found out about.
#ifndef PARE_BASE_CANDIDATE_H
#define PARE_BASE_CANDIDATE_H

#include "base/setting.h"

#define CANDIDATE_LAYERS_MAX 256 // ResNet-152 has 155 weight layers
#define CANDIDATE_TEXT_MAX (CANDIDATE_LAYERS_MAX * SETTING_TEXT_MAX)

struct candidate {
    int n; // layers, in execution order
    struct setting layers[CANDIDATE_LAYERS_MAX];
};

/* 64-bit FNV-1a over (w_bits, a_bits, scheme) of each layer in order; stable across machines and versions. */
uint64_t candidate_hash(const struct candidate *c);

bool candidate_equal(const struct candidate *a, const struct candidate *b);

/* Every layer alike. `n` must be 1..CANDIDATE_LAYERS_MAX. */
void candidate_fill(struct candidate *c, int n, struct setting s);

/* Settings separated by one space: "w8a8 w4a8 w2a8". `text` has `size` bytes; -1 if it does not fit. */
int candidate_format(const struct candidate *c, char *text, size_t size);

/* Reads what candidate_format writes; also "w4a8" alone with `n_expected` > 0 fills all layers. `n_expected` 0 accepts any
 * count. Returns 0, or -1 with the reason. */
int candidate_parse(const char *text, int n_expected, struct candidate *c, struct error *e);

#endif
