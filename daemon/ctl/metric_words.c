// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/metric_words.h"

#include "daemon/ctl/field.h"

#include <string.h>

static const struct metric_words words[] = {
    {"accuracy", "accuracy", "Accuracy", "ACCURACY %", "accuracy, validation %", "accuracy, test %"},
    {"auc", "AUC", "AUC", "AUC %", "AUC, validation %", "AUC, test %"},
    {"fidelity", "fidelity", "Fidelity", "FIDELITY %", "fidelity, validation %", "fidelity, test %"},
    {"scorer", "score", "Score", "SCORE %", "score, validation %", "score, test %"},
};

const struct metric_words *metric_words_of(const cJSON *object)
{
    const char *metric = field_string(object, "metric");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].metric, metric) == 0)
            return &words[i];
    return &words[0];
}

const struct metric_words *metric_words_of_list(const cJSON *trials)
{
    return metric_words_of(cJSON_GetArrayItem(trials, 0));
}
