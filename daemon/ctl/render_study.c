// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Studies: a table of them, one in full, and the short answers of the verbs that change them.
#include "daemon/ctl/field.h"
#include "daemon/ctl/metric_words.h"
#include "daemon/ctl/render.h"

#include <stdio.h>
#include <string.h>

enum color render_state_color(const char *state)
{
    static const struct {
        const char *states;
        enum color color;
    } colors[] = {
        {" finished idle stepped ", COLOR_GREEN},
        {" failed quarantined given_up suspect ", COLOR_RED},
        {" paused stopped resting infeasible ", COLOR_YELLOW},
    };
    char word[40];
    snprintf(word, sizeof word, " %.30s ", state);
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
        if (strstr(colors[i].states, word))
            return colors[i].color;
    return COLOR_NONE;
}

#define BASELINES 2 // int8 and float32 are measured before anything is proposed

static double all_trials(const cJSON *study)
{
    double proposals;
    return field_number(study, "trials", &proposals) ? proposals + BASELINES : 0;
}

static double results(const cJSON *study)
{
    static const char *const fields[] = {"measured", "infeasible", "given_up", "dropped"};
    double sum = 0, value;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        sum += field_number(study, fields[i], &value) ? value : 0;
    return sum;
}

static void best_in_short(const cJSON *best, char *text, size_t size)
{
    if (!cJSON_IsObject(best)) {
        snprintf(text, size, "-");
        return;
    }
    const struct metric_words *words = metric_words_of(best);
    bool other = strcmp(words->metric, "accuracy") != 0;
    snprintf(text, size, "trial %.20s: %s%s%.20s %%, %.20s", field_text(best, "trial").text, other ? words->name : "", other ? " " : "", field_scaled(best, "accuracy", 100, 2).text,
             field_bytes(best, "flash_bytes").text);
    size_t at = strlen(text);
    if (field_find(best, "latency_us") && !cJSON_IsNull(field_find(best, "latency_us")))
        snprintf(text + at, size - at, ", %.20s %.20s", field_latency(best, "latency_us").text, field_text(best, "origin").text);
}

void render_studies(const cJSON *answer, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {{"STUDY", true}, {"NAME", false},      {"STATE", false},
                                                  {"DONE", true},  {"OF", true},         {"BOARD", false},
                                                  {"BEST", false}, {"PROGRESS", false}};
    const cJSON *studies = field_find(answer, "studies"), *study;
    if (cJSON_GetArraySize(studies) == 0) {
        text_print(out, "no studies; `pare study create FILE --start` begins one\n");
        return;
    }
    struct table t;
    table_init(&t, columns, sizeof columns / sizeof *columns);
    cJSON_ArrayForEach(study, studies)
    {
        char best[256];
        best_in_short(field_find(study, "best"), best, sizeof best);
        const char *state = field_string(study, "state");
        const char *note = field_string(study, "reason");
        table_cell(&t, COLOR_NONE, "%s", field_text(study, "study").text);
        table_cell(&t, COLOR_NONE, "%s", field_text(study, "name").text);
        table_cell(&t, render_state_color(state), "%s", state);
        table_cell(&t, COLOR_NONE, "%.0f", results(study));
        table_cell(&t, COLOR_NONE, "%.0f", all_trials(study));
        table_cell(&t, COLOR_NONE, "%s", field_text(study, "board_type").text);
        table_cell(&t, COLOR_NONE, "%s", best);
        table_cell(&t, COLOR_NONE, "%s", strcmp(note, "-") != 0 ? note : field_text(study, "progress").text);
    }
    table_print(&t, style, out);
    table_finish(&t);
}

/* "title  text", but for what is not known. */
static void line(struct buffer *out, const char *title, const cJSON *study, const char *path)
{
    struct field text = field_text(study, path);
    if (strcmp(text.text, "-") != 0)
        text_print(out, "%-12s %s\n", title, text.text);
}

/* What the agent advises, a line for each sentence. */
static void print_advice(struct buffer *out, const cJSON *sentences)
{
    const char *at = cJSON_IsString(sentences) ? sentences->valuestring : "";
    while (*at) {
        int n = (int)strcspn(at, "\n");
        text_print(out, "%-12s %.*s\n", "advice", n, at);
        at += at[n] ? n + 1 : n;
    }
}

/* What is searched for, where it is not the default. */
static void print_goal(const cJSON *study, struct buffer *out)
{
    const char *kind = field_string(study, "config.goal.kind"), *cost = field_string(study, "config.goal.cost");
    const char *name = metric_words_of(study)->name;
    if (strcmp(name, "accuracy") != 0)
        text_print(out, "%-12s %s\n", "metric", name);
    if (strcmp(kind, "accuracy") == 0)
        text_print(out, "%-12s highest %s within the budgets\n", "goal", name);
    else if (strcmp(kind, "least_cost") == 0)
        text_print(out, "%-12s least %s, losing at most %s points of %s\n", "goal", cost,
                   field_text(study, "config.goal.max_loss_points").text, name);
    else if (strcmp(kind, "front") == 0)
        text_print(out, "%-12s the front of %s and %s\n", "goal", name, cost);
}

/* ", TITLE: TEXT", but for what is not there. */
static void because(struct buffer *out, const char *title, const cJSON *text)
{
    if (!cJSON_IsString(text))
        return;
    text_print(out, ", %s: ", title);
    text_string(out, text->valuestring);
}

/* What it took from an earlier study or a file, and what not, and why. */
static void print_beginning(const cJSON *agent, struct buffer *out)
{
    bool from_file = field_find(agent, "from_sha256"), others = field_find(agent, "no_trials");
    if (!field_find(agent, "from"))
        return;
    text_print(out, "%-12s %s ", "began with", from_file ? "file" : "study");
    text_string(out, field_string(agent, "from"));
    if (from_file)
        text_print(out, " (of study %s)", field_text(agent, "from_study").text);
    if (!others)
        text_print(out, ", with %s of its trials", field_text(agent, "imported").text);
    if (field_find(agent, "left_out"))
        text_print(out, " (%s more are of settings that are not searched here)", field_text(agent, "left_out").text);
    because(out, "with its policy only", field_find(agent, "no_trials"));
    because(out, "without its policy", others ? NULL : field_find(agent, "no_policy"));
    text_print(out, "\n");
}

static void study_head(const cJSON *study, struct buffer *out)
{
    static const char *const before[][2] = {{"state", "state"},     {"reason", "reason"},         {"progress", "progress"},
                                            {"network", "network"}, {"board type", "board_type"}, {"seed", "seed"},
                                            {"created", "created"}, {"updated", "updated"}};
    char best[256];
    double dropped;
    text_print(out, "%-12s %s (study %s)\n", "name", field_text(study, "name").text, field_text(study, "study").text);
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        line(out, before[i][0], study, before[i][1]);
    print_goal(study, out);
    text_print(out, "%-12s %.0f results of %s proposals and the baselines: %s measured, %s infeasible, %s given up\n", "trials", results(study),
               field_text(study, "trials").text, field_text(study, "measured").text, field_text(study, "infeasible").text,
               field_text(study, "given_up").text);
    if (field_number(study, "dropped", &dropped) && dropped > 0)
        text_print(out, "%-12s %.0f trials by the host, before a board was asked\n", "dropped", dropped);
    best_in_short(field_find(study, "best"), best, sizeof best);
    text_print(out, "%-12s %s\n", "best", best);
    if (field_find(study, "agent.updates"))
        text_print(out, "%-12s %s updates, entropy %s bits\n", "agent", field_text(study, "agent.updates").text,
                   field_fixed(study, "agent.entropy_bits", 2).text);
    print_beginning(field_find(study, "agent"), out);
    print_advice(out, field_find(study, "agent.advice"));
}

/* The option that the policy likes best in a slot, and how much. */
static void favourite(const cJSON *study, int slot, char *text, size_t size)
{
    const cJSON *row = cJSON_GetArrayItem(field_find(study, "agent.probabilities"), slot), *p;
    const cJSON *options = field_find(study, "config.space.options"); // the same for all slots
    int best = -1, i = 0;
    double most = -1;
    cJSON_ArrayForEach(p, row)
    {
        if (cJSON_IsNumber(p) && p->valuedouble > most) {
            most = p->valuedouble;
            best = i;
        }
        i++;
    }
    const cJSON *name = cJSON_GetArrayItem(options, best < 0 ? i : best);
    if (best < 0 || !cJSON_IsString(name))
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%.40s %.0f %%", name->valuestring, 100 * most);
}

static void study_layers(const cJSON *study, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {{"LAYER", false}, {"KIND", false}, {"SLOT", true},
                                                  {"PARAMETERS", true}, {"MACS", true}, {"POLICY", false}};
    const cJSON *layers = field_find(study, "layers"), *layer;
    if (cJSON_GetArraySize(layers) == 0)
        return;
    struct table t;
    table_init(&t, columns, sizeof columns / sizeof *columns);
    cJSON_ArrayForEach(layer, layers)
    {
        double slot;
        char policy[80] = "-";
        if (field_number(layer, "slot", &slot) && slot >= 0 && slot < 1000)
            favourite(study, (int)slot, policy, sizeof policy);
        table_cell(&t, COLOR_NONE, "%s", field_text(layer, "name").text);
        table_cell(&t, COLOR_NONE, "%s", field_text(layer, "kind").text);
        table_cell(&t, COLOR_NONE, "%s", field_text(layer, "slot").text);
        table_cell(&t, COLOR_NONE, "%s", field_text(layer, "parameters").text);
        table_cell(&t, COLOR_NONE, "%s", field_text(layer, "macs").text);
        table_cell(&t, COLOR_NONE, "%s", policy);
    }
    text_print(out, "\n");
    table_print(&t, style, out);
    table_finish(&t);
}

void render_study(const cJSON *answer, const struct style *style, struct buffer *out)
{
    study_head(answer, out);
    study_layers(answer, style, out);
}

void render_study_state(const cJSON *answer, const struct style *style, struct buffer *out)
{
    const char *state = field_string(answer, "state");
    text_print(out, "study %s is ", field_text(answer, "study").text);
    text_color(out, style, render_state_color(state), state);
    text_print(out, "\n");
}

/* What it will cost the boards. */
static void print_wear(const cJSON *answer, struct buffer *out)
{
    const cJSON *wear = field_find(answer, "wear");
    if (wear)
        text_print(out, "%s\n", field_text(wear, "text").text);
}

static void print_begins(const cJSON *with, struct buffer *out)
{
    if (!with)
        return;
    bool others = field_find(with, "no_trials");
    text_print(out, "begins with ");
    if (others)
        text_print(out, "a policy");
    else
        text_print(out, "%s trials", field_text(with, "trials").text);
    if (!others && field_true(with, "policy"))
        text_print(out, " and a policy");
    because(out, "but no trials", field_find(with, "no_trials"));
    because(out, "but no policy", others ? NULL : field_find(with, "no_policy"));
    text_print(out, "\n");
}

void render_created(const cJSON *answer, const struct style *style, struct buffer *out)
{
    (void)style;
    text_print(out, "study %s: %s\n", field_text(answer, "study").text, field_text(answer, "name").text);
    print_begins(field_find(answer, "begins_with"), out);
    print_wear(answer, out);
}

void render_checked(const cJSON *answer, const struct style *style, struct buffer *out)
{
    (void)style;
    text_print(out, "%s: the study file is in order\n", field_text(answer, "name").text);
    print_wear(answer, out);
}
