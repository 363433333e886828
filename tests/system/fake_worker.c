// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A "pare-net work" for tests: docs/worker.md with made-up figures that follow from the candidate, and images that a fake board runs:
// their outputs are zeros, as that board's, or the right ones with FAKE_WORKER_RIGHT in the environment.
// Candidates with trained slots are said to be trained; the more steps are asked for, the more answers are right. With FAKE_WORKER_HANGS, a named pipe, in
// the environment the first training writes to it and hangs.
// With FAKE_WORKER_DIES, a file, each training has a checkpoint one step later than the last one (the file has as many bytes) and dies, but for the 10th.
// FAKE_WORKER_WEIGHTS is one hex digit: other weights (their hash is of that digit), FAKE_WORKER_IMAGES makes other images of them.
// A candidate whose hash is divisible by 11 does not fit. The network's file may say how to misbehave: "invalid TEXT", "huge".
#include "base/candidate.h"
#include "base/file.h"
#include "base/sha256.h"
#include "quant/kernels/image.h"
#include "tests/sim/small_image.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS 5
#define LAYERS 2 // as the small image has
#define FIXED_BYTES 500
#define SAMPLES 1000

static const int parameters[SLOTS] = {400, 800, 1600, 1200, 200};

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static const char *text_of(const cJSON *o, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
    return text ? text : "";
}

static void fail(cJSON *answer, const char *kind, const char *message)
{
    cJSON *e = cJSON_AddObjectToObject(answer, "error");
    cJSON_AddStringToObject(e, "kind", kind);
    cJSON_AddStringToObject(e, "message", message);
}

static int steps_of_open;

/* --- open --- */

static cJSON *slot(int i, const cJSON *options, int scale)
{
    cJSON *s = cJSON_CreateObject(), *allowed, *flash, *sensitivity;
    const cJSON *v;
    int k = 0;
    cJSON_AddStringToObject(s, "name", "slot");
    allowed = cJSON_AddArrayToObject(s, "allowed");
    flash = cJSON_AddArrayToObject(s, "flash_bytes");
    sensitivity = cJSON_AddArrayToObject(s, "sensitivity");
    cJSON_ArrayForEach(v, options) {
        struct setting setting = {8, 8, SCHEME_UNIFORM};
        setting_parse(v->valuestring, &setting, NULL);
        cJSON_AddItemToArray(allowed, cJSON_CreateNumber(k++));
        cJSON_AddItemToArray(flash, cJSON_CreateNumber(scale * parameters[i] * setting.w_bits / 8));
        cJSON_AddItemToArray(sensitivity, cJSON_CreateNumber((getenv("FAKE_WORKER_WEIGHTS") ? 1.1 : 1.0) / (1 << setting.w_bits) / (i + 1)));
    }
    cJSON_AddNumberToObject(s, "macs", 10 * parameters[i]);
    cJSON_AddNumberToObject(s, "parameters", parameters[i]);
    return s;
}

static cJSON *layer(int i)
{
    cJSON *l = cJSON_CreateObject();
    cJSON_AddStringToObject(l, "name", i ? "dense_1" : "dense_0");
    cJSON_AddStringToObject(l, "kind", "dense");
    cJSON_AddNumberToObject(l, "slot", i);
    cJSON_AddNumberToObject(l, "macs", 1000);
    cJSON_AddNumberToObject(l, "parameters", parameters[i]);
    return l;
}

static void fill_space(cJSON *r, const cJSON *params, int scale)
{
    const cJSON *options = cJSON_GetObjectItemCaseSensitive(params, "options");
    cJSON *slots, *layers, *steps;
    char hash[65];
    memset(hash, 'a', 64);
    hash[64] = '\0';
    cJSON_AddStringToObject(r, "network_sha256", hash);
    memset(hash, getenv("FAKE_WORKER_WEIGHTS") ? getenv("FAKE_WORKER_WEIGHTS")[0] : 'b', 64);
    cJSON_AddStringToObject(r, "quantized_sha256", hash);
    cJSON_AddItemToObject(r, "options", cJSON_Duplicate(options, 1));
    layers = cJSON_AddArrayToObject(r, "layers");
    slots = cJSON_AddArrayToObject(r, "slots");
    steps = cJSON_AddArrayToObject(r, "steps");
    for (int i = 0; i < LAYERS; i++)
        cJSON_AddItemToArray(layers, layer(i));
    for (int i = 0; i < SLOTS; i++)
        cJSON_AddItemToArray(slots, slot(i, options, scale));
    cJSON_AddItemToArray(steps, cJSON_Parse("{\"fixed_bytes\":100,\"slots\":[[0,64],[1,64]]}"));
    cJSON_AddNumberToObject(r, "flash_fixed_bytes", FIXED_BYTES);
}

static void do_open(const cJSON *params, cJSON *answer)
{
    char *text = NULL, message[256], line[2048];
    size_t size;
    struct error e = {""};
    if (file_read(text_of(params, "network"), 1000, &text, &size, &e) != 0) {
        fail(answer, "invalid", e.text);
        return;
    }
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(params, "tune_steps");
    steps_of_open = cJSON_IsNumber(steps) ? steps->valueint : 0;
    snprintf(line, sizeof line, "%.1500s: ", text_of(params, "network"));
    if (sscanf(text, "invalid %255[^\n]", message) == 1)
        fail(answer, "invalid", strcat(line, message));
    else
        fill_space(cJSON_AddObjectToObject(answer, "result"), params, strncmp(text, "huge", 4) == 0 ? 100000 : 1);
    free(text);
}

/* --- lower, score --- */

/* The expected outputs are all zero, as a fake board's are. */
static int write_image(const char *path, uint64_t hash, struct error *e)
{
    struct small_image image = {.first_seed = getenv("FAKE_WORKER_IMAGES") ? ~hash : hash, .second_seed = hash + 1, .inputs = 16, .hidden = 16, .w_bits = 8, .n_samples = 2};
    struct image_file header;
    char *data;
    size_t size;
    if (getenv("FAKE_WORKER_RIGHT")) // the images are for boards that compute
        return small_image_write(path, &image, NULL, e);
    if (small_image_write(path, &image, NULL, e) != 0 || file_read(path, 1 << 20, &data, &size, e) != 0)
        return -1;
    memcpy(&header, data, sizeof header);
    memset(data + header.expected_offset, 0, header.expected_bytes);
    int rc = file_write(path, data, size, e);
    free(data);
    return rc;
}

static int64_t weights_of(const struct candidate *c)
{
    int64_t bytes = 0;
    for (int i = 0; i < c->n; i++)
        bytes += parameters[i] * c->layers[i].w_bits / 8;
    return bytes;
}

/* How long the candidate is trained; 0: not at all. */
static int training_of(const cJSON *params, const struct candidate *c)
{
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(params, "tune_steps");
    for (int i = 0; i < c->n; i++)
        if (c->layers[i].scheme == SCHEME_TRAINED)
            return cJSON_IsNumber(own) ? own->valueint : steps_of_open;
    return 0;
}

/* Dies after a checkpoint that is further than the last one. */
static void keep_and_die(const char *path, int64_t id)
{
    FILE *f = fopen(path, "a");
    long step = f && fputc('.', f) != EOF ? ftell(f) : 10;
    if (f)
        fclose(f);
    if (step >= 10)
        return;
    printf("{\"progress\":{\"id\":%lld,\"done\":%ld,\"total\":10,\"text\":\"training\",\"kept\":true}}\n", (long long)id, step);
    fflush(stdout);
    raise(SIGKILL);
}

static void train(int steps, int64_t id)
{
    if (getenv("FAKE_WORKER_DIES"))
        keep_and_die(getenv("FAKE_WORKER_DIES"), id);
    const char *pipe = getenv("FAKE_WORKER_HANGS");
    printf("{\"progress\":{\"id\":%lld,\"done\":%d,\"total\":%d,\"text\":\"training\",\"loss\":0.12345678}}\n", (long long)id, steps / 2, steps);
    fflush(stdout);
    int fd = pipe ? open(pipe, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0) // there is none any more
        return;
    unlink(pipe);
    if (write(fd, "hangs\n", 6) == 6)
        pause();
}

static void do_lower(const cJSON *params, const struct candidate *c, int64_t id, cJSON *answer)
{
    char hex[SHA256_HEX];
    uint8_t sha256[SHA256_BYTES];
    struct error e = {""};
    uint64_t hash = candidate_hash(c);
    const char *image = text_of(params, "image");
    bool baseline = c->layers[0].w_bits == 32 || weights_of(c) == 4200;
    if (hash % 11 == 0 && !baseline) {
        fail(answer, "infeasible", "needs 7 bytes of RAM more than the board has");
    } else if (image[0] && (write_image(image, hash, &e) != 0 || sha256_file(image, sha256, &e) != 0)) {
        fail(answer, "failed", e.text);
    } else {
        cJSON *r = cJSON_AddObjectToObject(answer, "result");
        cJSON_AddNumberToObject(r, "flash_bytes", (double)(weights_of(c) + FIXED_BYTES));
        cJSON_AddNumberToObject(r, "weights_bytes", (double)weights_of(c));
        cJSON_AddNumberToObject(r, "parameters_bytes", 300);
        cJSON_AddNumberToObject(r, "program_bytes", 200);
        cJSON_AddNumberToObject(r, "ram_bytes", 2000);
        if (image[0])
            cJSON_AddStringToObject(r, "image_sha256", sha256_hex(sha256, hex));
        if (training_of(params, c) > 0) {
            train(training_of(params, c), id);
            cJSON_AddNumberToObject(cJSON_AddObjectToObject(r, "trained"), "steps", training_of(params, c));
        }
    }
}

static void do_score(const cJSON *params, const struct candidate *c, cJSON *answer)
{
    cJSON *r = cJSON_AddObjectToObject(answer, "result");
    int lost = 0;
    for (int i = 0; i < c->n; i++)
        lost += c->layers[i].w_bits < 4 ? 30 / (i + 1) : c->layers[i].w_bits < 8 ? 4 / (i + 1) : 0;
    lost += (int)(mix(candidate_hash(c), (uint64_t)text_of(params, "set")[0]) % 7);
    lost -= training_of(params, c);
    const cJSON *every = cJSON_GetObjectItemCaseSensitive(params, "every");
    int part = cJSON_IsNumber(every) ? every->valueint : 1; // right answers are spread evenly, but for a rest in the last part
    cJSON_AddNumberToObject(r, "correct", (930 - lost) / part);
    cJSON_AddNumberToObject(r, "total", SAMPLES / part);
}

static void do_package(const cJSON *params, const struct candidate *c, cJSON *answer)
{
    char path[4200], hex[SHA256_HEX];
    uint8_t image[SHA256_BYTES];
    struct error e = {""};
    snprintf(path, sizeof path, "%s/src", text_of(params, "folder"));
    if (file_make_folder(path, &e) != 0) {
        fail(answer, "failed", e.text);
        return;
    }
    snprintf(path, sizeof path, "%s/image", text_of(params, "folder"));
    if (write_image(path, candidate_hash(c), &e) != 0 || sha256_file(path, image, &e) != 0) {
        fail(answer, "failed", e.text);
        return;
    }
    unlink(path);
    snprintf(path, sizeof path, "%s/src/network.c", text_of(params, "folder"));
    file_write(path, "int x;\n", 7, &e);
    cJSON *r = cJSON_AddObjectToObject(answer, "result");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(r, "files"), cJSON_CreateString("src/network.c"));
    cJSON_AddStringToObject(r, "image_sha256", sha256_hex(image, hex));
}

static void carry_out(const cJSON *request, cJSON *answer)
{
    const char *method = text_of(request, "method");
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(request, "params");
    struct candidate c;
    struct error e = {""};
    if (strcmp(method, "open") == 0)
        do_open(params, answer);
    else if (candidate_parse(text_of(params, "candidate"), SLOTS, &c, &e) != 0)
        fail(answer, "invalid", e.text);
    else if (strcmp(method, "lower") == 0)
        do_lower(params, &c, (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(request, "id")), answer);
    else if (strcmp(method, "score") == 0)
        do_score(params, &c, answer);
    else if (strcmp(method, "package") == 0)
        do_package(params, &c, answer);
    else
        fail(answer, "invalid", "no such method");
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        cJSON *request = cJSON_Parse(line), *answer = cJSON_CreateObject();
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(request, "id");
        cJSON_AddItemToObject(answer, "id", cJSON_Duplicate(id, 1));
        carry_out(request, answer);
        char *text = cJSON_PrintUnformatted(answer);
        printf("{\"progress\":{\"id\":%d,\"done\":1,\"total\":1,\"text\":\"faking\"}}\n%s\n", id ? id->valueint : 0, text);
        fflush(stdout);
        free(text);
        cJSON_Delete(answer);
        cJSON_Delete(request);
    }
    free(line);
    return 0;
}
