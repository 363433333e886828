// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4): names for networks, data, blobs and images.
#ifndef PARE_BASE_SHA256_H
#define PARE_BASE_SHA256_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX 65 // with the NUL

struct sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t size);
void sha256_finish(struct sha256 *s, uint8_t digest[SHA256_BYTES]);

void sha256_of(const void *data, size_t size, uint8_t digest[SHA256_BYTES]);
char *sha256_hex(const uint8_t digest[SHA256_BYTES], char text[SHA256_HEX]); // returns text
int sha256_parse(const char *hex, uint8_t digest[SHA256_BYTES]);             // 0, or -1 if not 64 hex digits

/* Of a whole file, read in pieces. Returns 0, or -1 with the reason. */
int sha256_file(const char *path, uint8_t digest[SHA256_BYTES], struct error *e);

#endif
