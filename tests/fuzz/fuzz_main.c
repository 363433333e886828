// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target on its seeds and on N mutations of them, always the same ones: fuzz_x [N [SEED]], or on files: fuzz_x FILE...
// For coverage-guided runs build the target with clang -fsanitize=fuzzer instead of this file.
#include "base/file.h"
#include "base/rng.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 4096

static struct rng rng;

static size_t seed_count(void)
{
    size_t n = 0;
    while (fuzz_seeds[n])
        n++;
    return n;
}

static const char *any_seed(void)
{
    return fuzz_seeds[rng_below(&rng, (uint32_t)seed_count())];
}

/* Puts `n` bytes in the place of `cut` bytes at `at`. */
static size_t splice(uint8_t *data, size_t size, size_t at, size_t cut, const void *bytes, size_t n)
{
    if (size - cut + n > INPUT_MAX)
        return size;
    memmove(data + at + n, data + at + cut, size - at - cut);
    memcpy(data + at, bytes, n);
    return size - cut + n;
}

static size_t mutate(uint8_t *data, size_t size)
{
    static const char tokens[] = "{}[]\",:\\-+.eE0189truefalsn \n\xff\xc3\xa9\x01";
    size_t at = rng_below(&rng, (uint32_t)size + 1);
    size_t left = size - at;
    switch (rng_below(&rng, 6)) {
    case 0: // a token
        return splice(data, size, at, left > 0, tokens + rng_below(&rng, sizeof tokens - 1), 1);
    case 1: // any byte
        return splice(data, size, at, left > 0, &(uint8_t){(uint8_t)rng_u32(&rng)}, 1);
    case 2: // something is lost
        return splice(data, size, at, left ? rng_below(&rng, (uint32_t)(left < 16 ? left : 16) + 1) : 0, "", 0);
    case 3: // the rest is lost
        return at;
    case 4: { // something of another seed
        const char *other = any_seed();
        size_t n = strlen(other), from = rng_below(&rng, (uint32_t)n + 1);
        return splice(data, size, at, 0, other + from, rng_below(&rng, (uint32_t)(n - from) + 1));
    }
    default: { // something again
        uint8_t piece[32];
        size_t n = rng_below(&rng, (uint32_t)(left < sizeof piece ? left : sizeof piece) + 1);
        memcpy(piece, data + at, n);
        return splice(data, size, at, 0, piece, n);
    }
    }
}

static void run_mutations(long n)
{
    for (long i = 0; i < n; i++) {
        const char *seed = any_seed();
        size_t size = strlen(seed) < INPUT_MAX ? strlen(seed) : INPUT_MAX;
        uint8_t *data = malloc(INPUT_MAX);
        memcpy(data, seed, size);
        for (uint32_t m = rng_below(&rng, 8); m < 8; m++)
            size = mutate(data, size);
        uint8_t *exact = malloc(size + 1); // so that a sanitizer sees one byte too many
        memcpy(exact, data, size);
        free(data);
        exact = realloc(exact, size ? size : 1);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
}

static int run_file(const char *path)
{
    struct error e;
    char *data;
    size_t size;
    if (file_read(path, 1 << 26, &data, &size, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        return EXIT_FAILURE;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    free(data);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    long n = argc > 1 ? strtol(argv[1], &end, 10) : 100000;
    if (end && *end) {
        for (int i = 1; i < argc; i++)
            if (run_file(argv[i]) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
    }
    rng_seed(&rng, argc > 2 ? strtoull(argv[2], NULL, 10) : 1, 1);
    for (size_t i = 0; fuzz_seeds[i]; i++)
        LLVMFuzzerTestOneInput((const uint8_t *)fuzz_seeds[i], strlen(fuzz_seeds[i]));
    run_mutations(n);
    printf("%ld mutations of %zu seeds\n", n, seed_count());
    return EXIT_SUCCESS;
}
