// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/trial_record.h"

#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1e15 // exact as a JSON number

static int read_count(const cJSON *answer, const char *name, int64_t *to, struct error *e)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(answer, name);
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > COUNT_MAX || v->valuedouble != floor(v->valuedouble))
        return error_set(e, "the worker's answer has no proper \"%s\"", name);
    *to = (int64_t)v->valuedouble;
    return 0;
}

int trial_record_plan(struct trial_record *r, const cJSON *answer, struct error *e)
{
    if (read_count(answer, "flash_bytes", &r->flash_bytes, e) != 0 ||
        read_count(answer, "weights_bytes", &r->weights_bytes, e) != 0 ||
        read_count(answer, "parameters_bytes", &r->parameters_bytes, e) != 0 ||
        read_count(answer, "program_bytes", &r->program_bytes, e) != 0 ||
        read_count(answer, "ram_bytes", &r->ram_bytes, e) != 0)
        return -1;
    const cJSON *trained = cJSON_GetObjectItemCaseSensitive(answer, "trained");
    r->trained[0] = '\0';
    if (trained && !cJSON_PrintPreallocated((cJSON *)(uintptr_t)trained, r->trained, sizeof r->trained, 0))
        return error_set(e, "the worker's answer has no proper \"trained\"");
    r->planned = true;
    return 0;
}

int trial_record_score(struct trial_record *r, bool again, const cJSON *answer, struct error *e)
{
    int64_t correct, total;
    if (read_count(answer, "correct", &correct, e) != 0 || read_count(answer, "total", &total, e) != 0)
        return -1;
    if (total == 0 || correct > total)
        return error_set(e, "the worker counts %lld right answers of %lld", (long long)correct, (long long)total);
    if (again)
        r->again_correct = correct, r->again_total = total, r->again = true;
    else
        r->correct = correct, r->total = total, r->scored = true;
    return 0;
}

int trial_record_part(struct trial_record *r, const cJSON *answer, struct error *e)
{
    int64_t correct, total;
    if (read_count(answer, "correct", &correct, e) != 0 || read_count(answer, "total", &total, e) != 0)
        return -1;
    if (correct > total)
        return error_set(e, "the worker counts %lld right answers of %lld", (long long)correct, (long long)total);
    r->correct += correct;
    r->total += total;
    r->scored = r->total > 0;
    return 0;
}

static void add_layers(struct trial_record *r, const struct board_result *b, int n_layers)
{
    r->n_layers = n_layers < STORE_LAYERS_MAX ? n_layers : STORE_LAYERS_MAX;
    memset(r->layer_cycles, 0, sizeof r->layer_cycles);
    for (uint32_t i = 0; i < b->n_ops; i++)
        if (b->op_layer[i] < r->n_layers)
            r->layer_cycles[b->op_layer[i]] += b->op_cycles[i];
}

/* Adds what the weights were trained with, where there is room. */
static void add_training(struct trial_record *r)
{
    cJSON *o = r->trained[0] ? cJSON_Parse(r->provenance) : NULL;
    char text[BOARD_PROVENANCE_MAX];
    if (o && cJSON_AddItemToObject(o, "trained", cJSON_Parse(r->trained)) && cJSON_PrintPreallocated(o, text, sizeof text, 0))
        memcpy(r->provenance, text, strlen(text) + 1);
    cJSON_Delete(o);
}

void trial_record_measured(struct trial_record *r, const struct board_attempt *a, int n_layers)
{
    const struct board_result *b = a->result;
    int64_t cycles[MAILBOX_SAMPLES_MAX];
    enum origin origin = b->is_virtual ? ORIGIN_VIRTUAL : ORIGIN_REAL;
    for (uint32_t i = 0; i < b->n_samples; i++)
        cycles[i] = b->sample_cycles[i];
    r->latency = figure_of(cycles, (int)b->n_samples, UNIT_CYCLES, origin);
    r->energy = (struct figure){.value = b->energy_nj, .spread = b->energy_spread_nj, .repeats = (int32_t)b->n_windows,
                                .unit = UNIT_NANOJOULES, .origin = (uint8_t)origin};
    int64_t used = b->arena_high_water, stack = b->stack_high_water;
    r->ram_used = figure_of(&used, 1, UNIT_BYTES, origin);
    r->stack_used = figure_of(&stack, 1, UNIT_BYTES, origin);
    r->attempt = a->attempt;
    r->clock_hz = b->clock_hz;
    snprintf(r->provenance, sizeof r->provenance, "%s", b->provenance);
    add_training(r);
    if (b->trace)
        power_trace_move(&r->trace, b->trace);
    add_layers(r, b, n_layers);
    r->measured = true;
    if (used > r->ram_bytes)
        log_warning("trial %d: the board used %lld bytes of RAM, %lld were planned", r->trial, (long long)used,
                    (long long)r->ram_bytes);
}

static void add(struct trial_record *r, const char *name, struct figure f)
{
    struct store_figure *to = &r->figures[r->n_figures++];
    snprintf(to->name, sizeof to->name, "%s", name);
    to->figure = f;
}

static struct figure planned(int64_t bytes)
{
    return figure_of(&bytes, 1, UNIT_BYTES, ORIGIN_PLANNED);
}

static struct figure answers(int64_t correct, int64_t total)
{
    struct figure f = figure_of(&correct, 1, UNIT_CORRECT, ORIGIN_HOST);
    f.of = total;
    return f;
}

void trial_record_figures(struct trial_record *r, const struct reward_figures *search)
{
    r->n_figures = 0;
    if (r->planned) {
        add(r, STORE_FLASH_BYTES, planned(r->flash_bytes));
        add(r, STORE_WEIGHTS_BYTES, planned(r->weights_bytes));
        add(r, "parameters_bytes", planned(r->parameters_bytes));
        add(r, "program_bytes", planned(r->program_bytes));
        add(r, STORE_RAM_BYTES, planned(r->ram_bytes));
    }
    if (r->again && r->measured)
        add(r, STORE_CORRECT, answers(r->again_correct, r->again_total));
    else if (search && search->total > 0 && r->measured)
        add(r, STORE_CORRECT, answers(search->correct, search->total));
    if (r->scored)
        add(r, search ? STORE_TEST_CORRECT : r->dropped ? STORE_PART_CORRECT : STORE_CORRECT, answers(r->correct, r->total));
    if (r->measured) {
        add(r, STORE_LATENCY_CYCLES, r->latency);
        if (r->energy.repeats > 0)
            add(r, STORE_ENERGY_NJ, r->energy);
        add(r, "ram_used_bytes", r->ram_used);
        add(r, "stack_used_bytes", r->stack_used);
    }
}

char *trial_record_event(const struct trial_record *r, enum store_outcome outcome)
{
    cJSON *o = cJSON_CreateObject();
    if (outcome != STORE_MEASURED)
        cJSON_AddStringToObject(o, "reason", r->reason);
    if (r->scored && !r->dropped) {
        cJSON_AddNumberToObject(o, "correct", (double)r->correct);
        cJSON_AddNumberToObject(o, "samples", (double)r->total);
    }
    if (r->planned) {
        cJSON_AddNumberToObject(o, "flash_bytes", (double)r->flash_bytes);
        cJSON_AddNumberToObject(o, "ram_bytes", (double)r->ram_bytes);
    }
    if (r->measured) {
        cJSON_AddNumberToObject(o, "latency_cycles", (double)r->latency.value);
        if (r->energy.repeats > 0)
            cJSON_AddNumberToObject(o, "energy_nj", (double)r->energy.value);
        cJSON_AddStringToObject(o, "origin", origin_name((enum origin)r->latency.origin));
    }
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text;
}
