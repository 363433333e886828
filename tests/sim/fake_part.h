// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A part as OpenOCD's commands see it: memory, and a runner that answers at once. For tests without OpenOCD.
#ifndef PARE_TESTS_SIM_FAKE_PART_H
#define PARE_TESTS_SIM_FAKE_PART_H

#include "quant/kernels/mailbox.h"

#include <stdbool.h>
#include <stddef.h>

#define FAKE_CYCLES 160000u // of each inference: 1 ms

struct fake_part {
    uint8_t flash[BOARD_FLASH_BYTES];
    uint8_t sram[0x100000];
    uint32_t erases[BOARD_FLASH_BYTES / BOARD_PAGE_BYTES];
    uint8_t outputs[MAILBOX_OUTPUTS_BYTES]; // what the runner computes
    bool dirty_flash;   // something was programmed into pages that were not blank
    char fault[64];     // "hang COMMAND", "fail COMMAND", "die COMMAND": the next command that starts so
    int fault_after;    // it happens at the n-th such command, 0 the first; cleared when it happened
    bool fault_stays;   // it happens again and again
    bool half_writes;   // a write to flash that a fault ends has done its first half
    bool cut;           // now
    bool wrong_outputs, deaf_runner;
    uint32_t idcode, options; // DBGMCU_IDCODE, FLASH_OPTR; 0: those of a new part
};

enum fake_answer { FAKE_GOOD = 0, FAKE_FAIL = -4, FAKE_HANG = 1, FAKE_DIE = 2 };

void fake_part_init(struct fake_part *p); // blank flash

/* Carries out one command ("a; b" one after the other); `reply` gets its text. */
enum fake_answer fake_part_command(struct fake_part *p, const char *command, char *reply, size_t size);

/* A power cycle without a debugger: the runner does the last valid job record. */
void fake_part_power_cycle(struct fake_part *p);

#endif
