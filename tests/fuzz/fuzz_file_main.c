// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Runs the target of a binary format on files as they are, and with --mutations N SEED on N broken versions
// of each, in 2 GiB of memory (but for sanitizers, which need more). fuzz_main.c is for texts.
#include "base/file.h"
#include "base/rng.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FILE_MAX (64u << 20)
#define MEMORY_MAX ((rlim_t)2 << 30) // constants of one file may take 768 MiB
#define HEAD 4096 // where the structure of most formats stands: half of the hits go there

static void mutate(struct rng *r, uint8_t *bytes, size_t *size)
{
    for (uint32_t k = 0, n = 1 + rng_below(r, 8); k < n && *size; k++) {
        size_t range = rng_below(r, 2) && *size > HEAD ? HEAD : *size;
        size_t where = rng_below(r, (uint32_t)range);
        bytes[where] =
            rng_below(r, 2) ? (uint8_t)rng_u32(r) : (uint8_t)(bytes[where] ^ 1u << rng_below(r, 8));
    }
    if (*size && rng_below(r, 8) == 0)
        *size = rng_below(r, (uint32_t)*size);
}

static int run_file(const char *path, long mutations, uint64_t seed)
{
    char *bytes;
    size_t size;
    struct error e = {{0}};
    struct rng r;
    if (file_read(path, FILE_MAX, &bytes, &size, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    rng_seed(&r, seed, 1);
    LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
    uint8_t *broken = malloc(size + 1);
    for (long i = 0; broken && i < mutations; i++) {
        size_t length = size;
        memcpy(broken, bytes, size);
        mutate(&r, broken, &length);
        LLVMFuzzerTestOneInput(broken, length);
    }
    free(broken);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};
    long mutations = 0;
    uint64_t seed = 1;
    int first = 1, failed = 0;
    if (argc > 3 && !strcmp(argv[1], "--mutations")) {
        mutations = strtol(argv[2], NULL, 10);
        seed = strtoull(argv[3], NULL, 10);
        first = 4;
    }
    if (first >= argc) {
        fprintf(stderr, "usage: %s [--mutations N SEED] FILE...\n", argv[0]);
        return 2;
    }
    if (!getenv("ASAN_OPTIONS"))
        setrlimit(RLIMIT_AS, &memory);
    for (int i = first; i < argc; i++)
        failed |= run_file(argv[i], mutations, seed);
    return failed;
}
