// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Takes bytes as a file of trials, as they are and with the SHA-256 that they should have: whatever they are, there is an answer, and what is
// taken can be written, read again, and begun with.
#include "daemon/study_warm.h"
#include "daemon/trials_file.h"
#include "daemon/trials_identity.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* A space of as many slots and the file's options. */
static void fill_space(const cJSON *o, struct space *s)
{
    const cJSON *v;
    memset(s, 0, sizeof *s);
    s->n_slots = cJSON_GetArraySize(member(o, "slots"));
    cJSON_ArrayForEach(v, member(o, "options"))
        if (setting_parse(v->valuestring, &s->options[s->n_options], NULL) == 0)
            s->n_options++;
    for (int i = 0; i < s->n_slots; i++)
        s->slots[i].allowed = UINT32_MAX >> (SPACE_OPTIONS_MAX - s->n_options);
}

static void check_policy(const struct warm *w)
{
    for (int i = 0; w->has_prior && i < AGENT_PRIOR; i++)
        if (!(w->prior[i] >= -20 && w->prior[i] <= 20))
            abort();
}

static void check_figures(const struct warm *w)
{
    for (int i = 0; i < w->n; i++) {
        const struct reward_figures *f = &w->trials[i].figures;
        if (f->correct < 0 || f->correct > f->total || f->total != w->reference.total || f->flash_bytes <= 0 || f->ram_bytes <= 0 ||
            f->latency_cycles <= 0 || f->clock_hz <= 0)
            abort();
    }
}

static void begin_with(cJSON *o)
{
    static struct space s;
    static struct warm w;
    struct warm_taken taken;
    struct error e = {{0}};
    cJSON *ours = cJSON_Duplicate(member(o, "identity"), 1);
    bool has = cJSON_GetArraySize(member(o, "trials")) > 0 && trials_identity_equal(ours, ours, &e); // of a key that it lacks nobody knows
    fill_space(o, &s);
    if (warm_take(o, &(struct warm_source){"file", "aa"}, ours, &taken, &e) == 0) {
        char *kept = trials_file_text(o);
        if (!kept || warm_read(kept, &s, cJSON_GetArraySize(member(o, "layers")), &w, &e) != 0 || w.n != taken.trials || w.has_prior != taken.policy)
            abort();
        check_figures(&w);
        check_policy(&w);
        warm_finish(&w);
        free(kept);
    } else if (has || !e.text[0] || strchr(e.text, '\n')) {
        abort();
    }
    cJSON_Delete(ours);
}

static void try(const char *text, size_t size)
{
    struct error e = {{0}};
    cJSON *o = trials_file_parse(text, size, &e);
    if (!o && (!e.text[0] || strchr(e.text, '\n')))
        abort();
    if (!o)
        return;
    char *again = trials_file_text(o);
    cJSON *read = again ? trials_file_parse(again, strlen(again), &e) : NULL;
    if (!read)
        abort();
    free(again);
    cJSON_Delete(read);
    begin_with(o);
    cJSON_Delete(o);
}

/* The bytes up to the last line, and the last line that makes them whole. */
static void try_signed(const uint8_t *bytes, size_t size)
{
    char hex[SHA256_HEX];
    uint8_t digest[SHA256_BYTES];
    size_t end = size > 0 ? size - 1 : 0;
    while (end > 0 && bytes[end - 1] != '\n')
        end--;
    char *text = malloc(end + 128);
    if (!text)
        return;
    memcpy(text, bytes, end);
    sha256_of(text, end, digest);
    size_t tail = (size_t)sprintf(text + end, "\"sha256\":\"%s\"}\n", sha256_hex(digest, hex));
    try(text, end + tail);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > TRIALS_FILE_MAX)
        return 0;
    try((const char *)bytes, size);
    try_signed(bytes, size);
    return 0;
}
