// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How codes of few bits stand in memory: rows of weights, activations, and the checksum over both.
#ifndef PARE_QUANT_KERNELS_PACK_H
#define PARE_QUANT_KERNELS_PACK_H

#include <stddef.h>
#include <stdint.h>

/* A row of weights is a sequence of 32-bit words. Widths that divide 16 stand in two 16-bit lanes, so that one AND takes
 * the pair that one dual multiply needs: of the 32/bits codes of a word, code 2j is at bit j*bits and code 2j+1 at bit
 * 16+j*bits. Other widths stand little end first without gaps (code i at bit i*bits of the row). Bits after the last
 * code are zero. */
static inline int pack_in_lanes(unsigned bits)
{
    return bits != 0 && 16 % bits == 0;
}

/* Bytes of a row of n codes: a multiple of 4. */
size_t pack_row_bytes(size_t n, unsigned bits);

/* Writes the n codes (each < 2^bits, bits 1..16) of one row; `row` has pack_row_bytes(n, bits) bytes and is 4-aligned. */
void pack_row(void *row, const uint16_t *codes, size_t n, unsigned bits);

/* The code at index i of a row. */
unsigned pack_row_code(const void *row, size_t i, unsigned bits);

/* The first n codes of a row. */
void unpack_row(uint16_t *codes, const void *row, size_t n, unsigned bits);

/* The uniform code of a weight w in -2^(bits-1) .. 2^(bits-1)-1, and back. */
static inline uint16_t pack_code(int w, unsigned bits)
{
    return (uint16_t)(w + (1 << (bits - 1)));
}
static inline int pack_weight(unsigned code, unsigned bits)
{
    return (int)code - (1 << (bits - 1));
}

/* Bytes of n packed activations: ceil(n*bits/8), bits 1..16 or 32. */
size_t pack_bytes(size_t n, unsigned bits);

/* Activations `first`.. of a tensor of `bits` (1..16, two's complement), n of them. `unpack_run` writes value + offset,
 * which must fit int16. `pack_run` leaves the neighbours in shared bytes alone. */
void unpack_run(int16_t *out, const void *tensor, size_t first, size_t n, unsigned bits, int offset);
void pack_run(void *tensor, const int16_t *values, size_t first, size_t n, unsigned bits);

/* CRC-32 of IEEE 802.3 (reflected, as in zlib). Begin with crc 0; the result of one call goes into the next. */
uint32_t pack_crc32(uint32_t crc, const void *data, size_t bytes);

#endif
