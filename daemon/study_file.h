// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A study file (docs/study-file.md): what is searched, for what, on which boards, with which limits.
#ifndef PARE_DAEMON_STUDY_FILE_H
#define PARE_DAEMON_STUDY_FILE_H

#include "agent/agent.h"
#include "agent/reward.h"
#include "agent/space.h"
#include "daemon/keys.h"
#include "hwlink/board.h"

#define STUDY_NAME_MAX 64
#define STUDY_TRIALS_MAX 1997   // proposals: with the baselines they fit AGENT_TRIALS_MAX
#define STUDY_AHEAD_MAX 128     // two for each of the boards that a lab can have
#define STUDY_RULES_MAX 32
#define STUDY_PATTERN_MAX 256
#define STUDY_CHANNELS_MAX 16   // of an input's mean and deviation
#define STUDY_FINALISTS_MAX 32
#define STUDY_ATTEMPTS_MAX 16
#define STUDY_SAMPLES_MAX MAILBOX_SAMPLES_MAX
#define STUDY_TUNE_STEPS_MAX 100000 // of a candidate: days of training
#define STUDY_WINDOWS_MAX 16

enum study_data {
    STUDY_CALIBRATION = 0,
    STUDY_VALIDATION,
    STUDY_VALIDATION_LABELS,
    STUDY_TEST,        // empty, with its labels: no test set
    STUDY_TEST_LABELS,
    STUDY_DATA_COUNT,
};

/* What is searched for. */
enum study_goal {
    STUDY_BEST_REWARD = 0, // accuracy and savings in one number, by the weights of "objective"
    STUDY_BEST_ACCURACY,   // within the budgets
    STUDY_LEAST_COST,      // of goal_cost, where no more than max_loss_points of accuracy are lost
    STUDY_WHOLE_FRONT,     // every trade-off of accuracy and goal_cost
};

/* Who is measured on a board. */
enum study_board {
    STUDY_EVERY = 0,
    STUDY_PROMISING, // whom the host cannot tell to be no better than what there is
};

struct study_channels {
    int n;
    double v[STUDY_CHANNELS_MAX];
};

struct study_options {
    int n;
    struct setting v[SPACE_OPTIONS_MAX];
};

struct study_rule {
    char layer[STUDY_PATTERN_MAX]; // extended regular expression on layer names
    struct study_options options;
};

struct study_rules {
    int n;
    struct study_rule v[STUDY_RULES_MAX];
};

/* Whole numbers are int64_t and choices int, as keys.h reads them. */
struct study_file {
    char name[STUDY_NAME_MAX];
    char network[KEYS_PATH_MAX];
    char data[STUDY_DATA_COUNT][KEYS_PATH_MAX]; // indexed by enum study_data
    int64_t validation_first, validation_samples, test_first, test_samples; // parts of the sets; 0 samples: all that follow
    double input_scale;
    struct study_channels mean, std;
    int layout;                    // 0 nhwc, 1 nchw
    char board_type[BOARD_NAME_MAX];
    struct study_options options;
    struct study_rules rules;
    int clipping;                  // 0 mse, 1 minmax, 2 percentile, 3 aciq
    bool per_tensor, equalize;     // of weights
    int64_t state_bits;            // of the states of scans: 16 or 32; 0: the worker decides
    int64_t tune_steps;            // of training each candidate that has slots of scheme trained; 0: never
    int64_t finalist_tune_steps;   // of training each such finalist anew; 0: it keeps the candidate's weights
    double flash_of_int8;          // 0: no such limit, as with the next two
    int64_t flash_bytes, ram_bytes;
    double latency_us, energy_uj;  // of one inference, as measured
    int goal;                      // enum study_goal
    int goal_cost;                 // enum reward_cost
    double max_loss_points;
    double flash_weight, ram_weight, latency_weight, energy_weight;
    int algorithm;                 // enum agent_algorithm
    int64_t trials, seed;
    char from[KEYS_PATH_MAX];      // study that it begins with, by name; once it is created the path of what was taken (study_warm.h); empty: none
    char from_file[KEYS_PATH_MAX]; // file that it begins with, likewise; at most one of the two
    int64_t ahead;                 // proposals without a result; 0: not decided yet
    int metric;                    // 0 accuracy, 1 auc, 2 fidelity, 3 scorer
    char scorer[KEYS_PATH_MAX];    // its name, once the study is created its path; empty unless metric is 3
    int64_t scorer_seconds;
    int placement;                 // enum board_placement
    bool energy;
    int board;                     // enum study_board
    int64_t samples, windows, attempts;
    int64_t finalists;
};

/* Reads a study file's text. `folder` is what relative paths start from; `set` is an object of strings for "${name}", or NULL.
 * `field` (KEYS_FIELD_MAX bytes) names the key of an error. Returns 0, or -1 with one line that names it. */
int study_file_parse(const char *text, const char *folder, const cJSON *set, struct study_file *f, char *field,
                     struct error *e);

/* The study as JSON with all defaults filled in; study_file_parse reads it back to the same value. The caller frees it;
 * NULL when out of memory. */
char *study_file_text(const struct study_file *f);

/* The params of the worker's `open` (docs/worker.md). `folder` is the study's; the limits are the board type's.
 * The caller deletes it; NULL when out of memory. */
cJSON *study_file_open(const struct study_file *f, const char *folder, int64_t flash_bytes, int64_t ram_bytes);

/* Finds the scorer that the file names in `folder` (empty: the service has none). Returns 0, or -1 with the reason and `field`. */
int study_file_find_scorer(struct study_file *f, const char *folder, char *field, struct error *e);

/* What rewards are for. With STUDY_WHOLE_FRONT the weights say which trade-off is called the best. */
struct reward_aim study_file_aim(const struct study_file *f);

/* What makes up the front beside accuracy, as bits STORE_BY_... (schema/store.h): the goal's cost, else the costs that have a weight;
 * without any, flash. */
unsigned study_file_objectives(const struct study_file *f);

#endif
