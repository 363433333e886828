// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/space.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool is_allowed(const struct space_slot *slot, int option)
{
    return slot->allowed >> option & 1;
}

static int check_slot(const struct space *s, int i, struct error *e)
{
    const struct space_slot *slot = &s->slots[i];
    if (!(slot->allowed & (uint32_t)((UINT64_C(1) << s->n_options) - 1)))
        return error_set(e, "slot %d allows none of the %d options", i, s->n_options);
    for (int o = 0; o < s->n_options; o++)
        if (is_allowed(slot, o) &&
            (slot->flash_bytes[o] < 0 || !isfinite(slot->sensitivity[o]) || slot->sensitivity[o] < 0))
            return error_set(e, "slot %d, option %d: flash and sensitivity must be finite and not negative", i, o);
    return 0;
}

static int check_step(const struct space *s, int i, struct error *e)
{
    const struct space_step *step = &s->steps[i];
    if (step->fixed_bytes < 0 || step->n < 0 || step->n > SPACE_STEP_SLOTS_MAX)
        return error_set(e, "memory step %d has %d slots and %" PRId64 " fixed bytes", i, step->n, step->fixed_bytes);
    for (int k = 0; k < step->n; k++)
        if (step->slot[k] >= s->n_slots || step->slot_bytes[k] < 0)
            return error_set(e, "memory step %d names slot %d of %d", i, step->slot[k], s->n_slots);
    return 0;
}

static int narrowest_a_bits(const struct space *s, int slot)
{
    int least = 32;
    for (int o = 0; o < s->n_options; o++)
        if (is_allowed(&s->slots[slot], o) && s->options[o].a_bits < least)
            least = s->options[o].a_bits;
    return least;
}

static int64_t tensor_bytes(int64_t bytes_at_8, int a_bits)
{
    return (bytes_at_8 * a_bits + 7) / 8;
}

/* The step's bytes with `choices` up to and including `last`, and the narrowest width for the slots after it. */
static int64_t step_bytes(const struct space *s, const struct space_step *step, const uint8_t *narrowest, const uint8_t *choices,
                          int last)
{
    int64_t bytes = step->fixed_bytes;
    for (int k = 0; k < step->n; k++) {
        int slot = step->slot[k];
        int a_bits = slot <= last ? s->options[choices[slot]].a_bits : narrowest[slot];
        bytes += tensor_bytes(step->slot_bytes[k], a_bits);
    }
    return bytes;
}

static void fill_narrowest(const struct space *s, uint8_t *narrowest)
{
    for (int i = 0; i < s->n_slots; i++)
        narrowest[i] = (uint8_t)narrowest_a_bits(s, i);
}

static int64_t ram_bytes(const struct space *s, const uint8_t *narrowest, const uint8_t *choices, int last)
{
    int64_t peak = 0;
    for (int i = 0; i < s->n_steps; i++) {
        int64_t bytes = step_bytes(s, &s->steps[i], narrowest, choices, last);
        if (bytes > peak)
            peak = bytes;
    }
    return peak;
}

int64_t space_ram_bytes(const struct space *s, const uint8_t *choices)
{
    return ram_bytes(s, NULL, choices, s->n_slots - 1);
}

int64_t space_flash_bytes(const struct space *s, const uint8_t *choices)
{
    int64_t bytes = s->flash_fixed_bytes;
    for (int i = 0; i < s->n_slots; i++)
        bytes += s->slots[i].flash_bytes[choices[i]];
    return bytes;
}

void space_flash_rest(const struct space *s, int slot, int64_t *least, int64_t *most)
{
    *least = *most = 0;
    for (int i = slot; i < s->n_slots; i++) {
        int64_t low = INT64_MAX, high = 0;
        for (int o = 0; o < s->n_options; o++)
            if (is_allowed(&s->slots[i], o)) {
                int64_t bytes = s->slots[i].flash_bytes[o];
                low = bytes < low ? bytes : low;
                high = bytes > high ? bytes : high;
            }
        *least += low;
        *most += high;
    }
}

bool space_fits(const struct space *s, const uint8_t *choices)
{
    for (int i = 0; i < s->n_slots; i++)
        if (choices[i] >= s->n_options || !is_allowed(&s->slots[i], choices[i]))
            return false;
    return space_flash_bytes(s, choices) <= s->flash_budget_bytes && space_ram_bytes(s, choices) <= s->ram_budget_bytes;
}

static bool names(const struct space_step *step, int slot)
{
    for (int k = 0; k < step->n; k++)
        if (step->slot[k] == slot)
            return true;
    return false;
}

void space_walk_init(struct space_walk *w, const struct space *s)
{
    uint16_t n = 0;
    w->space = s;
    for (int slot = 0; slot < s->n_slots; slot++) {
        w->first[slot] = n;
        for (int i = 0; i < s->n_steps; i++)
            if (names(&s->steps[i], slot))
                w->touching[n++] = (uint16_t)i;
    }
    w->first[s->n_slots] = n;
    for (int slot = 0; slot <= s->n_slots; slot++)
        space_flash_rest(s, slot, &w->least[slot], &w->most[slot]);
    fill_narrowest(s, w->narrowest);
}

uint32_t space_walk_mask(const struct space_walk *w, const uint8_t *choices, int slot, int64_t used)
{
    const struct space *s = w->space;
    uint8_t with[SPACE_SLOTS_MAX];
    uint32_t mask = 0, wide = 0, known = 0; // bit per width of activations, 1..31, as RAM depends on nothing else
    memcpy(with, choices, (size_t)slot);
    for (int o = 0; o < s->n_options; o++) {
        uint32_t width = UINT32_C(1) << (s->options[o].a_bits & 31);
        if (!is_allowed(&s->slots[slot], o) || used + s->slots[slot].flash_bytes[o] > s->flash_budget_bytes - w->least[slot + 1])
            continue;
        with[slot] = (uint8_t)o;
        for (int i = w->first[slot]; i < w->first[slot + 1] && !(known & width); i++)
            if (step_bytes(s, &s->steps[w->touching[i]], w->narrowest, with, slot) > s->ram_budget_bytes)
                wide |= width;
        known |= width;
        if (!(wide & width))
            mask |= UINT32_C(1) << o;
    }
    return mask;
}

uint32_t space_mask(const struct space *s, const uint8_t *choices, int slot)
{
    struct space_walk w;
    int64_t used = s->flash_fixed_bytes;
    for (int i = 0; i < slot; i++)
        used += s->slots[i].flash_bytes[choices[i]];
    space_walk_init(&w, s);
    return space_walk_mask(&w, choices, slot, used);
}

int space_check(const struct space *s, struct error *e)
{
    if (s->n_slots < 1 || s->n_slots > SPACE_SLOTS_MAX)
        return error_set(e, "%d slots; the agent takes 1 to %d", s->n_slots, SPACE_SLOTS_MAX);
    if (s->n_options < 1 || s->n_options > SPACE_OPTIONS_MAX)
        return error_set(e, "%d options; the agent takes 1 to %d", s->n_options, SPACE_OPTIONS_MAX);
    if (s->n_steps < 0 || s->n_steps > SPACE_STEPS_MAX)
        return error_set(e, "%d memory steps; the agent takes %d at most", s->n_steps, SPACE_STEPS_MAX);
    for (int i = 0; i < s->n_slots; i++)
        if (check_slot(s, i, e))
            return -1;
    for (int i = 0; i < s->n_steps; i++)
        if (check_step(s, i, e))
            return -1;
    uint8_t narrowest[SPACE_SLOTS_MAX];
    fill_narrowest(s, narrowest);
    int64_t least, most, ram = ram_bytes(s, narrowest, NULL, -1);
    space_flash_rest(s, 0, &least, &most);
    if (s->flash_fixed_bytes + least > s->flash_budget_bytes)
        return error_set(e, "the smallest candidate takes %" PRId64 " bytes of flash, the budget is %" PRId64,
                         s->flash_fixed_bytes + least, s->flash_budget_bytes);
    if (ram > s->ram_budget_bytes)
        return error_set(e, "the narrowest candidate takes %" PRId64 " bytes of RAM, the budget is %" PRId64, ram,
                         s->ram_budget_bytes);
    return 0;
}

void space_candidate(const struct space *s, const uint8_t *choices, struct candidate *c)
{
    c->n = s->n_slots;
    for (int i = 0; i < s->n_slots; i++)
        c->layers[i] = s->options[choices[i]];
}

int space_choices(const struct space *s, const struct candidate *c, uint8_t *choices, struct error *e)
{
    if (c->n != s->n_slots)
        return error_set(e, "a candidate of %d settings for %d slots", c->n, s->n_slots);
    for (int i = 0; i < s->n_slots; i++) {
        int o = 0;
        while (o < s->n_options && !(is_allowed(&s->slots[i], o) && setting_equal(s->options[o], c->layers[i])))
            o++;
        if (o == s->n_options) {
            char text[SETTING_TEXT_MAX];
            return error_set(e, "slot %d does not allow %s", i, setting_format(c->layers[i], text));
        }
        choices[i] = (uint8_t)o;
    }
    return 0;
}
