// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/package_command.h"

#include "base/file.h"
#include "quant/import/import.h"
#include "quant/tool/candidate_file.h"
#include "quant/tool/input_option.h"
#include "quant/tool/quantize_option.h"
#include "quant/tool/package.h"
#include "quant/tool/session_package.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SAMPLES 4

static const char usage[] =
    "usage: pare-net package FILE --candidate C --calibration X.npy --out FOLDER [options]\n"
    "       pare-net image FILE --candidate C --calibration X.npy --out IMAGE [options]\n"
    "  --candidate C       settings (w8a8 or one for each slot), or a file with them: text or pare.config/1\n"
    "  --calibration X     samples that ranges are found on; the first ones are recorded with their outputs\n"
    "  --out FOLDER        where the package goes; must not exist or be empty\n"
    "  --name NAME         of the package: a C identifier, default network\n"
    "  --samples N         recorded samples, default 4\n"
    QUANTIZE_OPTION_HELP INPUT_OPTION_HELP;

struct package_arguments {
    const char *file, *candidate, *calibration, *out, *name;
    struct session_params session;
};

static const struct option options[] = {
    {"candidate", required_argument, NULL, 'c'},
    {"calibration", required_argument, NULL, 'x'},
    {"out", required_argument, NULL, 'o'},
    {"name", required_argument, NULL, 'n'},
    {"samples", required_argument, NULL, 's'},
    QUANTIZE_OPTIONS('l'),
    {"input-scale", required_argument, NULL, 'i'},
    {"input-mean", required_argument, NULL, 'i'},
    {"input-std", required_argument, NULL, 'i'},
    {"input-layout", required_argument, NULL, 'i'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int take_samples(const char *text, int *samples, struct error *e)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*end || n < 1 || n > SESSION_BOARD_SAMPLES_MAX)
        return error_set(e, "--samples %s: 1 to %d are wanted", text, SESSION_BOARD_SAMPLES_MAX);
    *samples = (int)n;
    return 0;
}

static int take(struct package_arguments *a, int letter, const char *name, struct error *e)
{
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
    case 'n':
        a->name = optarg;
        return 0;
    case 's':
        return take_samples(optarg, &a->session.board_samples, e);
    case 'l':
        return quantize_option(&a->session, name, optarg, e);
    default:
        return input_option(&a->session.transform, name + strlen("input-"), optarg, e);
    }
}

/* 0, 1 for help, -1 with the reason (empty: getopt has said it). */
static int read_arguments(int argc, char **argv, struct package_arguments *a, struct error *e)
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
    if (!a->candidate || !a->calibration || !a->out)
        return error_set(e, "%s is missing",
                         !a->candidate     ? "--candidate"
                         : !a->calibration ? "--calibration"
                                           : "--out");
    if ((size_t)snprintf(a->session.network, PATH_MAX, "%s", a->file) >= PATH_MAX ||
        (size_t)snprintf(a->session.calibration, PATH_MAX, "%s", a->calibration) >= PATH_MAX)
        return error_set(e, "a path is too long");
    return package_check_name(a->name, e);
}

/* The candidate needs the network's slots, and the session the candidate's settings: the network is read
 * twice. */
static int read_candidate(const struct package_arguments *a, struct candidate *c, struct error *e)
{
    struct net n;
    uint8_t sha256[SHA256_BYTES];
    if (sha256_file(a->file, sha256, e) || import_network(a->file, &n, e))
        return -1;
    int rc = candidate_file_read(a->candidate, &n, sha256, c, e);
    net_finish(&n);
    return rc;
}

/* A pare.config/1 file brings its figures along. */
static cJSON *read_document(const char *argument)
{
    char *text;
    size_t size;
    if (access(argument, F_OK) || file_read(argument, CANDIDATE_FILE_MAX, &text, &size, NULL))
        return NULL;
    cJSON *o = cJSON_Parse(text);
    free(text);
    return o;
}

static enum session_fault make_package(const struct package_arguments *a, struct session *s,
                                       const struct candidate *c, struct error *e)
{
    cJSON *document = read_document(a->candidate);
    const struct session_package p = {.name = a->name,
                                      .folder = a->out,
                                      .found = cJSON_GetObjectItemCaseSensitive(document, "figures"),
                                      .provenance = cJSON_GetObjectItemCaseSensitive(document, "provenance")};
    enum session_fault fault = session_package(s, c, &p, NULL, e);
    cJSON_Delete(document);
    return fault;
}

static enum session_fault make_image(const struct package_arguments *a, struct session *s,
                                     const struct candidate *c, struct error *e)
{
    struct image_written written;
    enum session_fault fault = session_lower(s, c, false, e);
    return fault ? fault : session_image(s, a->out, &written, e);
}

typedef enum session_fault maker(const struct package_arguments *, struct session *, const struct candidate *,
                                 struct error *);

static int make(struct package_arguments *a, maker *what, struct session *s, struct error *e)
{
    struct candidate c;
    if (read_candidate(a, &c, e) || session_options(&c, &a->session.quantize, e) ||
        session_open(s, &a->session, NULL, NULL, e))
        return -1;
    int rc = what(a, s, &c, e) ? -1 : 0;
    if (!rc)
        printf("%s: flash %lld bytes (weights %lld, parameters %lld, program %lld), RAM %lld bytes\n", a->out,
               (long long)s->lowered.flash_bytes, (long long)s->lowered.weights_bytes,
               (long long)s->lowered.parameters_bytes, (long long)s->lowered.program_bytes,
               (long long)s->lowered.ram_bytes);
    session_close(s);
    return rc;
}

static int run(int argc, char **argv, maker *what)
{
    static struct package_arguments a = {
        .name = "network", .session = {.board_samples = DEFAULT_SAMPLES, .quantize.clipping = CLIPPING_MSE}};
    struct error e = {""};
    int rc = read_arguments(argc, argv, &a, &e);
    if (rc > 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (rc < 0) {
        fprintf(stderr, "%s%s%s", e.text, e.text[0] ? "\n" : "", usage);
        return 2;
    }
    struct session *s = malloc(sizeof *s);
    rc = s ? make(&a, what, s, &e) : error_set(&e, "out of memory");
    free(s);
    if (rc)
        fprintf(stderr, "pare-net: %s\n", e.text);
    return rc ? 1 : 0;
}

int package_command(int argc, char **argv)
{
    return run(argc, argv, make_package);
}

int image_command(int argc, char **argv)
{
    return run(argc, argv, make_image);
}
