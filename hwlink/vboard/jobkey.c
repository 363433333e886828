// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/jobkey.h"

#include "base/sha256.h"
#include "quant/kernels/mailbox.h"

#include <string.h>

#define PROGRAM_MAX 0x100000u // bytes of a program; longer is none

/* `bytes` of flash at a bus address, or NULL. */
static const uint8_t *at(const uint8_t *flash, uint32_t address, uint32_t bytes)
{
    uint32_t offset = address - BOARD_FLASH_ADDRESS;
    return offset <= BOARD_FLASH_BYTES && bytes <= BOARD_FLASH_BYTES - offset ? flash + offset : NULL;
}

static struct mailbox_job newest_job(const uint8_t *flash)
{
    struct mailbox_job job, newest = {0};
    const uint8_t *record = flash + BOARD_JOB_PAGE * BOARD_PAGE_BYTES;
    for (uint32_t i = 0; i < BOARD_JOB_PAGES * BOARD_PAGE_BYTES / sizeof job; i++) {
        memcpy(&job, record + i * sizeof job, sizeof job);
        if (job.magic == MAILBOX_MAGIC && job.version == MAILBOX_VERSION && job.sequence > newest.sequence)
            newest = job;
    }
    return newest;
}

static void add_blob(struct sha256 *s, const uint8_t *flash, const struct image_blob *blob)
{
    const uint8_t *data = at(flash, blob->address, blob->bytes);
    sha256_update(s, &blob->bytes, sizeof blob->bytes);
    if (data)
        sha256_update(s, data, blob->bytes);
}

/* The program's checksum leaves out the addresses of its blobs, so it names the program wherever it stands. */
static int add_program(struct sha256 *s, const uint8_t *flash, uint32_t address)
{
    struct image_program p;
    const uint8_t *data = at(flash, address, sizeof p);
    if (!data)
        return -1;
    memcpy(&p, data, sizeof p);
    if (p.magic != IMAGE_PROGRAM_MAGIC || p.bytes > PROGRAM_MAX || !at(flash, address, p.bytes) ||
        p.n_blobs > IMAGE_BLOBS_MAX || p.blobs_offset > p.bytes ||
        p.n_blobs * sizeof(struct image_blob) > p.bytes - p.blobs_offset)
        return -1;
    sha256_update(s, &p.crc32, sizeof p.crc32);
    for (uint32_t i = 0; i < p.n_blobs; i++) {
        struct image_blob blob;
        memcpy(&blob, data + p.blobs_offset + i * sizeof blob, sizeof blob);
        add_blob(s, flash, &blob);
    }
    return 0;
}

struct jobkey jobkey_of(const uint8_t *flash)
{
    struct sha256 s;
    uint8_t digest[SHA256_BYTES];
    struct mailbox_job job = newest_job(flash);
    struct jobkey key = {.sequence = job.sequence};
    sha256_init(&s);
    if (job.sequence == 0 || add_program(&s, flash, job.program_address) != 0) {
        sha256_init(&s);
        sha256_update(&s, flash, BOARD_FLASH_BYTES);
    }
    sha256_finish(&s, digest);
    memcpy(&key.image, digest, sizeof key.image);
    return key;
}
