// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The tables of a study file's keys, and what is checked beyond single keys.
#include "daemon/study_file.h"

#include "schema/store.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define SEED_MAX 9007199254740991.0 // what a JSON number holds exactly
#define WEIGHT_MAX 1000.0
#define METRIC_AUC 1 // places in `metrics`
#define METRIC_SCORER 3
#define MEASURED_MAX 1e12 // of a budget in microseconds or microjoules: days

static const char *const layouts[] = {"nhwc", "nchw", NULL};
static const char *const clippings[] = {"mse", "minmax", "percentile", "aciq", NULL};
static const char *const algorithms[] = {"policy", "frozen", "random", "uniform", "local", "sensitivity", NULL}; // enum agent_algorithm
static const char *const goals[] = {"reward", "accuracy", "least_cost", "front", NULL}; // enum study_goal
static const char *const costs[] = {"flash", "ram", "latency", "energy", NULL};          // enum reward_cost
static const char *const metrics[] = {"accuracy", "auc", "fidelity", "scorer", NULL};
static const char *const boards[] = {"every", "promising", NULL};                        // enum study_board
static const char *const placements[] = {"flash", "sram", NULL};              // enum board_placement

/* --- values of their own --- */

static int read_channels(struct keys_reader *r, const cJSON *value, void *where)
{
    struct study_channels *c = where;
    const cJSON *v;
    if (!cJSON_IsArray(value))
        return keys_error(r, "is not a list of numbers");
    c->n = 0;
    cJSON_ArrayForEach(v, value) {
        if (!cJSON_IsNumber(v))
            return keys_error(r, "is not a list of numbers");
        if (c->n == STUDY_CHANNELS_MAX)
            return keys_error(r, "has more than %d channels", STUDY_CHANNELS_MAX);
        c->v[c->n++] = v->valuedouble;
    }
    return 0;
}

static cJSON *write_channels(const void *where)
{
    const struct study_channels *c = where;
    return cJSON_CreateDoubleArray(c->v, c->n);
}

static bool has_option(const struct study_options *o, struct setting s)
{
    for (int i = 0; i < o->n; i++)
        if (setting_equal(o->v[i], s))
            return true;
    return false;
}

static int read_options(struct keys_reader *r, const cJSON *value, void *where)
{
    struct study_options *o = where;
    const cJSON *v;
    char text[SETTING_TEXT_MAX];
    struct error why = {""};
    if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) == 0)
        return keys_error(r, "is not a list of settings such as \"w4a8\"");
    o->n = 0;
    cJSON_ArrayForEach(v, value) {
        if (o->n == SPACE_OPTIONS_MAX)
            return keys_error(r, "has more than %d settings", SPACE_OPTIONS_MAX);
        if (keys_text(r, v, text, sizeof text) != 0)
            return -1;
        struct setting *s = &o->v[o->n];
        if (setting_parse(text, s, &why) != 0)
            return keys_error(r, "has \"%s\": %s", text, why.text);
        if (s->scheme == SCHEME_FLOAT32)
            return keys_error(r, "has \"float32\", which is a baseline and no option");
        if (has_option(o, *s))
            return keys_error(r, "has \"%s\" twice", text);
        o->n++;
    }
    return 0;
}

static cJSON *write_options(const void *where)
{
    const struct study_options *o = where;
    cJSON *list = cJSON_CreateArray();
    char text[SETTING_TEXT_MAX];
    for (int i = 0; list && i < o->n; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(setting_format(o->v[i], text)));
    return list;
}

static const struct key rule_keys[] = {
    {.name = "layer", .kind = KEY_TEXT, .offset = offsetof(struct study_rule, layer), .size = STUDY_PATTERN_MAX,
     .needed = true},
    {.name = "options", .kind = KEY_OWN, .offset = offsetof(struct study_rule, options), .needed = true,
     .read = read_options, .write = write_options},
    {.name = NULL}};

static int check_pattern(struct keys_reader *r, const char *pattern)
{
    regex_t regex;
    char why[128];
    int rc = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (rc == 0) {
        regfree(&regex);
        return 0;
    }
    regerror(rc, &regex, why, sizeof why);
    return keys_error(r, "has the pattern \"%s\": %s", pattern, why);
}

static int read_rules(struct keys_reader *r, const cJSON *value, void *where)
{
    struct study_rules *rules = where;
    const cJSON *v;
    if (!cJSON_IsArray(value))
        return keys_error(r, "is not a list of rules");
    rules->n = 0;
    cJSON_ArrayForEach(v, value) {
        if (rules->n == STUDY_RULES_MAX)
            return keys_error(r, "has more than %d rules", STUDY_RULES_MAX);
        struct study_rule *rule = &rules->v[rules->n++];
        if (keys_read(r, v, rule_keys, rule) != 0 || check_pattern(r, rule->layer) != 0)
            return -1;
    }
    return 0;
}

static cJSON *write_rules(const void *where)
{
    const struct study_rules *rules = where;
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; list && i < rules->n; i++)
        cJSON_AddItemToArray(list, keys_write(rule_keys, &rules->v[i]));
    return list;
}

/* --- tables --- */

#define AT(member) .offset = offsetof(struct study_file, member)
#define TEXT_AT(member) AT(member), .size = sizeof((struct study_file *)0)->member
#define DATA_AT(which) .offset = offsetof(struct study_file, data) + (size_t)(which)*KEYS_PATH_MAX, .size = KEYS_PATH_MAX

static const struct key input_keys[] = {
    {.name = "scale", .kind = KEY_NUMBER, AT(input_scale), .min = 1e-9, .max = 1e9},
    {.name = "mean", .kind = KEY_OWN, AT(mean), .read = read_channels, .write = write_channels},
    {.name = "std", .kind = KEY_OWN, AT(std), .read = read_channels, .write = write_channels},
    {.name = "layout", .kind = KEY_CHOICE, AT(layout), .names = layouts},
    {.name = NULL}};

static const struct key data_keys[] = {
    {.name = "calibration", .kind = KEY_PATH, DATA_AT(STUDY_CALIBRATION), .needed = true},
    {.name = "validation", .kind = KEY_PATH, DATA_AT(STUDY_VALIDATION), .needed = true},
    {.name = "validation_labels", .kind = KEY_PATH, DATA_AT(STUDY_VALIDATION_LABELS)},
    {.name = "test", .kind = KEY_PATH, DATA_AT(STUDY_TEST)},
    {.name = "test_labels", .kind = KEY_PATH, DATA_AT(STUDY_TEST_LABELS)},
    {.name = "validation_first", .kind = KEY_INT, AT(validation_first), .min = 0, .max = INT32_MAX},
    {.name = "validation_samples", .kind = KEY_INT, AT(validation_samples), .min = 0, .max = INT32_MAX},
    {.name = "test_first", .kind = KEY_INT, AT(test_first), .min = 0, .max = INT32_MAX},
    {.name = "test_samples", .kind = KEY_INT, AT(test_samples), .min = 0, .max = INT32_MAX},
    {.name = NULL}};

static const struct key space_keys[] = {
    {.name = "options", .kind = KEY_OWN, AT(options), .needed = true, .read = read_options, .write = write_options},
    {.name = "rules", .kind = KEY_OWN, AT(rules), .read = read_rules, .write = write_rules},
    {.name = "clipping", .kind = KEY_CHOICE, AT(clipping), .names = clippings},
    {.name = "per_tensor", .kind = KEY_BOOL, AT(per_tensor)},
    {.name = "equalize", .kind = KEY_BOOL, AT(equalize)},
    {.name = "state_bits", .kind = KEY_INT, AT(state_bits), .min = 0, .max = 32},
    {.name = "tune_steps", .kind = KEY_INT, AT(tune_steps), .min = 0, .max = STUDY_TUNE_STEPS_MAX},
    {.name = "finalist_tune_steps", .kind = KEY_INT, AT(finalist_tune_steps), .min = 0, .max = STUDY_TUNE_STEPS_MAX},
    {.name = NULL}};

static const struct key budget_keys[] = {
    {.name = "flash_of_int8", .kind = KEY_NUMBER, AT(flash_of_int8), .min = 0, .max = 10},
    {.name = "flash_bytes", .kind = KEY_INT, AT(flash_bytes), .min = 0, .max = INT32_MAX},
    {.name = "ram_bytes", .kind = KEY_INT, AT(ram_bytes), .min = 0, .max = INT32_MAX},
    {.name = "latency_us", .kind = KEY_NUMBER, AT(latency_us), .min = 0, .max = MEASURED_MAX},
    {.name = "energy_uj", .kind = KEY_NUMBER, AT(energy_uj), .min = 0, .max = MEASURED_MAX},
    {.name = NULL}};

static const struct key goal_keys[] = {
    {.name = "kind", .kind = KEY_CHOICE, AT(goal), .names = goals},
    {.name = "cost", .kind = KEY_CHOICE, AT(goal_cost), .names = costs},
    {.name = "max_loss_points", .kind = KEY_NUMBER, AT(max_loss_points), .min = 0, .max = 100},
    {.name = NULL}};

static const struct key objective_keys[] = {
    {.name = "flash", .kind = KEY_NUMBER, AT(flash_weight), .min = 0, .max = WEIGHT_MAX},
    {.name = "ram", .kind = KEY_NUMBER, AT(ram_weight), .min = 0, .max = WEIGHT_MAX},
    {.name = "latency", .kind = KEY_NUMBER, AT(latency_weight), .min = 0, .max = WEIGHT_MAX},
    {.name = "energy", .kind = KEY_NUMBER, AT(energy_weight), .min = 0, .max = WEIGHT_MAX},
    {.name = NULL}};

static const struct key search_keys[] = {
    {.name = "algorithm", .kind = KEY_CHOICE, AT(algorithm), .names = algorithms},
    {.name = "trials", .kind = KEY_INT, AT(trials), .min = 1, .max = STUDY_TRIALS_MAX},
    {.name = "seed", .kind = KEY_INT, AT(seed), .min = 0, .max = SEED_MAX},
    {.name = "ahead", .kind = KEY_INT, AT(ahead), .min = 0, .max = STUDY_AHEAD_MAX},
    {.name = "from", .kind = KEY_TEXT, TEXT_AT(from)},
    {.name = "from_file", .kind = KEY_PATH, TEXT_AT(from_file)},
    {.name = NULL}};

static const struct key measure_keys[] = {
    {.name = "placement", .kind = KEY_CHOICE, AT(placement), .names = placements},
    {.name = "energy", .kind = KEY_BOOL, AT(energy)},
    {.name = "board", .kind = KEY_CHOICE, AT(board), .names = boards},
    {.name = "samples", .kind = KEY_INT, AT(samples), .min = 1, .max = STUDY_SAMPLES_MAX},
    {.name = "windows", .kind = KEY_INT, AT(windows), .min = 1, .max = STUDY_WINDOWS_MAX},
    {.name = "attempts", .kind = KEY_INT, AT(attempts), .min = 1, .max = STUDY_ATTEMPTS_MAX},
    {.name = NULL}};

static const struct key study_keys[] = {
    {.name = "name", .kind = KEY_TEXT, TEXT_AT(name), .needed = true},
    {.name = "network", .kind = KEY_PATH, TEXT_AT(network), .needed = true},
    {.name = "input", .kind = KEY_OBJECT, .keys = input_keys},
    {.name = "data", .kind = KEY_OBJECT, .keys = data_keys, .needed = true},
    {.name = "metric", .kind = KEY_CHOICE, AT(metric), .names = metrics},
    {.name = "scorer", .kind = KEY_TEXT, TEXT_AT(scorer)},
    {.name = "scorer_seconds", .kind = KEY_INT, AT(scorer_seconds), .min = 1, .max = 3600},
    {.name = "board_type", .kind = KEY_TEXT, TEXT_AT(board_type), .needed = true},
    {.name = "space", .kind = KEY_OBJECT, .keys = space_keys, .needed = true},
    {.name = "budget", .kind = KEY_OBJECT, .keys = budget_keys},
    {.name = "goal", .kind = KEY_OBJECT, .keys = goal_keys},
    {.name = "objective", .kind = KEY_OBJECT, .keys = objective_keys},
    {.name = "search", .kind = KEY_OBJECT, .keys = search_keys},
    {.name = "measure", .kind = KEY_OBJECT, .keys = measure_keys},
    {.name = "finalists", .kind = KEY_INT, AT(finalists), .min = 0, .max = STUDY_FINALISTS_MAX},
    {.name = NULL}};

/* --- the file --- */

static void take_defaults(struct study_file *f)
{
    memset(f, 0, sizeof *f);
    f->input_scale = 1;
    f->flash_weight = 1;
    f->max_loss_points = 1;
    f->trials = 64;
    f->energy = true;
    f->samples = 4;
    f->windows = 3;
    f->attempts = 3;
    f->finalists = 3;
    f->scorer_seconds = 60;
}

/* Lists the names in "${name}" that have no value, once each. */
static int check_set(struct keys_reader *r, const char *text)
{
    char missing[256] = "";
    for (const char *mark = strstr(text, "${"); mark; mark = strstr(mark + 2, "${")) {
        const char *end = strchr(mark, '}');
        char name[64], option[80];
        if (!end || end - mark - 2 >= (long)sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(end - mark) - 2, mark + 2);
        snprintf(option, sizeof option, " --set %s=...", name);
        if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(r->set, name)) || strstr(missing, option))
            continue;
        size_t at = strlen(missing);
        snprintf(missing + at, sizeof missing - at, "%s", option);
    }
    return missing[0] ? keys_error(r, "wants%s", missing) : 0;
}

/* An error about one key. */
static int at_key(struct keys_reader *r, const char *field, const char *text)
{
    snprintf(r->field, sizeof r->field, "%s", field);
    return keys_error(r, "%s", text);
}

static bool has_cost(const struct study_file *f)
{
    return f->goal == STUDY_LEAST_COST || f->goal == STUDY_WHOLE_FRONT;
}

/* Whether the weights are not just the defaults. */
static bool is_weighed(const struct study_file *f)
{
    return f->flash_weight != 1 || f->ram_weight > 0 || f->latency_weight > 0 || f->energy_weight > 0;
}

static int check_goal(struct keys_reader *r, const struct study_file *f)
{
    if (is_weighed(f) && (f->goal == STUDY_BEST_ACCURACY || f->goal == STUDY_LEAST_COST))
        return at_key(r, "objective", "has no meaning with this \"goal\": its weights are those of \"reward\" and \"front\"");
    if (has_cost(f) && f->goal_cost == REWARD_ENERGY && !f->energy)
        return at_key(r, "goal.cost", "needs \"measure.energy\"");
    if (f->board == STUDY_PROMISING && f->metric != 0)
        return at_key(r, "measure.board", "is \"promising\", which counts right answers: it needs \"metric\": \"accuracy\"");
    if (f->energy_uj > 0 && !f->energy)
        return at_key(r, "budget.energy_uj", "needs \"measure.energy\"");
    if (f->energy_weight > 0 && !f->energy)
        return at_key(r, "objective.energy", "needs \"measure.energy\"");
    return 0;
}

static int check_metric(struct keys_reader *r, const struct study_file *f)
{
    bool labels = f->metric <= METRIC_AUC;
    if (labels && !f->data[STUDY_VALIDATION_LABELS][0])
        return at_key(r, "data.validation_labels", "is missing");
    if (f->data[STUDY_TEST][0] ? labels && !f->data[STUDY_TEST_LABELS][0] : f->data[STUDY_TEST_LABELS][0])
        return at_key(r, "data.test", "and \"data.test_labels\" go together");
    if (!f->scorer[0] == (f->metric == METRIC_SCORER))
        return at_key(r, "scorer", "and \"metric\": \"scorer\" go together");
    return 0;
}

static int check_from(struct keys_reader *r, const struct study_file *f)
{
    if (f->from[0] && f->from_file[0])
        return at_key(r, "search.from_file", "and \"search.from\" exclude each other: a study begins with one of them");
    if ((f->from[0] || f->from_file[0]) && f->algorithm != AGENT_POLICY)
        return at_key(r, f->from[0] ? "search.from" : "search.from_file", "is for \"algorithm\": \"policy\"");
    return 0;
}

static int check(struct keys_reader *r, const struct study_file *f)
{
    static const struct setting reference = {8, 8, SCHEME_UNIFORM};
    if (!f->name[0] || strspn(f->name, NAME_LETTERS) != strlen(f->name))
        return at_key(r, "name", "must be of letters, digits, - and _");
    if (strspn(f->name, "0123456789") == strlen(f->name))
        return at_key(r, "name", "is a number, which names studies in another way");
    if (!f->board_type[0])
        return at_key(r, "board_type", "is empty");
    if (!has_option(&f->options, reference))
        return at_key(r, "space.options", "lacks \"w8a8\", the reference of all rewards");
    for (int i = 0; i < f->rules.n; i++)
        for (int j = 0; j < f->rules.v[i].options.n; j++)
            if (!has_option(&f->options, f->rules.v[i].options.v[j]))
                return at_key(r, "space.rules", "has a setting that is none of space.options");
    if (check_from(r, f) != 0)
        return -1;
    if (check_metric(r, f) != 0 || check_goal(r, f) != 0)
        return -1;
    for (int i = 0; i < f->std.n; i++)
        if (!(f->std.v[i] > 0))
            return at_key(r, "input.std", "has a number that is not above 0");
    return 0;
}

int study_file_parse(const char *text, const char *folder, const cJSON *set, struct study_file *f, char *field,
                     struct error *e)
{
    struct keys_reader r = {.folder = folder, .set = set, .e = e};
    cJSON *nothing = set ? NULL : cJSON_CreateObject();
    cJSON *object = keys_parse(text, e);
    r.set = set ? set : nothing;
    take_defaults(f);
    int rc = -1;
    if (object) {
        char *plain = cJSON_PrintUnformatted(object); // without comments
        rc = plain ? check_set(&r, plain) : error_set(e, "out of memory");
        free(plain);
    }
    bool has_energy = cJSON_HasObjectItem(cJSON_GetObjectItemCaseSensitive(object, "measure"), "energy");
    if (rc == 0)
        rc = keys_read(&r, object, study_keys, f);
    if (rc == 0 && f->placement == BOARD_IN_SRAM && has_energy && f->energy)
        rc = at_key(&r, "measure.energy", "is not measured with \"placement\": \"sram\"");
    if (rc == 0 && f->placement == BOARD_IN_SRAM)
        f->energy = false;
    if (rc == 0)
        rc = check(&r, f);
    if (field)
        snprintf(field, KEYS_FIELD_MAX, "%s", rc == 0 ? "" : r.field);
    cJSON_Delete(object);
    cJSON_Delete(nothing);
    return rc;
}

char *study_file_text(const struct study_file *f)
{
    cJSON *object = keys_write(study_keys, f);
    char *text = object ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    return text;
}

cJSON *study_file_open(const struct study_file *f, const char *folder, int64_t flash_bytes, int64_t ram_bytes)
{
    cJSON *o = cJSON_CreateObject();
    if (!o)
        return NULL;
    cJSON_AddStringToObject(o, "network", f->network);
    cJSON_AddStringToObject(o, "folder", folder);
    for (int i = 0; i < STUDY_DATA_COUNT; i++)
        if (f->data[i][0])
            cJSON_AddStringToObject(o, data_keys[i].name, f->data[i]);
    cJSON_AddItemToObject(o, "input", keys_write(input_keys, f));
    cJSON_AddItemToObject(o, "options", write_options(&f->options));
    cJSON_AddItemToObject(o, "rules", write_rules(&f->rules));
    cJSON_AddStringToObject(o, "metric", metrics[f->metric]);
    if (f->metric == METRIC_SCORER) {
        cJSON_AddStringToObject(o, "scorer", f->scorer);
        cJSON_AddNumberToObject(o, "scorer_seconds", (double)f->scorer_seconds);
    }
    cJSON_AddStringToObject(o, "clipping", clippings[f->clipping]);
    cJSON_AddBoolToObject(o, "per_tensor", f->per_tensor);
    cJSON_AddBoolToObject(o, "equalize", f->equalize);
    if (f->state_bits)
        cJSON_AddNumberToObject(o, "state_bits", (double)f->state_bits);
    cJSON_AddNumberToObject(o, "tune_steps", (double)f->tune_steps);
    cJSON_AddNumberToObject(o, "board_samples", (double)f->samples);
    cJSON_AddNumberToObject(o, "flash_bytes", (double)flash_bytes);
    cJSON_AddNumberToObject(o, "ram_bytes", (double)ram_bytes);
    return o;
}

int study_file_find_scorer(struct study_file *f, const char *folder, char *field, struct error *e)
{
    char path[2 * KEYS_PATH_MAX];
    size_t n = strlen(folder);
    const char *name = f->scorer;
    if (f->metric != METRIC_SCORER)
        return 0;
    snprintf(field, KEYS_FIELD_MAX, "scorer");
    if (!n)
        return error_set(e, "\"scorer\": this service runs none: its configuration has no \"scorers\", a folder of programs");
    if (strncmp(name, folder, n) == 0 && name[n] == '/')
        name += n + 1;
    if (strchr(name, '/') || name[0] == '.')
        return error_set(e, "\"scorer\" is the name of a program in %s, not a path", folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (strlen(path) >= sizeof f->scorer || access(path, X_OK) != 0)
        return error_set(e, "\"scorer\": %s has no program '%.100s'", folder, name);
    memcpy(f->scorer, path, strlen(path) + 1);
    field[0] = '\0';
    return 0;
}

/* A front's best is by weight 1 on its own cost, unless the file says otherwise. */
static struct reward_weights front_weights(const struct study_file *f)
{
    struct reward_weights w = {0};
    double *const of[REWARD_COST_COUNT] = {&w.flash, &w.ram, &w.latency, &w.energy};
    *of[f->goal_cost] = 1;
    return w;
}

struct reward_aim study_file_aim(const struct study_file *f)
{
    struct reward_aim aim = {.least = f->goal == STUDY_LEAST_COST, .cost = (enum reward_cost)f->goal_cost,
                             .max_loss_points = f->max_loss_points, .most_latency_us = f->latency_us,
                             .most_energy_uj = f->energy_uj};
    if (f->goal == STUDY_BEST_REWARD || f->goal == STUDY_WHOLE_FRONT)
        aim.weights = (struct reward_weights){.flash = f->flash_weight, .ram = f->ram_weight, .latency = f->latency_weight,
                                              .energy = f->energy_weight};
    if (f->goal == STUDY_WHOLE_FRONT && !is_weighed(f))
        aim.weights = front_weights(f);
    return aim;
}

unsigned study_file_objectives(const struct study_file *f)
{
    unsigned by = (f->flash_weight > 0 ? STORE_BY_FLASH : 0) | (f->ram_weight > 0 ? STORE_BY_RAM : 0) |
                  (f->latency_weight > 0 ? STORE_BY_LATENCY : 0) | (f->energy_weight > 0 ? STORE_BY_ENERGY : 0);
    return has_cost(f) ? 1u << f->goal_cost : by ? by : STORE_BY_FLASH; // enum reward_cost is in the order of the bits
}
