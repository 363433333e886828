// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The search space as numbers: what each slot may be given, what that costs exactly, and which choices still fit.
// A slot is a layer, or several that an addition ties, that gets one setting. Slots are decided in order.
#ifndef PARE_AGENT_SPACE_H
#define PARE_AGENT_SPACE_H

#include "base/candidate.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define SPACE_SLOTS_MAX CANDIDATE_LAYERS_MAX
#define SPACE_OPTIONS_MAX 32    // w {2,3,4,6,8} x a {4,8} x three schemes is 30
#define SPACE_STEPS_MAX 512     // of the memory plan: one an operation
#define SPACE_STEP_SLOTS_MAX 4  // tensors alive at once whose width is searched: a residual block has three

/* One step of the memory plan: fixed_bytes are alive whatever is chosen, slot_bytes[i] is what the output of slot[i] takes
 * at 8 bits; at a_bits it takes ceil(slot_bytes * a_bits / 8). Their sum is a lower bound of the peak. */
struct space_step {
    int64_t fixed_bytes;
    int n;
    uint16_t slot[SPACE_STEP_SLOTS_MAX];
    int64_t slot_bytes[SPACE_STEP_SLOTS_MAX];
};

/* The shape of a slot's layer, of the one with most multiplications where several share it; 0 where it is not known. */
struct space_geometry {
    double taps;            // of the kernel: height x width
    double stride;
    double inputs, outputs; // channels
    double pixels;          // of the output
    bool depthwise;
};

/* What the agent knows of one slot. flash_bytes and sensitivity are per option of the space; sensitivity is the mean squared
 * error at the layer's output relative to its power (>= 0), computed on the host. */
struct space_slot {
    uint32_t allowed; // bit per option
    int64_t flash_bytes[SPACE_OPTIONS_MAX];
    double sensitivity[SPACE_OPTIONS_MAX];
    double macs, parameters;
    struct space_geometry geometry;
};

struct space {
    int n_slots, n_options, n_steps;
    struct setting options[SPACE_OPTIONS_MAX];
    struct space_slot slots[SPACE_SLOTS_MAX];
    struct space_step steps[SPACE_STEPS_MAX];
    int64_t flash_fixed_bytes; // of a candidate whatever is chosen
    int64_t flash_budget_bytes, ram_budget_bytes; // INT64_MAX: none
};

/* Checks counts, that every slot allows something, that numbers are finite and not negative, and that the cheapest candidate
 * fits both budgets. Returns 0, or -1 with what does not fit and by how much. */
int space_check(const struct space *s, struct error *e);

/* Exact flash and the lower bound of RAM of whole `choices` (n_slots option indices). */
int64_t space_flash_bytes(const struct space *s, const uint8_t *choices);
int64_t space_ram_bytes(const struct space *s, const uint8_t *choices);

/* The options of `slot` (bit per option) that leave both budgets within reach, given `choices` of the slots before and the
 * cheapest of those after. Never empty for slot 0 of a checked space; later it can be empty only where rules couple flash and RAM. */
uint32_t space_mask(const struct space *s, const uint8_t *choices, int slot);

/* Whether whole `choices` are allowed and within both budgets: the same as passing every mask. */
bool space_fits(const struct space *s, const uint8_t *choices);

/* What masks need to know of a space beforehand, so that one costs no more than its slot's options and memory steps. */
struct space_walk {
    const struct space *space;
    int64_t least[SPACE_SLOTS_MAX + 1], most[SPACE_SLOTS_MAX + 1]; // flash of the slots from i on
    uint8_t narrowest[SPACE_SLOTS_MAX];                            // activation bits allowed in a slot
    uint16_t first[SPACE_SLOTS_MAX + 1];                           // into `touching`, by slot
    uint16_t touching[SPACE_STEPS_MAX * SPACE_STEP_SLOTS_MAX];     // memory steps that name the slot
};

void space_walk_init(struct space_walk *w, const struct space *s);

/* As space_mask; `used` is the flash of the choices before, fixed bytes included. */
uint32_t space_walk_mask(const struct space_walk *w, const uint8_t *choices, int slot, int64_t used);

/* Smallest and largest flash that the slots from `slot` on can take together. */
void space_flash_rest(const struct space *s, int slot, int64_t *least, int64_t *most);

/* Choices as a candidate and back; space_choices returns -1 with the reason when a setting is not allowed in its slot. */
void space_candidate(const struct space *s, const uint8_t *choices, struct candidate *c);
int space_choices(const struct space *s, const struct candidate *c, uint8_t *choices, struct error *e);

#endif
