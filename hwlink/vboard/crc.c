// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/crc.h"

enum { DR = 0x00, IDR = 0x04, CR = 0x08, INIT = 0x10, POL = 0x14 };

#define RESET 1u
#define REV_OUT (1u << 7)

void crc_reset(struct crc *c)
{
    *c = (struct crc){.value = ~0u, .initial = ~0u, .polynomial = 0x04c11db7u};
}

/* CR.POLYSIZE: 32, 16, 8 or 7 bits. */
static unsigned width(const struct crc *c)
{
    static const uint8_t bits[4] = {32, 16, 8, 7};
    return bits[c->control >> 3 & 3];
}

static uint32_t mask(unsigned bits)
{
    return bits == 32 ? ~0u : (1u << bits) - 1;
}

/* The order of bits turned round within each group of `bits`, groups of the lowest `size` bytes. */
static uint32_t reversed(uint32_t value, unsigned bits, unsigned all)
{
    uint32_t result = 0;
    for (unsigned i = 0; i < all; i++)
        if (value >> i & 1)
            result |= 1u << (i / bits * bits + (bits - 1 - i % bits));
    return result;
}

/* CR.REV_IN: not, by byte, by half-word, by word. */
static uint32_t as_fed(const struct crc *c, unsigned size, uint32_t value)
{
    static const uint8_t groups[4] = {0, 8, 16, 32};
    unsigned bits = groups[c->control >> 5 & 3];
    bits = bits > 8 * size ? 8 * size : bits;
    return bits ? reversed(value, bits, 8 * size) : value;
}

static void feed(struct crc *c, unsigned size, uint32_t value)
{
    unsigned w = width(c);
    value = as_fed(c, size, value);
    for (int i = (int)(8 * size) - 1; i >= 0; i--) {
        uint32_t out = (c->value >> (w - 1) ^ value >> i) & 1;
        c->value = (c->value << 1 ^ (out ? c->polynomial : 0)) & mask(w);
    }
}

uint32_t crc_read(const struct crc *c, uint32_t offset)
{
    switch (offset) {
    case DR: return c->control & REV_OUT ? reversed(c->value, width(c), width(c)) : c->value;
    case IDR: return c->independent;
    case CR: return c->control;
    case INIT: return c->initial;
    case POL: return c->polynomial;
    default: return 0;
    }
}

void crc_write(struct crc *c, uint32_t offset, unsigned size, uint32_t value)
{
    switch (offset) {
    case DR: feed(c, size, value); break;
    case IDR: c->independent = value; break;
    case INIT: c->initial = value; c->value = value & mask(width(c)); break;
    case POL: c->polynomial = value; break;
    case CR:
        c->control = value & ~RESET;
        if (value & RESET)
            c->value = c->initial & mask(width(c));
        break;
    default: break;
    }
}
