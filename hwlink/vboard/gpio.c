// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/gpio.h"

#include <string.h>

enum { MODER = 0, IDR = 4, ODR = 5, BSRR = 6, BRR = 10, WORDS = 12 };

#define MODER_RESET 0xffffffffu // analog

/* The pins of a port that are outputs, as a mask. */
static uint32_t outputs(const struct gpio *g, uint32_t port)
{
    uint32_t mask = 0;
    for (uint32_t pin = 0; pin < 16; pin++)
        if ((g->registers[port][MODER] >> 2 * pin & 3) == 1)
            mask |= 1u << pin;
    return mask;
}

static uint32_t levels(const struct gpio *g, uint32_t port)
{
    return g->registers[port][ODR] & outputs(g, port);
}

int gpio_level(const struct gpio *g, uint32_t port, uint32_t pin)
{
    return levels(g, port) >> pin & 1;
}

uint32_t gpio_read(const struct gpio *g, uint32_t offset)
{
    uint32_t port = offset / GPIO_PORT_BYTES, word = offset % GPIO_PORT_BYTES / 4;
    if (port >= GPIO_PORTS || word >= WORDS || word == BSRR || word == BRR)
        return 0;
    if (word == IDR)
        return levels(g, port) | (g->inputs[port] & ~outputs(g, port));
    return g->registers[port][word];
}

static void tell(const struct gpio *g, uint32_t port, uint32_t before)
{
    uint32_t after = levels(g, port), different = before ^ after;
    for (uint32_t pin = 0; different >> pin && g->changed; pin++)
        if (different >> pin & 1)
            g->changed(g->user, port, pin, after >> pin & 1);
}

void gpio_reset(struct gpio *g)
{
    for (uint32_t i = 0; i < GPIO_PORTS; i++) {
        uint32_t before = levels(g, i);
        memset(g->registers[i], 0, sizeof g->registers[i]);
        g->registers[i][MODER] = i == 0 ? 0xabffffffu : i == 1 ? 0xfffffebfu : MODER_RESET;
        tell(g, i, before);
    }
}

void gpio_write(struct gpio *g, uint32_t offset, uint32_t value)
{
    uint32_t port = offset / GPIO_PORT_BYTES, word = offset % GPIO_PORT_BYTES / 4;
    if (port >= GPIO_PORTS || word >= WORDS || word == IDR)
        return;
    uint32_t before = levels(g, port), *odr = &g->registers[port][ODR];
    if (word == BSRR)
        *odr = ((*odr & ~(value >> 16)) | value) & 0xffff;
    else if (word == BRR)
        *odr &= ~value;
    else
        g->registers[port][word] = word == ODR ? value & 0xffff : value;
    tell(g, port, before);
}
