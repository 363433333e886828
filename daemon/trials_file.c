// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/trials_file.h"

#include "base/buffer.h"
#include "base/sha256.h"
#include "daemon/ctl/strict_json.h"
#include "daemon/trials_identity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET_AGAIN "it was cut or changed after `pare export trials` wrote it: get it again"
#define DIGEST_HEAD "\"sha256\":\""
#define DIGEST_TAIL "\"}\n"
#define DIGEST_LINE (sizeof DIGEST_HEAD DIGEST_TAIL - 1 + SHA256_HEX - 1)
#define COUNT_MAX 1e12 // cycles or nanojoules: hours of one inference; products of two are far within a double
#define LAYERS_OVER 1.25 // layers' cycles are those of one sample, a trial's the median of several
#define IDENTITY_MAX 65536 // bytes of JSON: the longest value is an "input.mean" of a number for each channel
#define TOOL_MAX 1024

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* --- the last line: the SHA-256 of all bytes before it --- */

static void digest_line(const char *text, size_t size, char line[DIGEST_LINE + 1])
{
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX];
    sha256_of(text, size, digest);
    snprintf(line, DIGEST_LINE + 1, "%s%s%s", DIGEST_HEAD, sha256_hex(digest, hex), DIGEST_TAIL);
}

static int check_digest(const char *text, size_t size, struct error *e)
{
    char line[DIGEST_LINE + 1];
    if (size <= DIGEST_LINE || text[size - DIGEST_LINE - 1] != '\n' || memcmp(text + size - DIGEST_LINE, DIGEST_HEAD, sizeof DIGEST_HEAD - 1) != 0)
        return error_set(e, "its last line is not its SHA-256: " GET_AGAIN);
    digest_line(text, size - DIGEST_LINE, line);
    return memcmp(text + size - DIGEST_LINE, line, DIGEST_LINE) == 0 ? 0 : error_set(e, "it has not the SHA-256 that its last line says: " GET_AGAIN);
}

/* --- checking --- */

/* What trials are checked against. */
struct outline {
    struct study_options options;
    int n_slots, n_layers;
    bool energy;
    int64_t of;       // questions of w8a8
    int64_t last;     // number of the trial before
    int64_t cycles;   // of this trial's inference
    int n;
    uint64_t hashes[TRIALS_FILE_TRIALS_MAX];
    int64_t numbers[TRIALS_FILE_TRIALS_MAX];
};

static bool is_whole(const cJSON *v, int64_t least)
{
    return cJSON_IsNumber(v) && v->valuedouble >= (double)least && v->valuedouble <= COUNT_MAX && v->valuedouble == floor(v->valuedouble);
}

static int whole(const cJSON *o, const char *name, int64_t least, int64_t *to, struct error *e)
{
    const cJSON *v = member(o, name);
    if (!is_whole(v, least))
        return error_set(e, "its \"%s\" is no whole number from %d on", name, (int)least);
    *to = (int64_t)v->valuedouble;
    return 0;
}

static bool is_name(const cJSON *v)
{
    return cJSON_IsString(v) && strlen(v->valuestring) < TRIALS_FILE_NAME_MAX;
}

/* Whether a value takes no more than so many bytes as JSON: it is kept as it is. */
static bool is_short(const cJSON *v, size_t limit)
{
    char *text = cJSON_PrintUnformatted(v);
    bool fits = text && strlen(text) <= limit;
    free(text);
    return fits;
}

static bool has_setting(const struct study_options *o, struct setting s)
{
    for (int i = 0; i < o->n; i++)
        if (setting_equal(o->v[i], s))
            return true;
    return false;
}

static int read_options(const cJSON *list, struct study_options *o, struct error *e)
{
    const cJSON *v;
    int n = cJSON_GetArraySize(list);
    o->n = 0;
    if (!cJSON_IsArray(list) || n == 0 || n > SPACE_OPTIONS_MAX)
        return error_set(e, "its \"options\" are no list of 1 to %d settings", SPACE_OPTIONS_MAX);
    cJSON_ArrayForEach(v, list) {
        struct setting *s = &o->v[o->n];
        if (!cJSON_IsString(v) || setting_parse(v->valuestring, s, NULL) != 0 || has_setting(o, *s))
            return error_set(e, "entry %d of its \"options\" is no setting, or stands there twice", o->n + 1);
        o->n++;
    }
    return 0;
}

static int read_slots(const cJSON *o, struct outline *x, struct error *e)
{
    const cJSON *slots = member(o, "slots"), *layers = member(o, "layers"), *v;
    int64_t slot;
    x->n_slots = cJSON_GetArraySize(slots);
    x->n_layers = cJSON_GetArraySize(layers);
    if (!cJSON_IsArray(slots) || x->n_slots == 0 || x->n_slots > SPACE_SLOTS_MAX)
        return error_set(e, "its \"slots\" are no list of 1 to %d names", SPACE_SLOTS_MAX);
    if (!cJSON_IsArray(layers) || x->n_layers > CANDIDATE_LAYERS_MAX)
        return error_set(e, "its \"layers\" are no list of at most %d", CANDIDATE_LAYERS_MAX);
    cJSON_ArrayForEach(v, slots)
        if (!is_name(v))
            return error_set(e, "its \"slots\" are no list of names");
    cJSON_ArrayForEach(v, layers)
        if (!is_name(member(v, "name")) || !is_name(member(v, "kind")) || whole(v, "slot", 0, &slot, NULL) != 0 || slot >= x->n_slots)
            return error_set(e, "its \"layers\" are no list of names, kinds and slots");
    return 0;
}

static int check_policy(const cJSON *o, struct error *e)
{
    const cJSON *list = member(o, "policy"), *v;
    int64_t format;
    if (member(o, "policy_format") && whole(o, "policy_format", 1, &format, e) != 0)
        return -1;
    if (list && (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > TRIALS_FILE_POLICY_MAX))
        return error_set(e, "its \"policy\" is no list of numbers");
    cJSON_ArrayForEach(v, list)
        if (!cJSON_IsNumber(v))
            return error_set(e, "its \"policy\" is no list of numbers");
    return 0;
}

static int check_candidate(const cJSON *t, int64_t number, struct outline *x, struct error *e)
{
    static const struct setting int8 = {8, 8, SCHEME_UNIFORM};
    struct candidate c;
    char text[SETTING_TEXT_MAX];
    struct error why = {""};
    const char *candidate = cJSON_GetStringValue(member(t, "candidate"));
    if (!candidate || candidate_parse(candidate, x->n_slots, &c, &why) != 0)
        return error_set(e, "its \"candidate\" is none of %d slots: %s", x->n_slots, candidate ? why.text : "there is none");
    for (int i = 0; i < c.n; i++) {
        if (x->n == 0 && !setting_equal(c.layers[i], int8))
            return error_set(e, "it comes first and is not w8a8, which all others are compared with");
        if (!has_setting(&x->options, c.layers[i]))
            return error_set(e, "its \"candidate\" has %s, which is none of \"options\"", setting_format(c.layers[i], text));
    }
    x->hashes[x->n] = candidate_hash(&c);
    x->numbers[x->n] = number;
    for (int i = 0; i < x->n; i++)
        if (x->hashes[i] == x->hashes[x->n])
            return error_set(e, "it has the candidate of trial %lld", (long long)x->numbers[i]);
    x->n++;
    return 0;
}

static int check_figures(const cJSON *t, struct outline *x, struct error *e)
{
    static const char *const costs[] = {"flash_bytes", "ram_bytes", "latency_cycles", "clock_hz"};
    int64_t correct, of, cost;
    if (whole(t, "correct", 0, &correct, e) != 0 || whole(t, "of", 1, &of, e) != 0)
        return -1;
    if (correct > of)
        return error_set(e, "it has %lld right answers of %lld", (long long)correct, (long long)of);
    if (x->of > 0 && of != x->of)
        return error_set(e, "its answers are of %lld, those of w8a8 of %lld", (long long)of, (long long)x->of);
    x->of = of;
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        if (whole(t, costs[i], 1, &cost, e) != 0)
            return -1;
    whole(t, "latency_cycles", 1, &x->cycles, NULL);
    if (x->energy)
        return whole(t, "energy_nj", 1, &cost, e);
    return member(t, "energy_nj") ? error_set(e, "it has \"energy_nj\", and \"measure.energy\" is false") : 0;
}

static int check_cycles(const cJSON *list, const struct outline *x, struct error *e)
{
    const cJSON *v;
    double sum = 0;
    int n = cJSON_GetArraySize(list);
    if (list && (!cJSON_IsArray(list) || (n > 0 && n != x->n_layers)))
        return error_set(e, "its \"layer_cycles\" are not of %d layers", x->n_layers);
    cJSON_ArrayForEach(v, list) {
        if (!is_whole(v, 0))
            return error_set(e, "its \"layer_cycles\" are no whole numbers");
        sum += v->valuedouble;
    }
    if (sum > LAYERS_OVER * (double)x->cycles)
        return error_set(e, "its \"layer_cycles\" are %.0f together, and an inference has %lld", sum, (long long)x->cycles);
    return 0;
}

static int check_trial(const cJSON *t, struct outline *x, struct error *e)
{
    int64_t number = 0;
    if (whole(t, "trial", 1, &number, e) != 0)
        return error_wrap(e, "entry %d of its \"trials\"", x->n + 1);
    if (number <= x->last)
        return error_set(e, "trial %lld comes after trial %lld: \"trials\" is in order of the numbers, each once", (long long)number, (long long)x->last);
    x->last = number;
    if (check_candidate(t, number, x, e) != 0 || check_figures(t, x, e) != 0 || check_cycles(member(t, "layer_cycles"), x, e) != 0)
        return error_wrap(e, "trial %lld", (long long)number);
    return 0;
}

static int check_trials(const cJSON *list, struct outline *x, struct error *e)
{
    const cJSON *v;
    if (!cJSON_IsArray(list))
        return error_set(e, "it has no list \"trials\"");
    if (cJSON_GetArraySize(list) > TRIALS_FILE_TRIALS_MAX)
        return error_set(e, "it has more than %d trials", TRIALS_FILE_TRIALS_MAX);
    cJSON_ArrayForEach(v, list)
        if (check_trial(v, x, e) != 0)
            return -1;
    return 0;
}

static int check_head(const cJSON *o, struct error *e)
{
    const char *schema = cJSON_GetStringValue(member(o, "schema")), *study = cJSON_GetStringValue(member(o, "study"));
    if (!schema)
        return error_set(e, "it has no \"schema\": a file that `pare export trials` wrote is wanted");
    if (strcmp(schema, TRIALS_FILE_SCHEMA) != 0)
        return error_set(e, "it is %.40s, and this pare reads " TRIALS_FILE_SCHEMA " (written by `pare export trials`)", schema);
    if (!study || !study[0] || strlen(study) >= STUDY_NAME_MAX)
        return error_set(e, "its \"study\" is no name");
    if (!is_name(member(member(o, "tool"), "version")))
        return error_set(e, "its \"tool\" has no \"version\"");
    if (!is_short(member(o, "tool"), TOOL_MAX))
        return error_set(e, "its \"tool\" has more than %d bytes", TOOL_MAX);
    if (member(o, "quantized_sha256") && !is_name(member(o, "quantized_sha256")))
        return error_set(e, "its \"quantized_sha256\" is no SHA-256");
    return 0;
}

/* An outline is too large for a stack. */
static int check_members(const cJSON *o, struct error *e)
{
    struct outline *x = calloc(1, sizeof *x);
    int rc = x ? trials_identity_check(member(o, "identity"), e) : error_set(e, "out of memory");
    if (rc == 0 && !is_short(member(o, "identity"), IDENTITY_MAX))
        rc = error_set(e, "its \"identity\" has more than %d bytes", IDENTITY_MAX);
    if (rc == 0) {
        x->energy = cJSON_IsTrue(member(member(o, "identity"), "measure.energy"));
        rc = read_options(member(o, "options"), &x->options, e);
    }
    if (rc == 0)
        rc = read_slots(o, x, e);
    if (rc == 0)
        rc = check_policy(o, e);
    if (rc == 0)
        rc = check_trials(member(o, "trials"), x, e);
    free(x);
    return rc;
}

cJSON *trials_file_parse(const char *text, size_t size, struct error *e)
{
    struct error why = {""};
    cJSON *o = strict_json_parse_file(text, size, TRIALS_FILE_VALUES_MAX, &why);
    int rc = o ? check_head(o, e) : error_set(e, "it is not JSON (%s): if it is of `pare export trials`, " GET_AGAIN, why.text);
    if (rc == 0 && (rc = check_digest(text, size, e)) == 0)
        rc = check_members(o, e);
    if (rc == 0)
        return o;
    cJSON_Delete(o);
    return NULL;
}

/* --- writing --- */

static int put(struct buffer *b, const char *text)
{
    return buffer_append(b, text, strlen(text));
}

static int put_value(struct buffer *b, const cJSON *v)
{
    char *text = cJSON_PrintUnformatted(v);
    int rc = text ? put(b, text) : -1;
    free(text);
    return rc;
}

static int put_member(struct buffer *b, const cJSON *o, const char *name)
{
    const cJSON *v = member(o, name);
    if (!v)
        return 0;
    return put(b, "\"") == 0 && put(b, name) == 0 && put(b, "\":") == 0 && put_value(b, v) == 0 && put(b, ",\n") == 0 ? 0 : -1;
}

static int put_trials(struct buffer *b, const cJSON *list)
{
    const cJSON *v;
    int rc = put(b, "\"trials\":[");
    cJSON_ArrayForEach(v, list)
        if (rc == 0)
            rc = put(b, v == list->child ? "\n" : ",\n") == 0 && put_value(b, v) == 0 ? 0 : -1;
    return rc == 0 ? put(b, "],\n") : rc;
}

char *trials_file_text(const cJSON *trials)
{
    static const char *const names[] = {"schema", "tool", "study", "from", "file_sha256", "identity", "quantized_sha256",
                                        "options", "slots", "layers", "policy_format", "policy", "no_policy", "no_trials"};
    char line[DIGEST_LINE + 1];
    struct buffer b;
    buffer_init(&b, TRIALS_FILE_MAX);
    int rc = put(&b, "{");
    for (size_t i = 0; rc == 0 && i < sizeof names / sizeof *names; i++)
        rc = put_member(&b, trials, names[i]);
    if (rc == 0)
        rc = put_trials(&b, member(trials, "trials"));
    if (rc == 0) {
        digest_line(b.data, b.size, line);
        rc = buffer_append(&b, line, sizeof line); // with its NUL
    }
    if (rc == 0)
        return b.data;
    buffer_finish(&b);
    return NULL;
}
