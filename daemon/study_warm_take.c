// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What of an earlier study's trials and policy holds for a new one.
#include "daemon/study_warm.h"

#include "daemon/ctl/strict_json.h"
#include "daemon/trials_file.h"
#include "daemon/trials_identity.h"

#include <stdlib.h>
#include <string.h>

/* w8a8 and the newest of the others. */
static int cut(cJSON *list)
{
    int n = cJSON_GetArraySize(list);
    for (; n > WARM_TRIALS_MAX; n--)
        cJSON_DeleteItemFromArray(list, 1);
    return n;
}

/* Why its trials say nothing here; false if they do. */
static bool are_others(const cJSON *trials, const cJSON *ours, struct error *why)
{
    const char *none = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(trials, "no_trials"));
    if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(trials, "trials")) > 0)
        return !trials_identity_equal(cJSON_GetObjectItemCaseSensitive(trials, "identity"), ours, why);
    error_set(why, "%s", none ? none : "it has none");
    return true;
}

static void put_text(cJSON *o, const char *name, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(o, name);
    if (text && text[0])
        cJSON_AddStringToObject(o, name, text);
}

int warm_take(cJSON *trials, const struct warm_source *from, const cJSON *ours, struct warm_taken *taken, struct error *e)
{
    double prior[AGENT_PRIOR];
    memset(taken, 0, sizeof *taken);
    bool others = are_others(trials, ours, &taken->no_trials);
    taken->policy = warm_policy(trials, prior, &taken->no_policy) == 0;
    strict_json_clean(taken->no_trials.text); // it may be the file's own words, cut
    strict_json_clean(taken->no_policy.text);
    if (others && !taken->policy)
        return error_set(e, "%s %s has nothing to begin with: its trials are no measure (%.300s), and its policy cannot be used (%.80s)",
                         from->sha256 ? "the file" : "study", from->name, taken->no_trials.text, taken->no_policy.text);
    if (others)
        cJSON_ReplaceItemInObjectCaseSensitive(trials, "trials", cJSON_CreateArray());
    taken->trials = cut(cJSON_GetObjectItemCaseSensitive(trials, "trials"));
    put_text(trials, "from", from->name);
    put_text(trials, "file_sha256", from->sha256);
    put_text(trials, "no_trials", taken->no_trials.text);
    put_text(trials, "no_policy", taken->no_policy.text);
    return 0;
}

char *warm_text(const cJSON *trials, struct error *e)
{
    char *text = trials_file_text(trials);
    if (text && strlen(text) <= WARM_TEXT_MAX)
        return text;
    error_set(e, text ? "what a study would keep of it has more than %u bytes" : "out of memory, or more than %u bytes", WARM_TEXT_MAX);
    free(text);
    return NULL;
}
