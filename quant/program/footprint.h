// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What candidates take, without lowering them: exact flash as a sum over slots, and lower bounds of RAM.
#ifndef PARE_QUANT_PROGRAM_FOOTPRINT_H
#define PARE_QUANT_PROGRAM_FOOTPRINT_H

#include "base/setting.h"
#include "quant/net/net.h"

#include <stdbool.h>
#include <stdint.h>

/* As many tensors of searched width as one step names (agent/space.h has the same number). */
#define FOOTPRINT_STEP_SLOTS 4

/* Flash bytes of a slot's layers at a setting: packed weights, per-channel parameters, tables of functions. A candidate's flash
 * is footprint_fixed plus the sum of its slots, equal to lowered.flash_bytes. */
int64_t footprint_slot(const struct net *n, int slot, struct setting s);
/* Can a slot have this setting at all? Not with 16-bit activations that an addition or a table reads or writes: they have no room
 * for them; nor with the file's integers where it has none of this width. */
bool footprint_allows(const struct net *n, int slot, struct setting s);

int64_t footprint_fixed(const struct net *n); // header, tensors, operations, table of blobs, functions of the input

/* A lower bound of the arena while one operation runs: fixed_bytes plus ceil(slot_bytes * a_bits / 8) of each
 * slot named. */
struct footprint_step {
    int64_t fixed_bytes;
    int n;
    int slot[FOOTPRINT_STEP_SLOTS];
    int64_t slot_bytes[FOOTPRINT_STEP_SLOTS];
};

/* One step for each operation of the net: steps[n->n_ops]. Never above the exact plan of any candidate of
 * these options. */
void footprint_steps(const struct net *n, const struct setting *options, int n_options,
                     struct footprint_step *steps);

#endif
