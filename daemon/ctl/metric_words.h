// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a study's candidates are judged by, in words: accuracy, unless the study file says another metric.
#ifndef PARE_DAEMON_CTL_METRIC_WORDS_H
#define PARE_DAEMON_CTL_METRIC_WORDS_H

#include <cjson/cJSON.h>

struct metric_words {
    const char *metric;     // as in study files
    const char *name;       // "accuracy", "AUC"
    const char *title;      // "Accuracy", "AUC"
    const char *column;     // "ACCURACY %"
    const char *validation; // "accuracy, validation %"
    const char *test;
};

/* Of a trial or a study, which has its metric as "metric". */
const struct metric_words *metric_words_of(const cJSON *object);

/* Of the first of a list of trials. */
const struct metric_words *metric_words_of_list(const cJSON *trials);

#endif
