// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What layers cost: a table of measured cycles by shape, setting and input width, filled from trials, and what it says of candidates that
// were not measured yet.
//
// A layer's cycles depend on its shape, its own setting and the width of its input. What was measured is taken as it is; what was not
// is the same shape's w8a8 times the ratio that this setting had in other shapes of the same kind, else of any kind, with the spread
// of those ratios as its doubt. Operations without a setting (additions, pools) and what the loop around them takes are a rest, about the
// same for all. Energy is cycles times the energy of a cycle, whose spread is known too. All of it follows from the results in their order, so
// nothing of it is saved: a study that goes on tells them again.
//
// A limit of cycles or energy becomes a mask: an option is allowed while prefix, option and the cheapest rest, all as cheap as
// the doubt permits, stay within. A result beyond the limit that the table expected within tightens it (dual ascent), others relax it.
#ifndef PARE_AGENT_COSTS_H
#define PARE_AGENT_COSTS_H

#include "agent/space.h"

#define COSTS_WIDTHS 4  // of inputs: 2 to 4, 8, 16 bits, others
#define COSTS_DOUBTS 2.0 // standard deviations that "as cheap as may be" takes off

/* A layer as the table sees it; layers of equal `kind` and `shape` cost the same. */
struct costs_layer {
    int slot, input_slot; // of whoever decides the width of its input; -1: the network's input, 8 bits
    uint32_t kind;
    uint64_t shape;
};

/* Mean and spread of what was seen (Welford 1962). */
struct costs_mean {
    int n;
    double mean, squares;
};

struct costs {
    const struct space *space;
    int n_layers, n_shapes, reference; // reference: the option w8a8
    struct costs_layer *layers;        // [n_layers]
    int *shape;                        // [n_layers] index of its shape
    uint16_t *touched, *first;         // layers that a slot decides on: touched[first[slot] .. first[slot + 1]), [2 * n_layers] and [n_slots + 1]
    uint32_t *kind;                    // [n_shapes]
    struct costs_mean *cells;          // [n_shapes][n_options][COSTS_WIDTHS] of the logarithm of cycles
    double *cycles;                    // [n_layers][n_options][COSTS_WIDTHS]: expected
    double *least;                     // [n_layers][n_options + 1][COSTS_WIDTHS + 1]: as cheap as may be; the last ones: whatever is chosen
    unsigned widths;                   // bit per width that an input can have
    struct costs_mean rest;            // cycles outside of layers
    struct costs_mean energy;          // nanojoules of a cycle
    double cycles_limit, energy_limit; // 0: none
    double tight;                      // logarithm by which the limit is lowered, >= 0
    double least_all;                  // of a whole inference, whatever is chosen
    bool ready;                        // w8a8 is known
    bool bounds;                       // there is a limit, and something is thought to be within it
};

/* An empty table for `n` layers, whose space must outlive it. Returns 0, or -1 when out of memory, when a layer names no slot of the space or when
 * there are more than CANDIDATE_LAYERS_MAX. */
int costs_init(struct costs *c, const struct space *space, const struct costs_layer *layers, int n);
void costs_finish(struct costs *c);

/* Cycles and nanojoules of one inference that a candidate may take; 0: no limit. */
void costs_limit(struct costs *c, double cycles, double energy_nj);

/* A measured candidate, as an option per slot; layer_cycles[n_layers], `cycles` of the whole inference, energy_nj 0 where it was not measured. */
void costs_tell(struct costs *c, const uint8_t *choices, const int64_t *layer_cycles, int64_t cycles, int64_t energy_nj);

/* The same for many at once: what they say of others follows with costs_refresh. Tightens nothing. */
void costs_add(struct costs *c, const uint8_t *choices, const int64_t *layer_cycles, int64_t cycles, int64_t energy_nj);
void costs_refresh(struct costs *c);

/* Cycles of a candidate, expected and as cheap as the doubt permits; 0 while the table is not ready. */
double costs_cycles(const struct costs *c, const uint8_t *choices);
double costs_least_cycles(const struct costs *c, const uint8_t *choices);

/* The same in nanojoules; 0 while no energy was measured. */
double costs_energy(const struct costs *c, const uint8_t *choices);
double costs_least_energy(const struct costs *c, const uint8_t *choices);

/* Whether a candidate may be within the limit. */
bool costs_fit(const struct costs *c, const uint8_t *choices);

/* What follows takes NULL for `c`: no costs, no limit. */

/* The least that an inference can take after the choices before a slot: costs_nothing_chosen, then costs_choose for each of them in order. */
double costs_nothing_chosen(const struct costs *c);
double costs_choose(const struct costs *c, const uint8_t *choices, int slot, double least);

/* Those of `mask` (options of `slot`) that leave the limit within reach, given `choices` of the slots before and the `least` that follows from them.
 * Never fewer than costs_fit admits; layers that share a slot couple what slots cost, so that at a dead end none fits: then the cheapest, and costs_fit
 * has the last word. `free_share` (may be NULL) becomes the share of the limit that is left if this slot and the rest are as cheap as may be; 1 without one. */
uint32_t costs_mask(const struct costs *c, const uint8_t *choices, int slot, double least, uint32_t mask, double *free_share);

/* What a slot's layers take of the cycles of all in w8a8, and the logarithm of what they take with `option` to what they take in w8a8, inputs
 * of 8 bits both. 0 while the table is not ready. */
double costs_share(const struct costs *c, int slot);
double costs_ratio(const struct costs *c, int slot, int option);

#endif
