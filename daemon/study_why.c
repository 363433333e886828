// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/study_why.h"

#include <stdio.h>
#include <string.h>

static void say_sample(const struct agent_explanation *x, char *text, size_t size)
{
    int n = snprintf(text, size, "a sample of the policy, probability %.3g", x->probability);
    if (x->preference > 0)
        snprintf(text + n, size - (size_t)n, ", when cost counted %.0f %%", 100 * x->preference);
}

static void say_pick(const struct agent_explanation *x, char *text, size_t size)
{
    if (x->doubt > 0)
        snprintf(text, size, "the critic's pick: a reward of %.2f expected, give or take %.2f", x->expected, x->doubt);
    else
        snprintf(text, size, "a neighbour of the best");
}

static void say_origin(const struct agent_explanation *x, char *text, size_t size)
{
    static const char *const words[AGENT_ORIGIN_COUNT] = {
        [AGENT_TOLD] = "from elsewhere",
        [AGENT_DEMONSTRATION] = "a demonstration: least summed sensitivity for a budget, or a uniform setting",
        [AGENT_ANY] = "drawn from all that fits",
        [AGENT_STEP] = "the algorithm's next step",
    };
    if (x->origin == AGENT_SAMPLE)
        say_sample(x, text, size);
    else if (x->origin == AGENT_PICK)
        say_pick(x, text, size);
    else
        snprintf(text, size, "%s", words[x->origin]);
}

void study_why(const struct agent_explanation *x, char text[STUDY_WHY_MAX])
{
    say_origin(x, text, STUDY_WHY_MAX);
    size_t n = strlen(text);
    snprintf(text + n, STUDY_WHY_MAX - n, "; %.0f %% of the flash that it may take, %.0f %% of the RAM", 100 * x->flash_share, 100 * x->ram_share);
}
