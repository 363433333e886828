// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/study_agent.h"

#include "agent/health.h"
#include "base/file.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1e18 // cycles or nanojoules, within an int64_t
#define FLOOR_ROUNDING 1e-9 // points: a loss that is exactly the allowed one passes

static const uint8_t *warm_choices(const struct study_agent *a, int i)
{
    return a->warm.choices + (size_t)i * (size_t)a->space.n_slots;
}

static uint8_t *choices_of(const struct study_agent *a, int trial)
{
    return a->choices + (size_t)trial * (size_t)a->space.n_slots;
}

/* The alternatives and the frozen policy follow the reward alone, which has every goal in it. */
static struct agent_config config_of(const struct study_file *f)
{
    static const enum agent_cost costs[REWARD_COST_COUNT] = {AGENT_COST_FLASH, AGENT_COST_RAM, AGENT_COST_LATENCY, AGENT_COST_ENERGY};
    struct agent_config c = {.algorithm = (enum agent_algorithm)f->algorithm, .seed = (uint64_t)f->seed};
    if (c.algorithm != AGENT_POLICY || (f->goal != STUDY_LEAST_COST && f->goal != STUDY_WHOLE_FRONT))
        return c;
    c.goal = f->goal == STUDY_LEAST_COST ? AGENT_LEAST_COST : AGENT_WHOLE_FRONT;
    c.cost = costs[f->goal_cost];
    c.floor = -f->max_loss_points - FLOOR_ROUNDING;
    return c;
}

/* w8a8; before it was measured as it was in the study that this one began with. */
static struct reward_figures reference_of(const struct study_agent *a)
{
    return a->known[1].known ? a->known[1].figures : a->warm.reference;
}

/* Of what the table of costs expects: it may be beyond all bounds. */
static int64_t count_of(double expected)
{
    return expected < COUNT_MAX ? expected > 0 ? (int64_t)expected : 0 : (int64_t)COUNT_MAX;
}

/* What a candidate's size is worth, exactly, and its latency and energy by the table of costs; nothing before w8a8 was measured. */
static double known_reward(void *user, const uint8_t *choices)
{
    const struct study_agent *a = user;
    const struct reward_weights *w = &a->aim.weights;
    const struct reward_figures reference = reference_of(a);
    struct reward_figures f = reference; // as accurate
    if (f.total == 0)
        return 0;
    f.flash_bytes = space_flash_bytes(&a->space, choices);
    f.ram_bytes = w->ram > 0 ? space_ram_bytes(&a->space, choices) : 0;
    f.latency_cycles = w->latency > 0 ? count_of(costs_cycles(&a->costs, choices)) : 0;
    f.energy_nj = w->energy > 0 ? count_of(costs_energy(&a->costs, choices)) : 0;
    return reward_of(&f, &reference, w);
}

static int read_warm(struct study_agent *a, const struct study_file *f, struct error *e)
{
    const char *path = f->from_file[0] ? f->from_file : f->from;
    char *text;
    size_t size;
    if (!path[0])
        return 0;
    if (file_read(path, WARM_TEXT_MAX, &text, &size, e) != 0)
        return -1;
    int rc = warm_read(text, &a->space, a->costs.n_layers, &a->warm, e);
    free(text);
    return rc;
}

int study_agent_init(struct study_agent *a, const struct space *space, const struct costs_layer *layers, int n_layers,
                     const struct study_file *f, struct error *e)
{
    memset(a, 0, sizeof *a);
    a->space = *space;
    a->algorithm = (enum agent_algorithm)f->algorithm;
    a->total = (int)f->trials + STUDY_BASELINES;
    a->ahead = (int)f->ahead;
    a->aim = study_file_aim(f);
    struct agent_config config = config_of(f);
    a->weighs = config.goal != AGENT_BEST_REWARD;
    a->choices = calloc((size_t)a->total + 1, (size_t)space->n_slots);
    a->known = calloc((size_t)a->total + 1, sizeof *a->known);
    if (!a->choices || !a->known || costs_init(&a->costs, &a->space, layers, n_layers) != 0)
        return error_set(e, "out of memory");
    if (read_warm(a, f, e) != 0)
        return -1;
    config.prior = a->warm.has_prior ? a->warm.prior : NULL;
    config.costs = &a->costs;
    if (f->goal == STUDY_BEST_REWARD) {
        config.known = known_reward;
        config.user = a;
    }
    a->agent = agent_create(&a->space, &config, e);
    return a->agent ? 0 : -1;
}

void study_agent_finish(struct study_agent *a)
{
    agent_destroy(a->agent);
    for (int t = 0; a->known && t <= a->total; t++)
        free(a->known[t].layer_cycles);
    costs_finish(&a->costs);
    warm_finish(&a->warm);
    free(a->choices);
    free(a->known);
    a->agent = NULL;
    a->choices = NULL;
    a->known = NULL;
}

static const struct setting int8 = {8, 8, SCHEME_UNIFORM}, float32 = {32, 32, SCHEME_FLOAT32};

void study_agent_candidate(const struct study_agent *a, int trial, struct candidate *c)
{
    if (trial <= STUDY_BASELINES)
        candidate_fill(c, a->space.n_slots, trial == STUDY_FLOAT32 ? float32 : int8);
    else
        space_candidate(&a->space, choices_of(a, trial), c);
}

/* Baselines need not be candidates that the agent could propose. */
static void add_baseline(struct study_agent *a)
{
    int option = 0;
    while (option < a->space.n_options && !setting_equal(a->space.options[option], int8))
        option++;
    memset(choices_of(a, ++a->n_trials), option, (size_t)a->space.n_slots);
}

int study_agent_add(struct study_agent *a, const char *text, struct error *e)
{
    struct candidate c;
    if (a->n_trials == a->total)
        return error_set(e, "more than %d trials", a->total);
    if (a->n_trials < STUDY_BASELINES) {
        add_baseline(a);
        return 0;
    }
    if (candidate_parse(text, a->space.n_slots, &c, e) != 0 ||
        space_choices(&a->space, &c, choices_of(a, a->n_trials + 1), e) != 0)
        return error_wrap(e, "trial %d", a->n_trials + 1);
    a->n_trials++;
    return 0;
}

/* Whether the table of costs learns from a trial; float32 has no place in it. */
static bool teaches_costs(const struct study_agent *a, int trial)
{
    const struct study_known *k = &a->known[trial];
    return k->known && k->outcome == STORE_MEASURED && k->layer_cycles && trial != STUDY_FLOAT32;
}

static void tell_costs(struct study_agent *a, int trial)
{
    const struct study_known *k = &a->known[trial];
    if (trial == 1)
        costs_limit(&a->costs, a->aim.most_latency_us * 1e-6 * (double)k->figures.clock_hz, a->aim.most_energy_uj * 1000);
    if (teaches_costs(a, trial))
        costs_tell(&a->costs, choices_of(a, trial), k->layer_cycles, k->figures.latency_cycles, k->figures.energy_nj);
}

/* Layers cost what they cost in the study before. */
static void import_costs(struct study_agent *a)
{
    for (int i = 0; i < a->warm.n; i++) {
        const struct warm_trial *t = &a->warm.trials[i];
        if (t->layer_cycles)
            costs_add(&a->costs, warm_choices(a, i), t->layer_cycles, t->figures.latency_cycles, t->figures.energy_nj);
    }
    if (a->warm.n > 0)
        costs_refresh(&a->costs);
}

int study_agent_load(struct study_agent *a, const void *state, size_t size, int applied, struct error *e)
{
    if (agent_load(a->agent, state, size, e) != 0)
        return -1;
    import_costs(a);
    for (int t = 1; t <= applied; t++)
        tell_costs(a, t);
    return 0;
}

/* w8a8 is told as a result like others if it is a candidate of this space; float32 never is. */
static bool is_told(const struct study_agent *a, int trial)
{
    struct candidate c;
    uint8_t choices[SPACE_SLOTS_MAX];
    study_agent_candidate(a, trial, &c);
    return trial != STUDY_FLOAT32 && space_choices(&a->space, &c, choices, NULL) == 0;
}

void study_agent_hope(const struct study_agent *a, int trial, int before, struct reward_figures *f)
{
    struct costs c;
    f->latency_cycles = f->energy_nj = 0;
    if (costs_init(&c, &a->space, a->costs.layers, a->costs.n_layers) != 0)
        return; // a board is asked more often than it need be
    for (int t = 1; t <= before; t++)
        if (teaches_costs(a, t))
            costs_add(&c, choices_of(a, t), a->known[t].layer_cycles, a->known[t].figures.latency_cycles, a->known[t].figures.energy_nj);
    costs_refresh(&c);
    f->latency_cycles = count_of(costs_least_cycles(&c, choices_of(a, trial)));
    f->energy_nj = count_of(costs_least_energy(&c, choices_of(a, trial)));
    costs_finish(&c);
}

void study_agent_know(struct study_agent *a, int trial, enum store_outcome outcome, const struct reward_figures *figures,
                      const int64_t *layer_cycles, int n_layers)
{
    struct study_known *k = &a->known[trial];
    free(k->layer_cycles);
    *k = (struct study_known){.known = true, .outcome = outcome, .figures = *figures};
    if (n_layers == 0 || n_layers != a->costs.n_layers)
        return;
    k->layer_cycles = malloc((size_t)n_layers * sizeof *layer_cycles);
    if (!k->layer_cycles)
        abort(); // a few bytes, without which a study would go on differently than after a restart
    memcpy(k->layer_cycles, layer_cycles, (size_t)n_layers * sizeof *layer_cycles);
}

void study_agent_know_image(struct study_agent *a, int trial, const char *provenance)
{
    cJSON *o = provenance ? cJSON_Parse(provenance) : NULL;
    const char *image = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "image"));
    snprintf(a->known[trial].image, sizeof a->known[trial].image, "%s", image ? image : "");
    cJSON_Delete(o);
}

/* The agent weighs by itself, and keeps to the budgets by the table of costs; the others have all of it in the reward. */
static int tell_measured(struct study_agent *a, int trial, struct error *e)
{
    const struct reward_figures *f = &a->known[trial].figures, *reference = &a->known[1].figures;
    struct reward_aim free_aim = a->aim;
    free_aim.most_latency_us = free_aim.most_energy_uj = 0;
    bool aside = a->algorithm == AGENT_POLICY && reward_is_beyond(f, &a->aim);
    double reward = a->weighs ? reward_points(f, reference) : reward_for(f, reference, aside ? &free_aim : &a->aim);
    double cost = a->weighs ? (double)reward_cost_of(f, a->aim.cost) : 0;
    return agent_result_cost(a->agent, choices_of(a, trial), aside ? AGENT_ASIDE : AGENT_MEASURED, reward, cost, e);
}

/* What was beyond a budget here, or would be, teaches nothing but its layers' costs. */
int study_agent_import(struct study_agent *a, struct error *e)
{
    import_costs(a);
    for (int i = 0; i < a->warm.n && agent_room(a->agent) > a->total; i++) {
        const struct reward_figures *f = &a->warm.trials[i].figures, *reference = &a->warm.reference;
        double reward = a->weighs ? reward_points(f, reference) : reward_for(f, reference, &a->aim);
        double cost = a->weighs ? (double)reward_cost_of(f, a->aim.cost) : 0;
        if (reward_is_beyond(f, &a->aim) || !space_fits(&a->space, warm_choices(a, i)))
            continue;
        if (agent_import(a->agent, warm_choices(a, i), reward, cost, e) != 0)
            return error_wrap(e, "trial %d of what the study began with", i + 1);
    }
    return 0;
}

/* The reward that a dropped trial would have had, if the rest of the set were like the part it was scored on and its costs as expected. */
static int tell_dropped(struct study_agent *a, int trial, struct error *e)
{
    struct reward_figures f = a->known[trial].figures;
    struct reward_aim free_aim = a->aim;
    free_aim.most_latency_us = free_aim.most_energy_uj = 0;
    f.latency_cycles = count_of(costs_cycles(&a->costs, choices_of(a, trial)));
    f.energy_nj = count_of(costs_energy(&a->costs, choices_of(a, trial)));
    double reward = a->weighs ? reward_points(&f, &a->known[1].figures) : reward_for(&f, &a->known[1].figures, &free_aim);
    return agent_result(a->agent, choices_of(a, trial), AGENT_ASIDE, reward, e);
}

int study_agent_teach(struct study_agent *a, int trial, struct error *e)
{
    const struct study_known *k = &a->known[trial];
    if (!k->known)
        return error_set(e, "the result of trial %d is not known", trial);
    tell_costs(a, trial);
    if (!is_told(a, trial))
        return 0;
    if (k->outcome == STORE_MEASURED)
        return tell_measured(a, trial, e);
    if (k->outcome == STORE_DROPPED)
        return tell_dropped(a, trial, e);
    return agent_result(a->agent, choices_of(a, trial), k->outcome == STORE_INFEASIBLE ? AGENT_INFEASIBLE : AGENT_GIVEN_UP, 0, e);
}

/* Trial 1 before its result is told, and what was proposed before the agent was taught anew. */
static bool is_known(const struct study_agent *a, const uint8_t *choices)
{
    for (int t = 1; t <= a->n_trials; t++)
        if (t != STUDY_FLOAT32 && memcmp(choices, choices_of(a, t), (size_t)a->space.n_slots) == 0)
            return true;
    return false;
}

static void explain(const struct agent *a, const uint8_t *choices, enum store_kind *kind, char why[STUDY_WHY_MAX])
{
    struct agent_explanation x = {0};
    agent_explain(a, choices, &x);
    *kind = x.origin == AGENT_SAMPLE ? STORE_POLICY : x.origin == AGENT_ANY ? STORE_UNIFORM : STORE_NEIGHBOUR;
    study_why(&x, why);
}

static int propose(struct study_agent *a, struct agent_step *s, struct error *e)
{
    while (a->n_trials < a->total && a->n_trials - s->trial < a->ahead) {
        uint8_t *choices = choices_of(a, a->n_trials + 1);
        int rc = agent_propose(a->agent, choices, e);
        if (rc != 0)
            return rc < 0 ? -1 : 0; // nothing new within the budgets
        if (is_known(a, choices))
            continue;
        explain(a->agent, choices, &s->kinds[s->n_proposals], s->whys[s->n_proposals]);
        s->n_proposals++;
        a->n_trials++;
    }
    return 0;
}

/* Two digits are for people. */
static void add_rounded(cJSON *o, const char *name, double value)
{
    cJSON_AddNumberToObject(o, name, round(value * 100) / 100);
}

static void add_health(struct agent *a, cJSON *o)
{
    struct agent_health h;
    agent_health_of(a, &h);
    if (!isnan(h.critic_r2))
        add_rounded(o, "critic_r2", h.critic_r2);
    add_rounded(o, "flash_tight", h.flash_tight);
    add_rounded(o, "ram_tight", h.ram_tight);
    cJSON_AddNumberToObject(o, "since_best", h.since_best);
    cJSON_AddStringToObject(o, "advice", h.advice);
}

static char *summary_of(const struct study_agent *a)
{
    int n = a->space.n_slots, k = a->space.n_options;
    double *p = calloc((size_t)n * (size_t)k, sizeof *p);
    cJSON *o = cJSON_CreateObject(), *slots = cJSON_AddArrayToObject(o, "probabilities");
    agent_see(a->agent);
    cJSON_AddNumberToObject(o, "updates", agent_updates(a->agent));
    warm_describe(&a->warm, o);
    cJSON_AddNumberToObject(o, "entropy_bits", agent_entropy_bits(a->agent));
    add_health(a->agent, o);
    if (p)
        agent_probabilities(a->agent, p);
    for (int i = 0; p && i < n; i++) {
        for (int j = 0; j < k; j++) // four digits are for people
            p[i * k + j] = (double)(int)(p[i * k + j] * 1e4 + 0.5) / 1e4;
        cJSON_AddItemToArray(slots, cJSON_CreateDoubleArray(p + i * k, k));
    }
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    free(p);
    return text;
}

void study_agent_step(struct study_agent *a, struct agent_step *s)
{
    s->rc = 0;
    if (s->trial > 0) {
        s->rc = study_agent_teach(a, s->trial, &s->error);
    } else {
        while (a->n_trials < STUDY_BASELINES)
            add_baseline(a);
        s->rc = study_agent_import(a, &s->error);
    }
    if (s->rc == 0)
        s->rc = propose(a, s, &s->error);
    s->state = malloc(AGENT_STATE_MAX);
    s->state_size = s->state ? agent_save(a->agent, s->state, AGENT_STATE_MAX) : -1;
    s->summary = summary_of(a);
    if (s->rc == 0 && (s->state_size < 0 || !s->summary))
        s->rc = error_set(&s->error, "no memory for the agent's state");
}

void agent_step_finish(struct agent_step *s)
{
    free(s->state);
    free(s->summary);
}
