// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loop_boards.h"

#include "tests/one_test.h"
#include "tests/system/trial.h"

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CYCLES_OFF 0.001 // of composed cycles, relative

static int read_groups(struct loop_boards *b, const char *text, struct error *e)
{
    for (int slot = 0; slot < b->trial->session->net.n_slots; slot++) {
        char *end;
        b->group_of_slot[slot] = (int)strtol(text, &end, 10);
        if (end == text || b->group_of_slot[slot] < 0 || b->group_of_slot[slot] >= b->about->table.n_slots)
            return error_set(e, "GROUPS has a group of the table for each slot, separated by commas");
        text = *end ? end + 1 : end;
    }
    return 0;
}

static struct loop_figures *keep(struct loop_boards *b, int row, const struct loop_figures *f)
{
    if (!b->known[row] && !(b->known[row] = malloc(sizeof *f)))
        abort();
    *b->known[row] = *f;
    return b->known[row];
}

/* One line; 0 at the end, and where a run was cut short in the midst of one. */
static bool read_line(FILE *file, int n_layers, int *row, struct loop_figures *f)
{
    char end = 0;
    if (fscanf(file, "%d %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, row, &f->correct, &f->total, &f->flash_bytes, &f->cycles) != 5)
        return false;
    for (int i = 0; i < n_layers; i++)
        if (fscanf(file, " %" SCNd64, &f->layer_cycles[i]) != 1)
            return false;
    return fscanf(file, "%c", &end) == 1 && end == '\n';
}

static void write_line(FILE *file, int n_layers, int row, const struct loop_figures *f)
{
    fprintf(file, "%d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, row, f->correct, f->total, f->flash_bytes, f->cycles);
    for (int i = 0; i < n_layers; i++)
        fprintf(file, " %" PRId64, f->layer_cycles[i]);
    fprintf(file, "\n");
    fflush(file);
}

static int read_known(struct loop_boards *b, const char *path, struct error *e)
{
    struct loop_figures f = {0};
    long good = 0;
    int row;
    b->file = fopen(path, "a+");
    if (!b->file)
        return error_set(e, "%s cannot be written", path);
    rewind(b->file);
    for (; read_line(b->file, b->about->n_layers, &row, &f) && row >= 0 && row < b->about->table.n_rows; good = ftell(b->file))
        keep(b, row, &f);
    fclose(b->file);
    b->file = fopen(path, "r+");
    return b->file && fseek(b->file, good, SEEK_SET) == 0 ? 0 : error_set(e, "%s cannot be written", path);
}

static int score(struct loop_boards *b, const struct candidate *c, struct loop_figures *f, struct error *e)
{
    const struct score_range range = {0, b->about->samples, 1, 0};
    struct session *s = b->trial->session;
    struct score score;
    if (session_score(s, c, &s->validation, &range, &score, e) != SESSION_OK)
        return -1;
    f->correct = score.correct;
    f->total = score.total;
    b->evaluations++;
    return 0;
}

/* A whole inference on the board; without `evaluate` the answers are the table's. */
static int run(struct loop_boards *b, const uint8_t *choices, bool evaluate, struct loop_figures *f, struct error *e)
{
    struct trial *t = b->trial;
    struct candidate c = {.n = t->session->net.n_slots};
    for (int slot = 0; slot < c.n; slot++)
        c.layers[slot] = (struct setting){(uint8_t)b->about->table.bits[choices[b->group_of_slot[slot]]], 8, SCHEME_UNIFORM};
    loop_case_look_up((void *)b->about, choices, f, e);
    memset(f->layer_cycles, 0, sizeof f->layer_cycles);
    trial_measure(t, &c);
    f->cycles = t->result.sample_cycles[0];
    f->flash_bytes = t->session->lowered.flash_bytes;
    for (uint32_t i = 0; i < t->result.n_ops; i++)
        if (t->result.op_layer[i] < b->about->n_layers)
            f->layer_cycles[t->result.op_layer[i]] += t->result.op_cycles[i];
    b->runs++;
    return evaluate ? score(b, &c, f, e) : 0;
}

static bool agrees(const struct loop_figures *f, const struct loop_figures *table)
{
    return f->correct == table->correct && f->total == table->total && f->flash_bytes == table->flash_bytes &&
           fabs((double)f->cycles / (double)table->cycles - 1) <= CYCLES_OFF;
}

int loop_boards_measure(void *boards, const uint8_t *choices, struct loop_figures *f, struct error *e)
{
    struct loop_boards *b = boards;
    struct loop_figures table;
    int row = table_row(&b->about->table, choices);
    if (b->known[row]) {
        *f = *b->known[row];
        return 0;
    }
    if (run(b, choices, b->runs % b->every == 0, f, e) != 0)
        return -1;
    loop_case_look_up((void *)b->about, choices, &table, e);
    if (!agrees(f, &table))
        return error_set(e, "row %d: %" PRId64 " of %" PRId64 " right, %" PRId64 " bytes, %" PRId64 " cycles; the table has %" PRId64
                            " of %" PRId64 ", %" PRId64 ", %" PRId64, row, f->correct, f->total, f->flash_bytes, f->cycles, table.correct,
                         table.total, table.flash_bytes, table.cycles);
    keep(b, row, f);
    write_line(b->file, b->about->n_layers, row, f);
    return 0;
}

int loop_boards_again(struct loop_boards *b, int n, struct error *e)
{
    struct rng r;
    int done = 0;
    rng_seed(&r, 3, 3);
    for (int tries = 0; tries < b->about->table.n_rows && done < n; tries++) {
        int row = (int)rng_below(&r, (uint32_t)b->about->table.n_rows);
        uint8_t choices[TABLE_SLOTS_MAX];
        struct loop_figures f;
        if (!b->known[row])
            continue;
        table_choices(&b->about->table, row, choices);
        if (run(b, choices, true, &f, e) != 0)
            return -1;
        if (memcmp(&f, b->known[row], sizeof f) != 0)
            return error_set(e, "row %d, measured again, gives other figures", row);
        done++;
    }
    return done;
}

static int start(struct loop_boards *b, const struct trial_arguments *a, char **argv, struct error *e)
{
    b->every = atoi(argv[10]) > 0 ? atoi(argv[10]) : 1;
    b->trial = calloc(1, sizeof *b->trial);
    b->known = calloc((size_t)b->about->table.n_rows, sizeof *b->known);
    if (!b->trial || !b->known)
        return error_set(e, "out of memory");
    trial_start(b->trial, a);
    if (b->trial->session->net.n_layers != b->about->n_layers)
        return error_set(e, "the cycles are of a network with other layers");
    return read_groups(b, argv[7], e) != 0 || read_known(b, argv[11], e) != 0 ? -1 : 0;
}

static void finish(struct loop_boards *b)
{
    for (int row = 0; row < b->about->table.n_rows; row++)
        free(b->known[row]);
    free(b->known);
    fclose(b->file);
    trial_stop(b->trial);
    free(b->trial);
}

/* What loop_boards_run was called with. */
static struct {
    const struct loop_case *about;
    char **argv;
    void (*body)(struct loop_boards *b);
} called;

static int arguments(struct trial_arguments *a)
{
    char *argv[8] = {NULL};
    memcpy(argv + 1, called.argv, 7 * sizeof *argv);
    int status = trial_arguments_read(a, 8, argv);
    a->calibration_samples = 0; // all of them, as make-table
    a->validation = called.argv[8];
    a->labels = called.argv[9];
    return status;
}

START_TEST(studies_on_a_board)
{
    struct trial_arguments a;
    struct loop_boards b = {.about = called.about};
    struct error e = {""};
    ck_assert_int_eq(arguments(&a), 0);
    ck_assert_msg(start(&b, &a, called.argv, &e) == 0, "%s", e.text);
    called.body(&b);
    finish(&b);
}
END_TEST

int loop_boards_run(const struct loop_case *c, char **argv, void (*body)(struct loop_boards *b))
{
    struct trial_arguments a;
    called.about = c;
    called.argv = argv;
    called.body = body;
    int status = arguments(&a);
    if (status != 0)
        return status;
    return one_test_run("loop", studies_on_a_board, CK_NOFORK, CK_NORMAL);
}
