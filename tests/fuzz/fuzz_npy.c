// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Takes bytes as a .npy file: whatever they are, there is an answer, and every element can be read.
#include "quant/net/npy.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct npy a;
    struct error e = {{0}};
    char text[64];
    char *copy = malloc(size + 1); // of exactly this size, so that a sanitizer sees a step too far
    if (!copy)
        return 0;
    memcpy(copy, bytes, size);
    if (npy_parse(copy, size, &a, &e)) {
        if (!e.text[0])
            abort();
    } else {
        for (size_t i = 0; i < a.elements; i++)
            (void)npy_number(&a, copy, i);
        npy_shape_text(&a, 0, text, sizeof text);
    }
    free(copy);
    return 0;
}
