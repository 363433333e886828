// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/study_wear.h"

#include "hwlink/board.h"

#include <inttypes.h>
#include <stdio.h>

#define BASELINES 2
#define ITEMS 20 // each layer's weights begin a page; small networks have about so many

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct study_wear study_wear(const struct study_file *f, int64_t network_bytes, const struct study_wear_boards *b)
{
    int64_t measurements = f->trials + BASELINES + f->finalists;
    int64_t pages = least(network_bytes / 4 / BOARD_PAGE_BYTES + ITEMS, BOARD_LOG_PAGES); // float32 to int8
    struct study_wear w = {.left = b->budget - b->spent};
    if (f->placement == BOARD_IN_SRAM)
        return w; // the runner, once
    w.at_most = measurements;
    w.about = (measurements * pages + BOARD_LOG_PAGES * b->n - 1) / (BOARD_LOG_PAGES * b->n);
    return w;
}

cJSON *study_wear_json(const struct study_wear *w, const struct study_wear_boards *b)
{
    char text[256];
    cJSON *o = cJSON_CreateObject();
    int n = snprintf(text, sizeof text, "flash: about %" PRId64 " erases of a page, at most %" PRId64 "; %" PRId64 " are left of %" PRId64,
                     w->about, w->at_most, w->left, b->budget);
    if (w->about > w->left)
        snprintf(text + n, sizeof text - (size_t)n, ": not enough for it (\"erase_budget\" of the board, more boards, or \"placement\": \"sram\")");
    cJSON_AddNumberToObject(o, "at_most", (double)w->at_most);
    cJSON_AddNumberToObject(o, "about", (double)w->about);
    cJSON_AddNumberToObject(o, "left", (double)w->left);
    cJSON_AddNumberToObject(o, "budget", (double)b->budget);
    cJSON_AddStringToObject(o, "text", w->at_most > 0 ? text : "flash: nothing but the runner is written");
    return o;
}
