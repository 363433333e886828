// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/kernels/pack.h"

#include "quant/kernels/simd.h"

static unsigned lane_bit(size_t i, unsigned bits)
{
    unsigned in_word = (unsigned)(i % (32 / bits));
    return (in_word & 1) * 16 + (in_word >> 1) * bits;
}

size_t pack_row_bytes(size_t n, unsigned bits)
{
    return (n * bits + 31) / 32 * 4;
}

size_t pack_bytes(size_t n, unsigned bits)
{
    return (n * bits + 7) / 8;
}

static size_t row_bit(size_t i, unsigned bits)
{
    return pack_in_lanes(bits) ? i / (32 / bits) * 32 + lane_bit(i, bits) : i * bits;
}

/* Up to 16 bits at any bit position; touches only the bytes that hold them. */
static unsigned get_bits(const uint8_t *p, size_t bit, unsigned bits)
{
    unsigned value = 0;
    unsigned have = 0;
    for (const uint8_t *b = p + bit / 8; have < (bit & 7) + bits; have += 8)
        value |= (unsigned)*b++ << have;
    return value >> (bit & 7) & ((1u << bits) - 1);
}

static void put_bits(uint8_t *p, size_t bit, unsigned bits, unsigned value)
{
    unsigned mask = ((1u << bits) - 1) << (bit & 7);
    value = value << (bit & 7) & mask;
    for (uint8_t *b = p + bit / 8; mask; b++, mask >>= 8, value >>= 8)
        *b = (uint8_t)((*b & ~mask) | value);
}

void pack_row(void *row, const uint16_t *codes, size_t n, unsigned bits)
{
    uint8_t *bytes = row;
    for (size_t i = 0; i < pack_row_bytes(n, bits); i++)
        bytes[i] = 0;
    for (size_t i = 0; i < n; i++)
        put_bits(bytes, row_bit(i, bits), bits, codes[i]);
}

unsigned pack_row_code(const void *row, size_t i, unsigned bits)
{
    return get_bits(row, row_bit(i, bits), bits);
}

static int sign_extend(unsigned value, unsigned bits)
{
    unsigned sign = 1u << (bits - 1);
    return (int)(value ^ sign) - (int)sign;
}

/* Reads codes that stand without gaps, from any bit on; touches no byte that holds none of them. */
struct reader {
    const uint8_t *next;
    unsigned window, have; // bits read and not yet taken
};

static struct reader reader_at(const uint8_t *bytes, size_t bit)
{
    struct reader r = {bytes + bit / 8, 0, 0};
    if (bit % 8) {
        r.window = (unsigned)*r.next++ >> bit % 8;
        r.have = 8 - bit % 8;
    }
    return r;
}

SIMD_INLINE unsigned reader_take(struct reader *r, unsigned bits)
{
    for (; r->have < bits; r->have += 8)
        r->window |= (unsigned)*r->next++ << r->have;
    unsigned value = r->window & ((1u << bits) - 1);
    r->window >>= bits, r->have -= bits;
    return value;
}

void unpack_row(uint16_t *codes, const void *row, size_t n, unsigned bits)
{
    if (pack_in_lanes(bits)) {
        const simd_word *words = row;
        uint32_t mask = (1u << bits) - 1;
        for (size_t i = 0; i < n; i++)
            codes[i] = (uint16_t)(words[i / (32 / bits)] >> lane_bit(i, bits) & mask);
        return;
    }
    struct reader r = reader_at(row, 0);
    for (size_t i = 0; i < n; i++)
        codes[i] = (uint16_t)reader_take(&r, bits);
}

/* Any width, element by element. */
static void unpack_any(int16_t *out, const uint8_t *bytes, size_t first, size_t n, unsigned bits, int offset)
{
    struct reader r = reader_at(bytes, first * bits);
    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)(sign_extend(reader_take(&r, bits), bits) + offset);
}

SIMD_INLINE void put_wide(simd_word_unaligned *to, uint32_t bytes, uint32_t offset)
{
    simd_word wide[2];
    simd_widen_bytes(bytes, offset, wide);
    to[0] = wide[0], to[1] = wide[1];
}

void unpack_run(int16_t *out, const void *tensor, size_t first, size_t n, unsigned bits, int offset)
{
    const uint8_t *bytes = tensor;
    uint32_t offsets = (uint16_t)offset * 0x10001u;
    simd_word_unaligned *to = (simd_word_unaligned *)(void *)out;
    if (bits == 8) {
        const simd_word_unaligned *from = (const void *)(bytes + first);
        size_t tail = n % 4;
        first += n - tail;
        for (; n >= 16; n -= 16, from += 4, to += 8) {
            uint32_t a = from[0], b = from[1], c = from[2], d = from[3];
            put_wide(to, a, offsets), put_wide(to + 2, b, offsets), put_wide(to + 4, c, offsets), put_wide(to + 6, d, offsets);
        }
        for (; n >= 4; n -= 4, to += 2)
            put_wide(to, *from++, offsets);
    } else if (bits == 4 && first % 2 == 0) {
        offsets = simd_nibble_offset(offsets);
        for (bytes += first / 2; n >= 8; n -= 8, bytes += 4, first += 8, to += 4) {
            simd_word wide[4];
            simd_widen_nibbles(*(const simd_word_unaligned *)(const void *)bytes, offsets, 0, wide);
            to[0] = wide[0], to[1] = wide[1], to[2] = wide[2], to[3] = wide[3];
        }
    }
    if (n)
        unpack_any((int16_t *)(void *)to, tensor, first, n, bits, offset);
}

void pack_run(void *tensor, const int16_t *values, size_t first, size_t n, unsigned bits)
{
    uint8_t *bytes = tensor;
    size_t i = 0;
    if (bits == 8)
        for (bytes += first; i < n; i++)
            bytes[i] = (uint8_t)values[i];
    else if (bits == 4 && first % 2 == 0)
        for (; i + 2 <= n; i += 2)
            bytes[(first + i) / 2] = (uint8_t)((values[i] & 15) | values[i + 1] << 4);
    for (; i < n; i++)
        put_bits(bytes, (first + i) * bits, bits, (uint16_t)values[i]);
}

uint32_t pack_crc32(uint32_t crc, const void *data, size_t bytes)
{
    static const uint32_t nibbles[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *p = data;
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}
