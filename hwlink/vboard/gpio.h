// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// General-purpose pins: outputs, their levels, and a call when one of them changes. Source: RM0456 chapter 13.
#ifndef PARE_HWLINK_VBOARD_GPIO_H
#define PARE_HWLINK_VBOARD_GPIO_H

#include <stdint.h>

#define GPIO_BASE 0x42020000u
#define GPIO_PORTS 9u // A to I
#define GPIO_PORT_BYTES 0x400u

struct gpio {
    uint32_t registers[GPIO_PORTS][12]; // MODER .. BRR as written
    uint32_t inputs[GPIO_PORTS];        // levels that are put on pins from outside
    /* A pin that is an output changed its level, by the core's thread, within the store. May be NULL. */
    void (*changed)(void *user, uint32_t port, uint32_t pin, int level);
    void *user;
};

void gpio_reset(struct gpio *g);
uint32_t gpio_read(const struct gpio *g, uint32_t offset); // offsets from GPIO_BASE
void gpio_write(struct gpio *g, uint32_t offset, uint32_t value);

/* The level of a pin that is an output; 0 for others. */
int gpio_level(const struct gpio *g, uint32_t port, uint32_t pin);

#endif
