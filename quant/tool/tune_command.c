// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/tune_command.h"

#include "quant/import/import.h"
#include "quant/tool/candidate_file.h"
#include "quant/tool/input_option.h"
#include "quant/tool/quantize_option.h"
#include "quant/tool/session.h"
#include "quant/tune/tune.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 20 // lines of progress

static const char usage[] =
    "usage: pare-net tune FILE --candidate C --calibration X.npy --steps N --out TUNED [options]\n"
    "  --candidate C       settings (w4a8 or one for each slot), or a file with them: text or pare.config/1\n"
    "  --calibration X     samples that the network is trained on, with the float network as teacher\n"
    "  --steps N           batches\n"
    "  --out TUNED         for --tuned of evaluate, image and package\n"
    "  --batch B           samples of a batch, default 32\n"
    "  --rate R            learning rate in steps of rounding, default 0.005\n"
    "  --seed S            of the order of the samples, default 1\n"
    "  --checkpoint FILE   written on the way and when interrupted (Ctrl-C); gone on from when it is there\n"
    QUANTIZE_OPTION_HELP INPUT_OPTION_HELP;

struct tune_arguments {
    const char *file, *candidate, *calibration, *out;
    struct tune_params tune;
    struct session_params session;
};

static const struct option options[] = {
    {"candidate", required_argument, NULL, 'c'},
    {"calibration", required_argument, NULL, 'x'},
    {"out", required_argument, NULL, 'o'},
    {"steps", required_argument, NULL, 's'},
    {"batch", required_argument, NULL, 'b'},
    {"rate", required_argument, NULL, 'r'},
    {"seed", required_argument, NULL, 'd'},
    {"checkpoint", required_argument, NULL, 'p'},
    QUANTIZE_OPTIONS('l'),
    {"input-scale", required_argument, NULL, 'i'},
    {"input-mean", required_argument, NULL, 'i'},
    {"input-std", required_argument, NULL, 'i'},
    {"input-layout", required_argument, NULL, 'i'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int take_count(const char *name, const char *text, int most, int *to, struct error *e)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*end || end == text || n < 1 || n > most)
        return error_set(e, "--%s %s: 1 to %d are wanted", name, text, most);
    *to = (int)n;
    return 0;
}

static int take_rate(const char *text, double *rate, struct error *e)
{
    char *end;
    *rate = strtod(text, &end);
    return *end || !(*rate > 0 && *rate <= 1) ? error_set(e, "--rate %s: above 0 and at most 1 is wanted", text) : 0;
}

static int take(struct tune_arguments *a, int letter, const char *name, struct error *e)
{
    int seed = 0;
    switch (letter) {
    case 'c':
        a->candidate = optarg;
        return 0;
    case 'x':
        a->calibration = optarg;
        return 0;
    case 'o':
        a->out = optarg;
        return 0;
    case 's':
        return take_count(name, optarg, TUNE_STEPS_MAX, &a->tune.steps, e);
    case 'b':
        return take_count(name, optarg, TUNE_BATCH_MAX, &a->tune.batch, e);
    case 'r':
        return take_rate(optarg, &a->tune.rate, e);
    case 'd':
        if (take_count(name, optarg, INT32_MAX, &seed, e))
            return -1;
        a->tune.seed = (uint64_t)seed;
        return 0;
    case 'p':
        a->tune.checkpoint = optarg;
        return 0;
    case 'l':
        return quantize_option(&a->session, name, optarg, e);
    default:
        return input_option(&a->session.transform, name + strlen("input-"), optarg, e);
    }
}

/* 0, 1 for help, -1 with the reason (empty: getopt has said it). */
static int read_arguments(int argc, char **argv, struct tune_arguments *a, struct error *e)
{
    int letter, index;
    while ((letter = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (letter == 'h' || letter == '?')
            return letter == 'h' ? 1 : -1;
        if (take(a, letter, options[index].name, e))
            return -1;
    }
    if (optind != argc - 1)
        return error_set(e, "one network file is wanted");
    a->file = argv[optind];
    if (!a->candidate || !a->calibration || !a->out || !a->tune.steps)
        return error_set(e, "%s is missing",
                         !a->candidate     ? "--candidate"
                         : !a->calibration ? "--calibration"
                         : !a->out         ? "--out"
                                           : "--steps");
    if ((size_t)snprintf(a->session.network, PATH_MAX, "%s", a->file) >= PATH_MAX ||
        (size_t)snprintf(a->session.calibration, PATH_MAX, "%s", a->calibration) >= PATH_MAX)
        return error_set(e, "a path is too long");
    return 0;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static int show(void *user, int step, int steps, double loss)
{
    (void)user;
    int every = steps / SHOWN > 0 ? steps / SHOWN : 1;
    if (step % every == 0 || step == steps)
        fprintf(stderr, "step %d of %d, loss %.5f\n", step, steps, loss);
    return interrupted;
}

static int tune(const struct tune_arguments *a, struct session *s, const struct candidate *c, struct error *e)
{
    struct quantized tuned;
    signal(SIGINT, interrupt);
    int result = tune_candidate(&s->net, &s->quantized, &s->calibration, c, &a->tune, show, NULL, &tuned, e);
    if (result == TUNE_STOPPED)
        return error_set(e, "interrupted%s%s", a->tune.checkpoint ? "; goes on from " : ", without --checkpoint",
                         a->tune.checkpoint ? a->tune.checkpoint : "");
    if (result)
        return -1;
    result = quantized_save(&tuned, a->out, e);
    quantized_finish(&tuned);
    return result;
}

/* The candidate needs the network's slots, and the session the candidate's settings: the network is read twice. */
static int run(struct tune_arguments *a, struct session *s, struct error *e)
{
    struct net n;
    uint8_t sha256[SHA256_BYTES];
    struct candidate *c = malloc(sizeof *c);
    int rc = !c || sha256_file(a->file, sha256, e) || import_network(a->file, &n, e) ? -1 : 0;
    if (!rc) {
        rc = candidate_file_read(a->candidate, &n, sha256, c, e) || session_options(c, &a->session.quantize, e);
        net_finish(&n);
    }
    if (!rc && !(rc = session_open(s, &a->session, NULL, NULL, e) ? -1 : 0)) {
        rc = tune(a, s, c, e);
        session_close(s);
    }
    free(c);
    return rc;
}

int tune_command(int argc, char **argv)
{
    static struct tune_arguments a = {.tune.seed = 1, .session.quantize.clipping = CLIPPING_MSE};
    static struct session s;
    struct error e = {""};
    int wrong = read_arguments(argc, argv, &a, &e);
    if (wrong) {
        if (wrong < 0 && *e.text)
            fprintf(stderr, "pare-net: tune: %s\n", e.text);
        fputs(usage, wrong > 0 ? stdout : stderr);
        return wrong > 0 ? 0 : 2;
    }
    if (!run(&a, &s, &e))
        return 0;
    fprintf(stderr, "pare-net: %s\n", e.text);
    return 1;
}
