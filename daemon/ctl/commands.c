// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The table itself, and how to find things in it.
#include "daemon/ctl/commands.h"

#include <string.h>

#define TOPICS                                                                                                         \
    "study.created study.state study.progress trial.proposed trial.infeasible trial.measured trial.stepped "           \
    "trial.given_up trial.dropped attempt.failed board.state board.canary"
#define ORDERS "trial reward flash_bytes accuracy latency_cycles energy_nj"
#define OBJECTIVES "flash_bytes ram_bytes latency_cycles energy_nj"
#define TRIAL_STATES "proposed lowered measuring measured stepped infeasible given_up dropped"

/* clang-format off */
#define STUDY_ARGUMENT {.name = "study", .option = "STUDY", .type = PARAM_NAME, .required = true, .help = "name or number of the study"}
#define STUDY_OPTION {.name = "study", .option = "--study", .type = PARAM_NAME, .value = "STUDY", .help = "name or number of the study; the newest when left out"}
#define STUDY_FILE {.name = "text", .option = "FILE", .type = PARAM_TEXT, .required = true, .help = "the study file's text; for pare its path, - for standard input"}
#define STUDY_FOLDER {.name = "folder", .type = PARAM_TEXT, .required = true, .help = "absolute path that the file's paths are relative to"}
#define STUDY_FROM {.name = "from", .option = "--from", .type = PARAM_TEXT, .value = "STUDY", .help = "name of an earlier study to begin with: its results where they can be compared, else its policy"}
#define STUDY_FROM_FILE {.name = "from_file", .option = "--from-file", .type = PARAM_TEXT, .value = "FILE", .help = "the same from a file that `pare export trials` wrote, here or elsewhere; over the socket absolute"}
#define STUDY_SET {.name = "set", .option = "--set", .type = PARAM_PAIRS, .value = "NAME=VALUE", .help = "what ${NAME} in the study file stands for; may be repeated"}

static const struct command table[] = {
    {.method = METHOD_STATUS, .name = "status", .verb = "status", .who = ACCESS_READER,
     .help = "what the service, its studies and its boards are doing",
     .result = "{\"version\", \"pid\", \"uptime_s\", \"database\", \"studies\": [study], \"boards\": [board], \"loop_stall_ms\", \"resident_kib\"}",
     .examples = {"pare status", "pare status --json"}},
    {.verb = "top", .help = "the same as a live view, on a terminal; q or Ctrl-C ends it", .examples = {"pare top"},
     .params = {{.name = "study", .option = "--study", .type = PARAM_NAME, .value = "STUDY", .help = "the study whose front is shown; the newest when left out"}}},
    {.method = METHOD_EVENTS_SUBSCRIBE, .name = "events.subscribe", .verb = "watch", .who = ACCESS_READER,
     .help = "print events as they come, across restarts of the service",
     .result = "{\"subscription\", \"seq\"}, then notifications",
     .examples = {"pare watch", "pare watch trial.measured trial.given_up", "pare watch --since 0 --count 100 --json"},
     .params = {
        {.name = "topics", .option = "TOPIC...", .type = PARAM_TEXTS, .help = "only these; a group (trial) or one of: " TOPICS},
        {.name = "study", .option = "--study", .type = PARAM_NAME, .value = "STUDY", .help = "only events of this study"},
        {.name = "since", .option = "--since", .type = PARAM_INTEGER, .max = 9007199254740991.0, .value = "SEQ", .help = "begin after this sequence number (0: with the oldest that is kept); only new events when left out"},
        {.option = "--count", .type = PARAM_INTEGER, .min = 1, .max = 1e9, .value = "N", .help = "end after this many events"}}},
    {.verb = "wait", .help = "wait until a condition holds",
     .examples = {"pare wait study:demo=finished", "pare wait 'trials>=100' --timeout 3600", "pare wait 'best.energy_uj<900' --study demo"},
     .params = {
        {.option = "CONDITION", .type = PARAM_TEXT, .required = true, .help = "study:NAME=STATE, trials>=N, measured>=N or best.FIELD<VALUE with a field of a trial; also <= > = !="},
        STUDY_OPTION,
        {.option = "--timeout", .type = PARAM_NUMBER, .min = 0, .max = 1e9, .value = "SECONDS", .help = "give up after this time, with exit code 6"}}},
    {.method = METHOD_BEST, .name = "best", .verb = "best", .who = ACCESS_READER,
     .help = "the trial with the highest reward, of those that pass the filters",
     .result = "a trial; finalists count with their fresh figures",
     .examples = {"pare best", "pare best --study demo --max-loss-points 1", "pare best --flash-bytes 32768 --json"},
     .params = {STUDY_OPTION,
        {.name = "max_loss_points", .option = "--max-loss-points", .type = PARAM_NUMBER, .min = -100, .max = 100, .value = "POINTS", .help = "loses at most this much accuracy against w8a8"},
        {.name = "flash_bytes", .option = "--flash-bytes", .type = PARAM_INTEGER, .min = 1, .max = 1e12, .value = "N", .help = "takes at most this much flash"},
        {.name = "ram_bytes", .option = "--ram-bytes", .type = PARAM_INTEGER, .min = 1, .max = 1e12, .value = "N", .help = "takes at most this much RAM"},
        {.name = "latency_us", .option = "--latency-us", .type = PARAM_NUMBER, .min = 0, .max = 1e12, .value = "N", .help = "takes at most this long"}}},
    {.method = METHOD_PARETO, .name = "pareto", .verb = "pareto", .who = ACCESS_READER,
     .help = "the trials that no other trial beats in everything",
     .result = "{\"objectives\": [TEXT], \"trials\": [trial]}, by the first objective",
     .examples = {"pare pareto", "pare pareto --x energy --plot", "pare pareto --x latency --json"},
     .params = {STUDY_OPTION,
        {.name = "objectives", .type = PARAM_CHOICES, .choices = OBJECTIVES, .help = "accuracy is always one; the study's own when left out"},
        {.option = "--x", .type = PARAM_CHOICE, .choices = "flash ram latency energy", .help = "what accuracy is set against (flash)"},
        {.option = "--y", .type = PARAM_CHOICE, .choices = "accuracy", .help = "the other axis (accuracy)"},
        {.option = "--plot", .type = PARAM_FLAG, .help = "draw a plot too, as on a terminal"}}},
    {.verb = "compare", .help = "trials side by side, with what they save against w8a8",
     .examples = {"pare compare", "pare compare w8a8 best 12 --study demo", "pare compare --json"},
     .params = {
        {.option = "TRIAL...", .type = PARAM_TEXTS, .help = "numbers, or best, float32, w8a8; these three when left out"},
        STUDY_OPTION}},
    {.method = METHOD_EXPORT, .name = "export", .verb = "export", .who = ACCESS_OPERATOR,
     .help = "hand out a trial as a file for other tools or as C code, or all trials for another study to begin with",
     .result = "{\"format\", \"text\"}, {\"format\", \"folder\", \"files\": [TEXT]} or {\"format\", \"path\", \"study\", \"trials\": N, \"bytes\", \"sha256\"}",
     .examples = {"pare export -o best.json", "pare export c-package -o firmware/net --trial 12", "pare export json | jq .layers", "pare export trials -o demo.trials.json --study demo"},
     .params = {
        {.name = "format", .option = "FORMAT", .type = PARAM_CHOICE, .choices = "json c-package trials", .help = "json when left out"},
        STUDY_OPTION,
        {.name = "trial", .option = "--trial", .type = PARAM_INTEGER, .min = 1, .max = 1e9, .value = "N", .help = "the best one when left out; not with trials, which are all"},
        {.name = "name", .option = "--name", .type = PARAM_TEXT, .value = "NAME", .help = "of the C package: the prefix of its functions"},
        {.name = "folder", .type = PARAM_TEXT, .help = "absolute path of the C package, made by pared with the caller's rights in mind"},
        {.name = "path", .type = PARAM_TEXT, .help = "absolute path of the file (trials), which must not exist, written with the caller's rights in mind"},
        {.option = "-o", .type = PARAM_TEXT, .value = "PATH", .help = "the file (json; standard output when left out), the folder (c-package; required) or the new file (trials; required)"}}},
    {.verb = "report", .help = "write what a study has found as one HTML file that needs no network",
     .examples = {"pare report demo -o demo.html"},
     .params = {STUDY_ARGUMENT,
        {.option = "-o", .type = PARAM_TEXT, .value = "FILE", .help = "the file; standard output when left out (with --json, the data of the report)"}}},
    {.method = METHOD_STUDY_CREATE, .name = "study.create", .verb = "study create", .who = ACCESS_OPERATOR,
     .help = "begin a study with a study file",
     .result = "{\"study\": N, \"name\", \"begins_with\"}",
     .examples = {"pare study create demo.json --start", "pare study create resnet8.json --set data=/srv/cifar10", "pare study create demo2.json --from demo --start",
                  "pare study create demo.json --from-file demo.trials.json"},
     .params = {STUDY_FILE, STUDY_FOLDER, STUDY_SET, STUDY_FROM, STUDY_FROM_FILE,
        {.name = "start", .option = "--start", .type = PARAM_FLAG, .help = "start it at once"}}},
    {.method = METHOD_STUDY_CHECK, .name = "study.check", .verb = "study check", .who = ACCESS_READER,
     .help = "say whether a study file is in order, and change nothing",
     .result = "{\"name\", \"config\"}: the study file with its defaults filled in; else the error that study.create would give",
     .examples = {"pare study check demo.json"},
     .params = {STUDY_FILE, STUDY_FOLDER, STUDY_SET}},
    {.method = METHOD_STUDY_START, .name = "study.start", .verb = "study start", .who = ACCESS_OPERATOR,
     .help = "start a study that was created", .result = "{\"study\", \"state\"}",
     .examples = {"pare study start demo"}, .params = {STUDY_ARGUMENT}},
    {.method = METHOD_STUDY_PAUSE, .name = "study.pause", .verb = "study pause", .who = ACCESS_OPERATOR,
     .help = "let a study rest; what is being measured is finished first", .result = "{\"study\", \"state\"}",
     .examples = {"pare study pause demo"}, .params = {STUDY_ARGUMENT}},
    {.method = METHOD_STUDY_RESUME, .name = "study.resume", .verb = "study resume", .who = ACCESS_OPERATOR,
     .help = "go on with a paused study", .result = "{\"study\", \"state\"}",
     .examples = {"pare study resume demo"}, .params = {STUDY_ARGUMENT}},
    {.method = METHOD_STUDY_STOP, .name = "study.stop", .verb = "study stop", .who = ACCESS_OPERATOR,
     .help = "end a study for good; its trials are kept", .result = "{\"study\", \"state\"}",
     .examples = {"pare study stop demo"}, .params = {STUDY_ARGUMENT}},
    {.method = METHOD_STUDY_LIST, .name = "study.list", .verb = "study list", .who = ACCESS_READER,
     .help = "all studies", .result = "{\"studies\": [study]}", .examples = {"pare study list", "pare study list --json"}},
    {.method = METHOD_STUDY_SHOW, .name = "study.show", .verb = "study show", .who = ACCESS_READER,
     .help = "one study with its layers and what the agent has learned",
     .result = "study with \"config\", \"layers\": [{\"name\", \"kind\", \"slot\", \"macs\", \"parameters\"}], \"slots\": [{\"name\", \"allowed\": [index]}], "
               "\"agent\": {\"updates\", \"entropy_bits\", \"critic_r2\", \"advice\", \"probabilities\": [[per option of config.space.options] per slot]} or null",
     .examples = {"pare study show demo"}, .params = {STUDY_ARGUMENT}},
    {.method = METHOD_TRIAL_LIST, .name = "trial.list", .verb = "trial list", .who = ACCESS_READER,
     .help = "trials of a study", .result = "{\"trials\": [trial]}",
     .examples = {"pare trial list", "pare trial list --order reward --limit 10", "pare trial list --front --json"},
     .params = {STUDY_OPTION,
        {.name = "state", .option = "--state", .type = PARAM_CHOICE, .choices = TRIAL_STATES, .help = "only those in this state"},
        {.name = "order", .option = "--order", .type = PARAM_CHOICE, .choices = ORDERS, .help = "the best first (trial: the oldest first; trial when left out)"},
        {.name = "limit", .option = "--limit", .type = PARAM_INTEGER, .min = 1, .max = 1000, .value = "N", .help = "at most this many (1000)"},
        {.name = "after", .option = "--after", .type = PARAM_INTEGER, .min = 0, .max = 1e9, .value = "N", .help = "only those with a number above N"},
        {.name = "front", .option = "--front", .type = PARAM_FLAG, .help = "only those on the Pareto front"}}},
    {.method = METHOD_TRIAL_SHOW, .name = "trial.show", .verb = "trial show", .who = ACCESS_READER,
     .help = "all that was found out about a trial",
     .result = "trial with \"layers\": [{\"layer\", \"name\", \"kind\", \"slot\", \"setting\", \"w_bits\", \"a_bits\", \"scheme\", \"cycles\"}], "
               "\"attempts\": [{\"attempt\", \"series\", \"board\", \"state\", \"class\", \"text\", \"seconds\"}], "
               "\"measurements\": [{\"name\", \"series\", \"value\", \"unit\", \"repeats\", \"spread\", \"of\", \"origin\", \"attempt\"}], \"provenance\": {}",
     .examples = {"pare trial show 12", "pare trial show 12 --study demo --json"},
     .params = {{.name = "trial", .option = "TRIAL", .type = PARAM_INTEGER, .required = true, .min = 1, .max = 1e9, .help = "number of the trial"}, STUDY_OPTION}},
    {.method = METHOD_TRIAL_TRACE, .name = "trial.trace", .verb = "trial trace", .who = ACCESS_OPERATOR,
     .help = "write the raw samples of a trial's power windows as a table (CSV: window, time_us, watts)",
     .result = "{\"path\", \"file\", \"bytes\", \"sha256\", \"windows\", \"samples\", \"attempt\", \"board\", \"origin\"}",
     .examples = {"pare trial trace 12 power.csv", "pare trial trace 12 power.csv --study demo"},
     .params = {{.name = "trial", .option = "TRIAL", .type = PARAM_INTEGER, .required = true, .min = 1, .max = 1e9, .help = "number of the trial: on the front, a finalist or a baseline, measured with a meter"},
        {.name = "path", .option = "FILE", .type = PARAM_TEXT, .required = true, .help = "of the table, which must not exist; over the socket absolute"}, STUDY_OPTION}},
    {.method = METHOD_BOARD_LIST, .name = "board.list", .verb = "board list", .who = ACCESS_READER,
     .help = "all boards", .result = "{\"boards\": [board]}", .examples = {"pare board list"}},
    {.verb = "board show", .help = "one board", .examples = {"pare board show vboard-1"},
     .params = {{.option = "BOARD", .type = PARAM_TEXT, .required = true, .help = "name of the board"}}},
    {.method = METHOD_BOARD_CANARY, .name = "board.canary", .verb = "board canary", .who = ACCESS_READER,
     .help = "what a board's canary took, time and again: whether the board, its supply or its meter drift",
     .result = "{\"board\", \"canaries\": [{\"canary\", \"time\", \"cycles\", \"energy_nj\", \"cycles_off_permille\", \"energy_off_permille\", \"reference\", \"drifted\", "
               "\"origin\", \"runner\", \"image\"}]}, the oldest first",
     .examples = {"pare board canary vboard-1", "pare board canary vboard-1 --limit 168 --plot", "pare board canary vboard-1 --json"},
     .params = {{.name = "board", .option = "BOARD", .type = PARAM_TEXT, .required = true, .help = "name of the board"},
        {.name = "limit", .option = "--limit", .type = PARAM_INTEGER, .min = 1, .max = 2000, .value = "N", .help = "only the newest N (1000)"},
        {.option = "--plot", .type = PARAM_FLAG, .help = "draw a plot too, as on a terminal"}}},
    {.method = METHOD_BOARD_REFERENCE, .name = "board.reference", .verb = "board reference", .who = ACCESS_OPERATOR,
     .help = "measure a board's canary anew as what later ones are compared with: after a repair", .result = "{\"board\"}",
     .examples = {"pare board reference vboard-1"},
     .params = {{.name = "board", .option = "BOARD", .type = PARAM_TEXT, .required = true, .help = "name of the board"}}},
    {.method = METHOD_BOARD_RELEASE, .name = "board.release", .verb = "board release", .who = ACCESS_OPERATOR,
     .help = "end the quarantine of a board", .result = "{\"board\", \"state\"}", .examples = {"pare board release vboard-1"},
     .params = {{.name = "board", .option = "BOARD", .type = PARAM_TEXT, .required = true, .help = "name of the board"}}},
    {.verb = "config check", .help = "say whether a configuration of pared is in order; asks pared, not the service",
     .examples = {"pare config check /etc/pare/pared.json"},
     .params = {{.option = "FILE", .type = PARAM_TEXT, .required = true, .help = "the configuration"}}},
    {.method = METHOD_CONFIG_SHOW, .name = "config.show", .verb = "config show", .who = ACCESS_READER,
     .help = "the configuration that the service runs with, its defaults filled in",
     .result = "{\"file\", \"socket\", \"state\", \"database\", \"worker\", \"boards\": [{\"board\", \"type\", \"serial\", \"virtual\", \"file\", \"openocd\", "
               "\"runner\", \"meter\"}], \"readers\", \"operators\", \"deadline_scale\", \"log\", \"keep_events\"}",
     .examples = {"pare config show", "pare config show --json"}},
    {.method = METHOD_DB_CHECK, .name = "db.check", .verb = "db check", .who = ACCESS_READER,
     .help = "say whether the database is whole", .result = "{\"problems\": [TEXT]}, empty when it is",
     .examples = {"pare db check", "pare db check --full"},
     .params = {{.name = "full", .option = "--full", .type = PARAM_FLAG, .help = "compare indexes with tables too, which takes longer"}}},
    {.method = METHOD_DB_BACKUP, .name = "db.backup", .verb = "db backup", .who = ACCESS_OPERATOR,
     .help = "write a copy of the database, of one moment, while the service goes on", .result = "{\"path\", \"bytes\"}",
     .examples = {"pare db backup /srv/backup/pare-monday.db"},
     .params = {{.name = "path", .option = "FILE", .type = PARAM_TEXT, .required = true, .help = "of the copy, which must not exist; over the socket absolute"}}},
    {.method = METHOD_DB_DIGEST, .name = "db.digest", .verb = "db digest", .who = ACCESS_READER,
     .help = "one SHA-256 over all of a study that must not depend on crashes", .result = "{\"study\": N, \"digest\": \"64 hex digits\"}",
     .examples = {"pare db digest demo"}, .params = {STUDY_ARGUMENT}},
    {.verb = "doctor", .help = "look at all that a lab needs, and say what to do about what is wrong; without the service too",
     .examples = {"pare doctor", "pare doctor --json"}},
    {.verb = "rpc", .help = "call a method of the protocol and print its result as JSON; see pare-rpc(7)",
     .examples = {"pare rpc status", "pare rpc trial.list '{\"study\": \"demo\", \"limit\": 3}'"},
     .params = {{.option = "METHOD", .type = PARAM_TEXT, .required = true, .help = "name of the method"},
        {.option = "JSON", .type = PARAM_TEXT, .help = "its parameters, one JSON object; - reads standard input"}}},
    {.verb = "completion", .help = "print a completion script", .examples = {"source <(pare completion bash)"},
     .params = {{.option = "SHELL", .type = PARAM_CHOICE, .choices = "bash", .required = true, .help = "the shell"}}},
    {.verb = "help", .help = "how to use pare, or one of its verbs", .examples = {"pare help", "pare help study create"},
     .params = {{.option = "VERB...", .type = PARAM_TEXTS, .help = "the verb"}}},
    {.method = METHOD_HELLO, .name = "hello", .who = ACCESS_READER, .help = "versions; never required",
     .result = "{\"version\", \"api\": 1, \"schema_version\", \"pid\"}"},
    {.method = METHOD_SHUTDOWN, .name = "shutdown", .who = ACCESS_OPERATOR,
     .help = "end the service; studies go on when it starts again", .result = "{}"},
};

static const struct param global[] = {
    {.option = "--json", .type = PARAM_FLAG, .help = "print one JSON document (watch: one object a line)"},
    {.option = "--socket", .type = PARAM_TEXT, .value = "PATH", .help = "of the service; before PARE_SOCKET and the default"},
    {.option = "--no-color", .type = PARAM_FLAG, .help = "no colour, also on a terminal"},
    {.option = "--help", .type = PARAM_FLAG, .help = "how to use the verb"},
    {.option = "--version", .type = PARAM_FLAG, .help = "print the version"},
    {.type = PARAM_NONE},
};
/* clang-format on */

#define TABLE_SIZE (sizeof table / sizeof *table)
#define WORD_MAX 32 // of words that suggestions are looked for

const struct command *commands_all(size_t *n)
{
    *n = TABLE_SIZE;
    return table;
}

const struct param *commands_global(void)
{
    return global;
}

const struct command *commands_by_method(enum method method)
{
    for (size_t i = 0; method != METHOD_NONE && i < TABLE_SIZE; i++)
        if (table[i].method == method)
            return &table[i];
    return NULL;
}

const struct command *commands_by_name(const char *name)
{
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].name && strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct command *commands_by_verb(const char *verb)
{
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].verb && strcmp(table[i].verb, verb) == 0)
            return &table[i];
    return NULL;
}

bool commands_is_group(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].verb && strncmp(table[i].verb, word, length) == 0 && table[i].verb[length] == ' ')
            return true;
    return false;
}

bool commands_choice(const char *choices, const char *word, size_t size)
{
    while (*choices) {
        size_t n = strcspn(choices, " ");
        if (n == size && memcmp(choices, word, n) == 0)
            return true;
        choices += n + (choices[n] == ' ');
    }
    return false;
}

const char *commands_topics(void)
{
    return TOPICS;
}

static int smallest(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance, one row at a time; both words are shorter than WORD_MAX. */
static int distance(const char *a, const char *b)
{
    int row[WORD_MAX + 1];
    int n = (int)strlen(b);
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[n];
}

const char *commands_suggest(const char *word, bool methods)
{
    size_t length = strlen(word);
    if (length == 0 || length >= WORD_MAX)
        return NULL;
    int best = length / 3 > 1 ? (int)(length / 3) : 1;
    const char *found = NULL;
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const char *name = methods ? table[i].name : table[i].verb;
        int d = name ? distance(word, name) : WORD_MAX;
        if (d < best || (d == best && !found)) {
            best = d;
            found = name;
        }
    }
    return found;
}
