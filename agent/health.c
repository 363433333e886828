// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/health.h"

#include "agent/mind.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NEAR_BUDGET 0.97
#define RESULTS_FOR_R2 8
#define STALE 60 // results without a better one

static double r2_of(struct agent *a)
{
    double error = 0, spread = 0, mean = 0;
    int n = mind_study(a, false);
    if (n < RESULTS_FOR_R2)
        return NAN;
    for (int i = 0; i < n; i++)
        mean += a->lessons.targets[i] / n;
    for (int i = 0; i < n; i++) {
        error += pow(a->lessons.targets[i] - critic_predict_without(&a->critic, i), 2);
        spread += pow(a->lessons.targets[i] - mean, 2);
    }
    return spread > 0 ? 1 - error / spread : NAN;
}

static void look_at_budgets(const struct agent *a, struct agent_health *h)
{
    const struct space *s = a->space;
    int first = a->trials.n > HEALTH_RECENT ? a->trials.n - HEALTH_RECENT : 0, n = a->trials.n - first;
    for (int i = first; i < a->trials.n; i++) {
        const uint8_t *choices = trials_choices(&a->trials, i);
        h->flash_tight += (double)space_flash_bytes(s, choices) > NEAR_BUDGET * (double)s->flash_budget_bytes;
        h->ram_tight += (double)space_ram_bytes(s, choices) > NEAR_BUDGET * (double)s->ram_budget_bytes;
    }
    h->flash_tight /= n ? n : 1;
    h->ram_tight /= n ? n : 1;
}

static void look_at_results(const struct agent *a, struct agent_health *h)
{
    const struct trials *t = &a->trials;
    int first = t->n_results > HEALTH_RECENT ? t->n_results - HEALTH_RECENT : 0, n = t->n_results - first;
    double best = -INFINITY;
    for (int i = 0; i < t->n_results; i++) {
        const struct trial *trial = &t->trial[t->order[i]];
        h->refused += i >= first && trial->outcome == AGENT_INFEASIBLE;
        h->given_up += i >= first && trial->outcome == AGENT_GIVEN_UP;
        h->since_best++;
        if (trial->outcome == AGENT_MEASURED && trial->reward > best) {
            best = trial->reward;
            h->since_best = 0;
        }
    }
    h->refused /= n ? n : 1;
    h->given_up /= n ? n : 1;
}

__attribute__((format(printf, 2, 3))) static void say(struct agent_health *h, const char *format, ...)
{
    size_t used = strlen(h->advice);
    va_list list;
    va_start(list, format);
    vsnprintf(h->advice + used, sizeof h->advice - used, format, list);
    va_end(list);
}

static void advise(struct agent_health *h)
{
    if (h->flash_tight > 0.8)
        say(h, "Flash limits nearly every candidate (%.0f %% of them within 3 %% of the budget): more of it would admit wider weights.\n",
            100 * h->flash_tight);
    if (h->ram_tight > 0.8)
        say(h, "RAM limits nearly every candidate: wider activations would need a larger RAM budget.\n");
    if (h->refused > 0.25)
        say(h, "%.0f %% of the recent candidates were refused by the exact plan: the RAM budget is close to the smallest possible.\n",
            100 * h->refused);
    if (h->given_up > 0.25)
        say(h, "%.0f %% of the recent trials were given up: look at the boards before trusting the search.\n", 100 * h->given_up);
    if (h->critic_r2 < 0.2) // false for NAN
        say(h, "The critic explains little of the results (R2 %.2f): measurements are noisy or layers interact strongly; "
               "more validation samples help, and the search leans on its policy and neighbours meanwhile.\n", h->critic_r2);
    if (h->updates > 5 && h->entropy_bits < 0.05 * h->entropy_most_bits)
        say(h, "The policy has made up its mind: new candidates come from neighbours of the best.\n");
    if (h->since_best >= STALE)
        say(h, "No better result for %d trials: the study has probably found what there is.\n", h->since_best);
}

void agent_health_of(struct agent *a, struct agent_health *h)
{
    *h = (struct agent_health){.results = agent_results(a), .updates = agent_updates(a), .entropy_bits = agent_entropy_bits(a),
                               .entropy_most_bits = log2(a->space->n_options), .critic_r2 = r2_of(a)};
    look_at_budgets(a, h);
    look_at_results(a, h);
    advise(h);
}
