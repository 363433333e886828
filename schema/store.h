// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The store: studies, trials, figures, boards and events in one SQLite file, written so that a crash loses nothing committed.
//
// One writer (`struct store`, used by one thread) and any number of readers (`struct store_reader`, each used by one thread at a
// time). Every writing call is one transaction that is on the disk when it returns 0; with any other result nothing has changed.
// Texts and blobs given to a call are copied by it. JSON given to a call must be valid, else the call fails.
#ifndef PARE_SCHEMA_STORE_H
#define PARE_SCHEMA_STORE_H

#include "base/buffer.h"
#include "base/candidate.h"
#include "base/error.h"
#include "base/figure.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_VERSION 3              // PRAGMA user_version of files that this code writes
#define STORE_APPLICATION 0x70617265 // PRAGMA application_id, "pare"
#define STORE_NAME_MAX 64            // bytes of a study's or board's name, with the NUL
#define STORE_FIGURE_NAME_MAX 32     // with the NUL
#define STORE_FIGURES_MAX 32         // figures of one trial in one series
#define STORE_LAYERS_MAX CANDIDATE_LAYERS_MAX
#define STORE_AGENT_MAX (256 * 1024) // bytes of a saved agent
#define STORE_PAGES_MAX 1024         // flash pages of a board
#define STORE_CANARIES_MAX 50000     // measurements of a board's canary that are kept: five years of one each hour; references stay

/* Positive outcomes. The text in `struct error` says more with all of them but STORE_ALREADY. */
enum {
    STORE_ALREADY = 1,   // this was stored before; nothing was changed, and outputs are as they were the first time
    STORE_FULL = 2,      // cannot be stored now (disk full, I/O error, another program holds the file): nothing is lost, tell it again later
    STORE_NOT_FOUND = 3, // no such study, trial or board
    STORE_CONFLICT = 4,  // the name is taken, or the state does not allow it
    STORE_LATE = 5,      // a reader's time was up
    STORE_PRUNED = 6,    // events after `since` were pruned: take a snapshot, go on from *last
};

struct store;
struct store_reader;

struct store_options {
    int64_t (*now_ms)(void *user); // time of rows, ms since 1970; NULL: the system's clock. Decides nothing.
    void *user;
};

/* Opens or creates the database at `path` for writing. Takes `path`.lock, so that a second opener gets an error with the first one's
 * pid; migrates older files after a backup beside them; checks the file (quick_check); marks attempts that a dead process left open as
 * interrupted. `o` may be NULL. Returns the store, or NULL with the reason: in use, newer version, not a database of pare, damaged. */
struct store *store_open(const char *path, const struct store_options *o, struct error *e);
void store_close(struct store *s); // NULL is allowed

/* Opens a read-only connection to an existing database. Returns NULL with the reason. */
struct store_reader *store_reader_open(const char *path, struct error *e);
void store_reader_close(struct store_reader *r); // NULL is allowed

/* Each reading call from now on takes at most `ms` (0: none at all, for tests), then ends with STORE_LATE. Negative, the default: no limit. */
void store_reader_limit(struct store_reader *r, int64_t ms);

/* ---- Events: written in the transaction of the change that they tell of. ---- */

struct store_event {
    const char *topic;    // "trial.measured", see docs/protocol.md
    int64_t study, trial; // 0: the study of the call; no trial
    const char *data;     // JSON object; NULL: {}
    int64_t seq;          // out: its sequence number, never reused
};

struct store_events {
    struct store_event *list; // the caller's; may be NULL with n 0
    int n;
};

/* Events on their own (study.progress). Wherever a call takes `events`, NULL means none. */
int store_tell(struct store *s, struct store_events *events, struct error *e);

/* Deletes all but the newest `keep` events. Numbers go on. */
int store_prune_events(struct store *s, int64_t keep, struct error *e);

int64_t store_last_event(const struct store *s); // sequence number of the newest ever written, 0 if there was none

/* ---- Studies ---- */

enum store_state {
    STORE_CREATED = 0,
    STORE_PREPARING,
    STORE_SEARCHING,
    STORE_FINISHING,
    STORE_FINISHED,
    STORE_PAUSED,
    STORE_STOPPED,
    STORE_FAILED,
    STORE_STATE_COUNT,
};

const char *store_state_name(enum store_state state); // "created", ... as in docs/protocol.md

/* Objectives beside accuracy, as bits. */
enum {
    STORE_BY_FLASH = 1,
    STORE_BY_RAM = 2,
    STORE_BY_LATENCY = 4,
    STORE_BY_ENERGY = 8,
};

/* A study as it is stored. store_create_study reads the first group; store_each_study fills everything. */
struct store_study {
    const char *name;       // unique; letters, digits, - and _, not only digits
    const char *text;       // the study file as the user wrote it
    const char *folder;     // what its paths are relative to
    const char *config;     // JSON: the study file resolved, with its defaults
    const char *network;    // its file as the study file names it
    const char *board_type;
    uint64_t seed;          // below 2^63
    int trials;             // candidates to be proposed, without the baselines
    unsigned objectives;    // STORE_BY_... that make up the front; 0: flash

    int64_t study;          // its number, from 1
    enum store_state state;
    const char *reason;     // of the state; NULL
    const char *resume;     // state to go on in when it is resumed; NULL. "searching", ...
    const char *space;      // JSON: the worker's answer to `open`; NULL before
    const char *network_sha256, *runner_sha256; // hex; NULL before
    int n_trials;           // proposed so far, baselines included; the next one is n_trials + 1
    int64_t applied_seq;    // results up to this one are in the agent's state
    int64_t next_result_seq;
    int64_t step;           // of the agent: number of the last store_stepped, 0 before the first
};

/* Returns 0 with the number in *study, or STORE_CONFLICT when the name is taken. State: created. */
int store_create_study(struct store *s, const struct store_study *study, struct store_events *events, int64_t *number,
                       struct error *e);

/* `reason` may be NULL. Pausing notes the state before (created, preparing, searching, finishing) as `resume`; other states clear it. */
int store_study_state(struct store *s, int64_t study, enum store_state state, const char *reason, struct store_events *events,
                      struct error *e);

/* What the worker found on `open`: `space` is its whole answer. STORE_CONFLICT if another network was stored for this study. */
int store_study_space(struct store *s, int64_t study, const char *space, const char *network_sha256, struct error *e);

/* Pins the study to a runner. The caller decides what a change means. */
int store_study_runner(struct store *s, int64_t study, const char *runner_sha256, struct error *e);

/* One line about what is going on; NULL clears it. */
int store_study_progress(struct store *s, int64_t study, const char *text, struct store_events *events, struct error *e);

/* Calls `each` for every study in order of number; its texts are valid during the call. A nonzero result of `each` ends it and is
 * returned. The same holds for all store_each_... */
int store_each_study(struct store *s, int (*each)(void *user, const struct store_study *study), void *user, struct error *e);

/* ---- Trials ---- */

enum store_kind {
    STORE_BASELINE = 0,
    STORE_POLICY,
    STORE_NEIGHBOUR,
    STORE_UNIFORM,
    STORE_KIND_COUNT,
};

enum store_outcome { // in the order of agent_outcome
    STORE_MEASURED = 0,
    STORE_INFEASIBLE,
    STORE_GIVEN_UP,
    STORE_DROPPED, // by the host: it could not have become better than what there was
    STORE_OUTCOME_COUNT,
};

const char *store_kind_name(enum store_kind kind);          // "baseline", "policy", "neighbour", "uniform"
const char *store_outcome_name(enum store_outcome outcome); // "measured", "infeasible", "given_up", "dropped"

/* Names of figures that the store itself looks at; others may be added. Lower case letters, digits and _. */
#define STORE_CORRECT "correct"             // on the validation set
#define STORE_PART_CORRECT "part_correct"   // on the part of it that a dropped trial was scored on
#define STORE_TEST_CORRECT "test_correct"   // on the test set
#define STORE_FLASH_BYTES "flash_bytes"     // of the whole candidate
#define STORE_WEIGHTS_BYTES "weights_bytes" // packed weights
#define STORE_RAM_BYTES "ram_bytes"
#define STORE_LATENCY_CYCLES "latency_cycles"
#define STORE_ENERGY_NJ "energy_nj"

/* The figure's unit, origin (never none) and repeats (>= 1) are checked. `real` and `virtual` figures need an attempt on a board that is it. */
struct store_figure {
    char name[STORE_FIGURE_NAME_MAX];
    struct figure figure;
};

/* One candidate that the agent (or a person) wants measured. */
struct store_proposal {
    int trial;             // its number: the study's n_trials + 1, then up
    enum store_kind kind;
    const char *candidate; // text of candidate_format
    uint64_t hash;         // candidate_hash; the study must not have it yet
    const char *why;       // in words, why the agent proposes it; only written; NULL: nothing is said

    int tries;             // only read, by store_each_proposal: attempts that failed, but not by this machine's fault or a board's wear
    int faults;            // only read: those of them that may be the candidate's: flash, run, mismatch
    const char *last_board; // only read: board of the last attempt; NULL
};

/* The file with the raw samples of an attempt that went well. Files are kept for trials on the front, finalists and baselines. */
struct store_trace {
    const char *file;        // its name among all traces
    int windows;
    int64_t samples;
    /* Called inside the transaction, if the trial is one whose file is kept: brings it to the disk and fills `bytes` and `sha256`.
     * `kept_bytes` is what all the others take. With another result than 0 the trial has no trace, and is stored all the same. When the
     * transaction fails after it, no row names the file: the caller removes it. */
    int (*write)(void *user, struct store_trace *t, int64_t kept_bytes);
    void *user;
    int64_t bytes;
    char sha256[SHA256_HEX]; // of the file
};

/* What was found out about a trial. */
struct store_result {
    int trial;
    enum store_outcome outcome;
    const char *reason;           // why it is infeasible, given up or dropped; NULL when measured
    const struct store_figure *figures;
    int n_figures;                // at most STORE_FIGURES_MAX; what is known of an infeasible one may be stored too
    int attempt;                  // number of the attempt that ends well with this, 0 without board
    const int64_t *layer_cycles;  // [n_layers] of one inference, with an attempt; NULL with n_layers 0
    int n_layers;                 // as in `layers` of the space
    uint32_t clock_hz;            // with an attempt
    const char *provenance;       // JSON object, with an attempt; NULL
    struct store_trace *trace;    // with an attempt; NULL

    int64_t result_seq;           // only read, by store_each_result, as the rest:
    const char *candidate;
    enum store_kind kind;
    bool stepped;                 // result_seq <= applied_seq
    bool finalist;                // was measured again
    double reward;                // NAN where there is none
};

/* The planned and host figures of a trial that is about to be measured (state: lowered). Told again it replaces them; STORE_ALREADY and
 * no change once the trial has its result. */
int store_lowered(struct store *s, int64_t study, int trial, const struct store_figure *figures, int n_figures, struct error *e);

/* A board is about to try. The board must be known (store_board). *attempt counts up from 1 within the trial. State: measuring.
 * STORE_CONFLICT when another attempt of the trial is open; the board may have others open, whose results are not stored yet. A trial that
 * has a result may be tried again, for store_final. */
int store_attempt(struct store *s, int64_t study, int trial, const char *board, int *attempt, struct error *e);

/* It failed: `class` is board_failure_name's, `text` for a person. State: lowered, unless the trial has its result. STORE_CONFLICT when
 * the attempt is not open. */
int store_attempt_failed(struct store *s, int64_t study, int trial, int attempt, const char *class, const char *text,
                         struct store_events *events, struct error *e);

/* It went well and its result is not wanted any more: nobody's failure. Otherwise as store_attempt_failed. */
int store_attempt_interrupted(struct store *s, int64_t study, int trial, int attempt, const char *text, struct error *e);

/* The transaction *measured*: figures, layers, the attempt's good end, outcome, events and the study's next result_seq, which comes
 * back in *result_seq. A trial's first result stays: telling one again changes nothing and returns STORE_ALREADY with the same number. */
int store_measured(struct store *s, int64_t study, const struct store_result *result, struct store_events *events,
                   int64_t *result_seq, struct error *e);

/* A finalist's fresh figures (`result` as for store_measured, outcome measured): from now on they are shown in the place of the
 * search's, which stay. `reward` is computed from them. The agent never sees them. Told again: STORE_ALREADY. */
int store_final(struct store *s, int64_t study, const struct store_result *result, double reward, struct store_events *events,
                struct error *e);

/* Further figures of a trial with a result, of the host (the baseline's test set). Told again they are replaced. */
int store_add_figures(struct store *s, int64_t study, int trial, const struct store_figure *figures, int n_figures,
                      struct error *e);

/* Forgets the files of all trials that have left the front, and calls `gone` for each after that is on the disk: now it may be removed. */
int store_drop_traces(struct store *s, void (*gone)(void *user, const char *file), void *user, struct error *e);

/* The names of all files that are kept. */
int store_each_trace(struct store *s, int (*each)(void *user, const char *file), void *user, struct error *e);

struct store_reward {
    int trial;
    double reward; // finite
};

/* What the agent did at once: results applied, state, new proposals. */
struct store_step {
    int64_t step;         // the study's step + 1
    int64_t applied_seq;  // >= the study's, < next_result_seq
    const void *state;    // the saved agent; NULL: the stored one stays (only proposals of the service itself, the baselines)
    size_t state_size;    // at most STORE_AGENT_MAX
    const char *summary;  // JSON for study.show's "agent"; NULL: the stored one stays
    const struct store_reward *rewards; // of every *measured* trial whose result is applied by this step
    int n_rewards;
    const struct store_proposal *proposals;
    int n_proposals;
};

/* The transaction *stepped*. Telling the study's last step again changes nothing and returns STORE_ALREADY. -1 when it does not fit to what
 * is stored: another step, an applied_seq out of range, a reward missing or of another trial, a candidate proposed twice. */
int store_stepped(struct store *s, int64_t study, const struct store_step *step, struct store_events *events, struct error *e);

/* ---- To go on after a start ---- */

/* Trials without result, in order of number. */
int store_each_proposal(struct store *s, int64_t study, int (*each)(void *user, const struct store_proposal *p), void *user,
                        struct error *e);

/* Results with result_seq > `after`, in that order, with the figures and layer_cycles of the search (not the finalists' fresh ones). `after` = applied_seq: what is unapplied; 0: all. */
int store_each_result(struct store *s, int64_t study, int64_t after, int (*each)(void *user, const struct store_result *r),
                      void *user, struct error *e);

/* Appends the agent's saved state to `state`. STORE_NOT_FOUND if none was stored. */
int store_agent_state(struct store *s, int64_t study, struct buffer *state, struct error *e);

/* ---- Boards ---- */

struct store_board {
    const char *name, *type, *serial;
    bool is_virtual;
    uint32_t wear_budget; // erases of one page
};

/* Makes a board known, at every start. A name stands for one part: STORE_CONFLICT when it had another serial, type or was of the other
 * kind (virtual or not), because wear and figures belong to the part. */
int store_board(struct store *s, const struct store_board *board, struct error *e);

/* The service's view of the board ("idle", "lent", ...); `reason` may be NULL. */
int store_board_state(struct store *s, const char *board, const char *state, const char *reason, struct store_events *events,
                      struct error *e);

/* Stores the state of the board's flash (opaque bytes) and erases[n_pages], the wear of each page, before pages are erased and when
 * convenient afterwards. The stored wear never goes down. */
int store_board_flash(struct store *s, const char *board, const void *state, size_t size, const uint32_t *erases, int n_pages,
                      struct error *e);

/* Appends the stored state to `state`; appends nothing if there is none yet. */
int store_board_load(struct store *s, const char *board, struct buffer *state, struct error *e);

/* One measurement of a board's canary. */
struct store_canary {
    const char *runner_sha256, *image_sha256; // figures of others are no reference
    int64_t cycles;
    int64_t energy_nj; // 0: without a meter
    bool reference;    // what later ones are compared with
    bool drifted;      // too far off its reference
};

/* Appends it to the board's. The oldest beyond STORE_CANARIES_MAX go. */
int store_canary(struct store *s, const char *board, const struct store_canary *canary, struct store_events *events, struct error *e);

/* The newest reference of the board with this runner and image, and the newest of all with them; cycles 0 where there is none. */
int store_canary_load(struct store *s, const char *board, const char *runner_sha256, const char *image_sha256,
                      struct store_canary *reference, struct store_canary *last, struct error *e);

/* No measurement so far is a reference any more: the next one will be. */
int store_canary_forget(struct store *s, const char *board, struct store_events *events, struct error *e);

/* ---- Reading: JSON text as in docs/protocol.md, appended to `out` (-1 when its limit is reached; part of it may stand there then). ---- */

/* `name` is a study's name or number. */
int store_read_study_number(struct store_reader *r, const char *name, int64_t *study, struct error *e);

int store_read_studies(struct store_reader *r, struct buffer *out, struct error *e);              // array: study
int store_read_study(struct store_reader *r, int64_t study, struct buffer *out, struct error *e); // object: study.show; "slots" is their list here

struct store_list {
    const char *state; // of the trials; NULL: any
    const char *order; // "trial" (also NULL), "reward", "flash_bytes", "accuracy", "latency_cycles", "energy_nj"; the best first
    int limit;         // <= 0: 1000
    bool front;        // only the front
    int after;         // only those with a higher number: long lists are read in pieces
};

/* -1 for an unknown state or order. */
int store_read_trials(struct store_reader *r, int64_t study, const struct store_list *list, struct buffer *out,
                      struct error *e); // array: trial
int store_read_trial(struct store_reader *r, int64_t study, int trial, struct buffer *out, struct error *e); // object: trial.show; "attempts" is their list here

struct store_filter { // negative or NAN: no limit
    double max_loss_points, latency_us;
    int64_t flash_bytes, ram_bytes;
};

/* Object: of the measured trials that pass, finalists before others, then the highest reward, then the lowest number. What a filter needs and
 * was not measured does not pass. `filter` may be NULL. STORE_NOT_FOUND when none passes. */
int store_read_best(struct store_reader *r, int64_t study, const struct store_filter *filter, struct buffer *out,
                    struct error *e);

/* Object {"objectives", "trials"}: measured trials that no other one beats in accuracy and all `objectives` (0: the study's own),
 * smallest first; of equals the first. Trials that lack one of them do not take part. */
int store_read_pareto(struct store_reader *r, int64_t study, unsigned objectives, struct buffer *out, struct error *e);

int store_read_boards(struct store_reader *r, struct buffer *out, struct error *e); // array: board

/* Object: the newest trace of the trial: "file", "bytes", "sha256", "windows", "samples", "attempt", "board", "origin". STORE_NOT_FOUND if none is kept. */
int store_read_trace(struct store_reader *r, int64_t study, int trial, struct buffer *out, struct error *e);

/* Object {"board", "canaries"}: the newest `limit` (<= 0: 1000) measurements of the board's canary, oldest first. STORE_NOT_FOUND if there is no such board. */
int store_read_canaries(struct store_reader *r, const char *board, int limit, struct buffer *out, struct error *e);

/* Events with seq > `since`, oldest first, one JSON object (`params` of the notification) on each line. `study` 0: all; `topics` is a JSON
 * array of topics, or NULL. At most `limit` of them. *last is the sequence number to go on from. STORE_PRUNED, with *last the newest number and
 * nothing appended, when events after `since` are no longer there. */
int store_read_events(struct store_reader *r, int64_t since, int64_t study, const char *topics, int limit, struct buffer *out,
                      int64_t *last, struct error *e);

/* ---- Keeping the file ---- */

/* Appends a JSON array of texts: what is wrong with the file, empty when nothing is. Pages, rows and foreign keys are looked at, with `full` also
 * whether the indexes say what the tables say, which takes longer. A file too damaged to be read at all is -1. */
int store_check(struct store_reader *r, bool full, struct buffer *out, struct error *e);

/* Writes a compact copy of the database at `path`, of one moment, to the new file `to` (an error if it exists and is not empty). Readers and the
 * writer go on meanwhile. It is not synced to the disk. With any result but 0 there may be a part of it at `to`. */
int store_backup(const char *path, const char *to, struct error *e);

/* SHA-256, in hex, over everything that must be equal in a study left alone and in one that was killed and resumed: trials (number, kind,
 * candidate, outcome, reason of infeasible ones, order of results, bits of rewards, figures and layer cycles that are not `real`) and the
 * agent's state. Times, attempts, boards and events are no part of it. */
int store_digest(struct store_reader *r, int64_t study, char hex[SHA256_HEX], struct error *e);

#endif
