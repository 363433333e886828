// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Prints a study's digest: what must be equal in a study left alone and in one that was killed. usage: store_digest DATABASE STUDY
#include "schema/store.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct error e = {""};
    char hex[SHA256_HEX];
    int64_t study;
    if (argc != 3) {
        fprintf(stderr, "usage: store_digest DATABASE STUDY\n");
        return 2;
    }
    struct store_reader *r = store_reader_open(argv[1], &e);
    int rc = r ? store_read_study_number(r, argv[2], &study, &e) : -1;
    if (rc == 0)
        rc = store_digest(r, study, hex, &e);
    if (rc == 0)
        printf("%s\n", hex);
    else
        fprintf(stderr, "%s\n", e.text);
    store_reader_close(r);
    return rc == 0 ? 0 : 1;
}
