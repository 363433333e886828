// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A checkpoint of training: magic, version, key, step, loss, the tuner's values and moments, and a SHA-256. Private to this folder.
#ifndef PARE_QUANT_TUNE_TUNE_FILE_H
#define PARE_QUANT_TUNE_TUNE_FILE_H

#include "quant/tune/tuner.h"

#define TUNE_FILE_VERSION 1u // also of what training comes to: results of another version are made again
#define TUNE_FILE_MAX (1u << 30)

int tune_file_save(const char *path, const uint8_t key[SHA256_BYTES], const struct tuner *t, int step, double loss,
                   struct error *e);

/* Leaves everything as it is when the file is missing, broken (which is logged) or of another key. */
void tune_file_load(const char *path, const uint8_t key[SHA256_BYTES], struct tuner *t, int *step, double *loss);

#endif
