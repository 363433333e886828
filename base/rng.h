// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An explicit, serializable random generator: PCG32 (O'Neill 2014, "PCG: a family of simple fast ... algorithms").
#ifndef PARE_BASE_RNG_H
#define PARE_BASE_RNG_H

#include <stdint.h>

/* The whole state; copy it to save it. No other randomness exists in the agent. */
struct rng {
    uint64_t state;
    uint64_t stream; // odd
};

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);
uint32_t rng_u32(struct rng *r);
double rng_uniform(struct rng *r);              // [0, 1), 32 bits of it
uint32_t rng_below(struct rng *r, uint32_t n);  // 0..n-1 without bias, n >= 1
double rng_normal(struct rng *r);               // standard normal (Box-Muller, one value per call)

#endif
