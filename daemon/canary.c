// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/canary.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 1024u

static int64_t number(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    return cJSON_IsNumber(v) && v->valuedouble > 0 && v->valuedouble < 1e15 ? (int64_t)v->valuedouble : 0;
}

void canary_open(struct canary *c, const char *folder, const char *type, const char *serial, const char *runner)
{
    char *text = NULL;
    size_t size;
    struct error e = {""};
    memset(c, 0, sizeof *c);
    snprintf(c->image, sizeof c->image, "%s/%s.canary.pimg", folder, type);
    snprintf(c->file, sizeof c->file, "%s/%s.canary.json", folder, serial);
    snprintf(c->runner, sizeof c->runner, "%s", runner);
    if (file_read(c->file, FILE_MAX, &text, &size, &e) != 0)
        return;
    cJSON *o = cJSON_ParseWithLength(text, size);
    const char *of = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "runner"));
    if (of && strcmp(of, runner) == 0)
        c->first = (struct canary_figures){number(o, "cycles"), number(o, "energy_nj")};
    cJSON_Delete(o);
    free(text);
}

bool canary_has_image(const struct canary *c)
{
    return access(c->image, R_OK) == 0;
}

void canary_adopt(const struct canary *c, const char *image_path)
{
    int rc = link(image_path, c->image);
    (void)rc; // there is one, or this file system has no links: then there is no canary
}

void canary_drop(struct canary *c)
{
    unlink(c->image);
    unlink(c->file);
    memset(&c->first, 0, sizeof c->first);
    memset(&c->last, 0, sizeof c->last);
    c->drifted = false;
}

static int keep(const struct canary *c, struct error *e)
{
    char text[FILE_MAX];
    int n = snprintf(text, sizeof text, "{\"runner\":\"%s\",\"cycles\":%lld,\"energy_nj\":%lld}\n", c->runner,
                     (long long)c->first.cycles, (long long)c->first.energy_nj);
    return file_write(c->file, text, (size_t)n, e);
}

static bool is_off(int64_t value, int64_t reference, int64_t permille)
{
    int64_t off = value > reference ? value - reference : reference - value;
    return value > 0 && reference > 0 && off * 1000 > reference * permille;
}

int canary_take(struct canary *c, const struct board_result *result, struct error *e)
{
    bool first = c->first.cycles == 0;
    c->last = (struct canary_figures){result->sample_cycles[0], result->energy_nj};
    if (first)
        c->first = c->last;
    c->drifted = is_off(c->last.cycles, c->first.cycles, CANARY_CYCLES_PERMILLE) ||
                 is_off(c->last.energy_nj, c->first.energy_nj, CANARY_ENERGY_PERMILLE);
    if (first && keep(c, e) != 0)
        return -1;
    return first;
}

cJSON *canary_json(const struct canary *c)
{
    if (c->last.cycles == 0)
        return cJSON_CreateNull();
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "cycles", (double)c->last.cycles);
    cJSON_AddNumberToObject(o, "energy_nj", (double)c->last.energy_nj);
    cJSON_AddNumberToObject(o, "first_cycles", (double)c->first.cycles);
    cJSON_AddNumberToObject(o, "first_energy_nj", (double)c->first.energy_nj);
    cJSON_AddBoolToObject(o, "drifted", c->drifted);
    return o;
}
