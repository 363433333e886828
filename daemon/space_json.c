// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/space_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 1e15 // exact as a JSON number, and sums of it do not overflow

static int missing(struct error *e, const char *what)
{
    return error_set(e, "the worker's answer has no proper \"%s\"", what);
}

/* A finite number >= 0, at most `max`. */
static int read_number(const cJSON *v, double max, double *to)
{
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > max)
        return -1;
    *to = v->valuedouble;
    return 0;
}

static int read_bytes(const cJSON *v, int64_t *to)
{
    double number;
    if (read_number(v, BYTES_MAX, &number) != 0 || number != floor(number))
        return -1;
    *to = (int64_t)number;
    return 0;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static int read_options(const cJSON *list, const struct study_file *f, struct space *s, struct error *e)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list) {
        if (s->n_options == SPACE_OPTIONS_MAX || !cJSON_IsString(v) ||
            setting_parse(v->valuestring, &s->options[s->n_options], NULL) != 0)
            return missing(e, "options");
        s->n_options++;
    }
    bool same = s->n_options == f->options.n;
    for (int i = 0; same && i < s->n_options; i++)
        same = setting_equal(s->options[i], f->options.v[i]);
    return same ? 0 : error_set(e, "the worker's options are not the study's");
}

static int read_allowed(const cJSON *list, const struct space *s, uint32_t *mask)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list) {
        int64_t option;
        if (read_bytes(v, &option) != 0 || option >= s->n_options)
            return -1;
        *mask |= 1u << option;
    }
    return cJSON_IsArray(list) ? 0 : -1;
}

static int read_slot(const cJSON *v, const struct space *s, struct space_slot *slot)
{
    const cJSON *flash = member(v, "flash_bytes"), *sensitivity = member(v, "sensitivity"), *item;
    if (read_allowed(member(v, "allowed"), s, &slot->allowed) != 0 ||
        read_number(member(v, "macs"), BYTES_MAX, &slot->macs) != 0 ||
        read_number(member(v, "parameters"), BYTES_MAX, &slot->parameters) != 0 ||
        cJSON_GetArraySize(flash) != s->n_options || cJSON_GetArraySize(sensitivity) != s->n_options)
        return -1;
    int i = 0;
    cJSON_ArrayForEach(item, flash) {
        if (read_bytes(item, &slot->flash_bytes[i++]) != 0)
            return -1;
    }
    i = 0;
    cJSON_ArrayForEach(item, sensitivity) {
        if (read_number(item, 1e30, &slot->sensitivity[i++]) != 0)
            return -1;
    }
    return 0;
}

static int read_slots(const cJSON *list, struct space *s, struct error *e)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list) {
        if (s->n_slots == SPACE_SLOTS_MAX)
            return error_set(e, "the network has more than %d slots", SPACE_SLOTS_MAX);
        if (read_slot(v, s, &s->slots[s->n_slots++]) != 0)
            return missing(e, "slots");
    }
    return s->n_slots > 0 ? 0 : missing(e, "slots");
}

static int read_step(const cJSON *v, const struct space *s, struct space_step *step)
{
    const cJSON *slots = member(v, "slots"), *pair;
    if (read_bytes(member(v, "fixed_bytes"), &step->fixed_bytes) != 0 || !cJSON_IsArray(slots))
        return -1;
    cJSON_ArrayForEach(pair, slots) {
        int64_t slot;
        if (step->n == SPACE_STEP_SLOTS_MAX || cJSON_GetArraySize(pair) != 2 ||
            read_bytes(cJSON_GetArrayItem(pair, 0), &slot) != 0 || slot >= s->n_slots ||
            read_bytes(cJSON_GetArrayItem(pair, 1), &step->slot_bytes[step->n]) != 0)
            return -1;
        step->slot[step->n++] = (uint16_t)slot;
    }
    return 0;
}

static int read_steps(const cJSON *list, struct space *s, struct error *e)
{
    const cJSON *v;
    if (!cJSON_IsArray(list))
        return missing(e, "steps");
    cJSON_ArrayForEach(v, list) {
        if (s->n_steps == SPACE_STEPS_MAX)
            return error_set(e, "the network has more than %d operations", SPACE_STEPS_MAX);
        if (read_step(v, s, &s->steps[s->n_steps++]) != 0)
            return missing(e, "steps");
    }
    return 0;
}

static uint64_t mix(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 1099511628211u; // FNV-1a
    return h;
}

/* Layers whose kind, output, parameters and MACs are equal have the same shape. */
static int read_layer(const cJSON *v, const struct space *s, int before, struct costs_layer *l)
{
    static const char *const shape[] = {"macs", "parameters", "output"};
    const cJSON *slot = member(v, "slot"), *input = member(v, "input_slot");
    const char *kind = cJSON_GetStringValue(member(v, "kind"));
    int64_t number;
    if (read_bytes(slot, &number) != 0 || number >= s->n_slots || !kind)
        return -1;
    *l = (struct costs_layer){.slot = (int)number, .input_slot = before, .shape = mix(14695981039346656037u, kind)};
    l->kind = (uint32_t)(l->shape >> 32 ^ l->shape);
    if (cJSON_IsNumber(input)) {
        if (input->valuedouble < -1 || input->valuedouble >= s->n_slots)
            return -1;
        l->input_slot = (int)input->valuedouble;
    }
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        char *text = cJSON_PrintUnformatted(member(v, shape[i]));
        l->shape = mix(l->shape, text ? text : "");
        free(text);
    }
    return 0;
}

/* The product of a list's numbers from `first` on; 0 where there is no such list. */
static double product(const cJSON *list, int first)
{
    double x = cJSON_GetArraySize(list) > first ? 1 : 0, each;
    for (int i = first; i < cJSON_GetArraySize(list); i++)
        x *= read_number(cJSON_GetArrayItem(list, i), BYTES_MAX, &each) == 0 ? each : 0;
    return x;
}

static struct space_geometry geometry_of(const cJSON *layer)
{
    const cJSON *output = member(layer, "output"), *kernel = member(layer, "kernel"), *channels = cJSON_GetArrayItem(output, 2);
    const char *kind = cJSON_GetStringValue(member(layer, "kind"));
    struct space_geometry g = {.taps = kernel ? product(kernel, 0) : 1, .stride = sqrt(product(member(layer, "stride"), 0)),
                               .inputs = product(member(layer, "input"), 2), .outputs = product(output, 2),
                               .depthwise = kind && strcmp(kind, "depthwise") == 0};
    if (cJSON_IsNumber(channels) && channels->valuedouble > 0)
        g.pixels = product(output, 0) / channels->valuedouble;
    return g;
}

/* A slot's geometry is that of its layer with most multiplications. What is no proper layer is space_json_layers' business. */
static void read_geometries(const cJSON *layers, struct space *s)
{
    double most[SPACE_SLOTS_MAX] = {0}, macs, slot;
    const cJSON *v;
    cJSON_ArrayForEach(v, layers) {
        if (read_number(member(v, "slot"), s->n_slots - 1, &slot) != 0 || read_number(member(v, "macs"), BYTES_MAX, &macs) != 0 ||
            macs <= most[(int)slot])
            continue;
        most[(int)slot] = macs;
        s->slots[(int)slot].geometry = geometry_of(v);
    }
}

int space_json_layers(const cJSON *answer, const struct space *s, struct costs_layer *layers, int max, struct error *e)
{
    const cJSON *v;
    int n = 0;
    cJSON_ArrayForEach(v, member(answer, "layers")) {
        if (n == max)
            return error_set(e, "the network has more than %d layers", max);
        if (read_layer(v, s, n ? layers[n - 1].slot : -1, &layers[n]) != 0)
            return missing(e, "layers");
        n++;
    }
    return n;
}

int64_t space_json_int8_flash(const struct space *s)
{
    static const struct setting int8 = {8, 8, SCHEME_UNIFORM};
    int option = 0;
    while (option < s->n_options && !setting_equal(s->options[option], int8))
        option++;
    int64_t bytes = option < s->n_options ? s->flash_fixed_bytes : -1;
    for (int i = 0; i < s->n_slots && bytes >= 0; i++)
        bytes += s->slots[i].flash_bytes[option];
    return bytes;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_budgets(const struct study_file *f, int64_t board_flash_bytes, int64_t board_ram_bytes, struct space *s)
{
    s->flash_budget_bytes = board_flash_bytes;
    s->ram_budget_bytes = board_ram_bytes;
    if (f->flash_bytes > 0)
        s->flash_budget_bytes = smaller(s->flash_budget_bytes, f->flash_bytes);
    if (f->ram_bytes > 0)
        s->ram_budget_bytes = smaller(s->ram_budget_bytes, f->ram_bytes);
    if (f->flash_of_int8 > 0)
        s->flash_budget_bytes =
            smaller(s->flash_budget_bytes, (int64_t)(f->flash_of_int8 * (double)space_json_int8_flash(s)));
}

int space_json_read(const cJSON *answer, const struct study_file *f, int64_t board_flash_bytes, int64_t board_ram_bytes,
                    struct space *s, struct error *e)
{
    memset(s, 0, sizeof *s);
    if (read_bytes(member(answer, "flash_fixed_bytes"), &s->flash_fixed_bytes) != 0)
        return missing(e, "flash_fixed_bytes");
    if (read_options(member(answer, "options"), f, s, e) != 0 || read_slots(member(answer, "slots"), s, e) != 0 ||
        read_steps(member(answer, "steps"), s, e) != 0)
        return -1;
    read_geometries(member(answer, "layers"), s);
    set_budgets(f, board_flash_bytes, board_ram_bytes, s);
    return space_check(s, e);
}
