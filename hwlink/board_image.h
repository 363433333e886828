// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An image file in memory, checked, with its program ready to be given addresses.
#ifndef PARE_HWLINK_BOARD_IMAGE_H
#define PARE_HWLINK_BOARD_IMAGE_H

#include "base/error.h"
#include "base/sha256.h"
#include "quant/kernels/image.h"

#include <stdbool.h>
#include <stddef.h>

#define BOARD_IMAGE_MAX (8u << 20) // bytes of an image file: four times the part's flash

/* All pointers go into `data`, which the image owns. */
struct board_image {
    char *data; // NULL while empty
    size_t size;
    uint8_t sha256[SHA256_BYTES]; // of the file as it was read
    const struct image_file *file;
    const struct image_file_blob *blobs; // file->n_blobs
    struct image_program *program;       // its blob addresses are set by board_image_patch
    const struct image_op *ops;          // program->n_ops
    const uint8_t *inputs, *expected;
};

/* Reads and checks: every offset, count and size lies inside the file and what the board can hold, and blobs have the
 * contents that their SHA-256 says. Returns 0, or -1 with the reason; `i` is then empty. */
int board_image_read(const char *path, struct board_image *i, struct error *e);
void board_image_finish(struct board_image *i);

#define BOARD_FLOAT_TOLERANCE 0.001 // of a sample's largest output: the board fuses multiplications and additions

/* Whether `outputs` (expected_bytes) are what the host computed: bit for bit, or of a float32 program within BOARD_FLOAT_TOLERANCE. */
bool board_image_agrees(const struct board_image *i, const void *outputs);

/* Gives blob `k` its address on the board. The program's own checksum does not cover addresses. */
void board_image_patch(struct board_image *i, uint32_t k, uint32_t address);

#endif
