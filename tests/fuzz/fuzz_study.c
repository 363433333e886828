// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Takes bytes as a study file: whatever they are, there is an answer, and what is taken can be written and read again.
#include "daemon/study_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1000000 // longer ones do not come through the socket

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct study_file f, again;
    struct error e = {{0}};
    char field[KEYS_FIELD_MAX];
    if (size > TEXT_MAX)
        return 0;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, bytes, size);
    text[size] = 0;
    if (study_file_parse(text, "/folder", NULL, &f, field, &e)) {
        if (!e.text[0] || strchr(e.text, '\n'))
            abort();
    } else {
        char *written = study_file_text(&f);
        if (!written || study_file_parse(written, NULL, NULL, &again, field, &e) || memcmp(&f.options, &again.options, sizeof f.options) != 0)
            abort();
        free(written);
    }
    free(text);
    return 0;
}
