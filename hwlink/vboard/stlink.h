// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An ST-LINK/V3 as its USB commands see it (dapdirect_swd, and the older hla_swd). Pure: no sockets. Source: the commands that
// OpenOCD 0.12's src/jtag/drivers/stlink_usb.c sends.
#ifndef PARE_HWLINK_VBOARD_STLINK_H
#define PARE_HWLINK_VBOARD_STLINK_H

#include "hwlink/vboard/dap.h"

#include <stdbool.h>
#include <stdint.h>

#define STLINK_COMMAND_BYTES 16u
#define STLINK_DATA_MAX 10240u // of one command, either way: OpenOCD's buffers have as much
#define STLINK_VID 0x0483u
#define STLINK_PID 0x374eu     // STLINK-V3E
#define STLINK_MISC_MAX 1227u  // items of one batch (RW_MISC)

struct stlink {
    struct dap *dap;
    /* The target's supply; 0 when it is off: then nothing on the wire answers. */
    uint32_t (*supply_mv)(void *user);
    /* The reset line: asserted or released. */
    void (*drive_reset)(void *user, bool asserted);
    void *user;
    bool in_debug_mode;
    uint8_t status;                // of the last memory access
    uint32_t fault_address;
    uint32_t misc_items;           // answers of the last batch that wait to be read
    uint32_t misc[2 * STLINK_MISC_MAX];
};

void stlink_init(struct stlink *s, struct dap *dap);

/* Carries out one command. `in` has `size` bytes if the host sends data; else `out` is filled with `size` bytes (zeros where the
 * command says nothing). `size` is at most STLINK_DATA_MAX. */
void stlink_write(struct stlink *s, const uint8_t command[STLINK_COMMAND_BYTES], const uint8_t *in, uint32_t size);
void stlink_read(struct stlink *s, const uint8_t command[STLINK_COMMAND_BYTES], uint8_t *out, uint32_t size);

/* The host let go of the probe. */
void stlink_release(struct stlink *s);

#endif
