// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a test program prints on a host, on a board's serial line or, emulated elsewhere, through semihosting.
#ifndef PARE_TESTS_FIRMWARE_CONSOLE_H
#define PARE_TESTS_FIRMWARE_CONSOLE_H

#include <stdint.h>

void console_text(const char *text);
void console_unsigned(uint32_t value);
void console_hex(uint32_t value);

/* A ratio with two decimals. */
void console_ratio(uint32_t numerator, uint32_t denominator);

/* Ends the program: exits on a host, prints CONSOLE_END and stops on a board. */
#define CONSOLE_END "-- end --"
_Noreturn void console_end(void);

/* The cycle counter; 0 on a host. */
uint32_t console_cycles(void);

#endif
