// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A user of the package `kws`: answers all samples of a .npy file and counts what is right. Built by
// test_package_demo.sh. usage: predict X.npy Y.npy SCALE
#include <kws.h>

#include <stdio.h>
#include <stdlib.h>

static uint8_t arena[KWS_ARENA_BYTES] __attribute__((aligned(KWS_ARENA_ALIGN)));

/* Opens a .npy file of version 1.0 at its first value. */
static FILE *open_npy(const char *path)
{
    unsigned char head[10];
    FILE *f = fopen(path, "rb");
    if (!f || fread(head, 1, sizeof head, f) != sizeof head ||
        fseek(f, 10 + head[8] + 256 * head[9], SEEK_SET)) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    return f;
}

int main(int argc, char **argv)
{
    struct kws n;
    int correct = 0, label;
    if (argc != 4 || kws_init(&n, arena, sizeof arena))
        return 2;
    FILE *x = open_npy(argv[1]), *y = open_npy(argv[2]);
    signed char stored[KWS_INPUT_ELEMENTS];
    while (fread(stored, 1, sizeof stored, x) == sizeof stored && (label = fgetc(y)) != EOF) {
        float features[KWS_INPUT_ELEMENTS];
        for (size_t i = 0; i < KWS_INPUT_ELEMENTS; i++)
            features[i] = (float)(atof(argv[3]) * stored[i]);
        kws_quantize(&n, features);
        kws_run(&n);
        correct += (int)kws_class(&n) == label;
    }
    printf("%d\n", correct);
    return 0;
}
