// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/canary.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int look_at_image(const struct canary *c, char hex[SHA256_HEX], struct error *e)
{
    uint8_t digest[SHA256_BYTES];
    if (sha256_file(c->image, digest, e) != 0)
        return -1;
    sha256_hex(digest, hex);
    return 0;
}

int canary_open(struct canary *c, struct store *s, const char *folder, const char *type, const char *board, const char *runner,
                struct error *e)
{
    struct store_canary first, last;
    memset(c, 0, sizeof *c);
    snprintf(c->image, sizeof c->image, "%s/%s.canary.pimg", folder, type);
    snprintf(c->runner, sizeof c->runner, "%s", runner);
    if (!canary_has_image(c) || look_at_image(c, c->image_sha256, e) != 0)
        return 0; // of what it was, nothing is known
    if (store_canary_load(s, board, runner, c->image_sha256, &first, &last, e) != 0)
        return -1;
    c->first = (struct canary_figures){first.cycles, first.energy_nj};
    if (first.cycles > 0)
        c->last = (struct canary_figures){last.cycles, last.energy_nj};
    c->drifted = first.cycles > 0 && last.drifted;
    return 0;
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

void canary_drop_image(const struct canary *c)
{
    unlink(c->image);
}

void canary_forget(struct canary *c)
{
    memset(&c->first, 0, sizeof c->first);
    memset(&c->last, 0, sizeof c->last);
    c->drifted = false;
    c->forgotten = true;
}

int canary_begin(struct canary *c, struct error *e)
{
    char hex[SHA256_HEX];
    if (look_at_image(c, hex, e) != 0)
        return -1;
    if (strcmp(hex, c->image_sha256) != 0)
        canary_forget(c);
    memcpy(c->image_sha256, hex, sizeof hex);
    c->forgotten = false;
    return 0;
}

static bool is_off(int64_t value, int64_t reference, int64_t permille)
{
    int64_t off = value > reference ? value - reference : reference - value;
    return value > 0 && reference > 0 && off * 1000 > reference * permille;
}

int canary_take(struct canary *c, const struct board_result *result, struct store_canary *found)
{
    bool first = c->first.cycles == 0;
    if (c->forgotten)
        return 1;
    c->last = (struct canary_figures){result->sample_cycles[0], result->energy_nj};
    if (first)
        c->first = c->last;
    c->drifted = is_off(c->last.cycles, c->first.cycles, CANARY_CYCLES_PERMILLE) ||
                 is_off(c->last.energy_nj, c->first.energy_nj, CANARY_ENERGY_PERMILLE);
    *found = (struct store_canary){c->runner, c->image_sha256, c->last.cycles, c->last.energy_nj, first, c->drifted};
    return 0;
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
