// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Firmware as people have it (.elf, .hex, .bin), put into a machine's memory.
#ifndef PARE_HWLINK_VBOARD_FIRMWARE_FILE_H
#define PARE_HWLINK_VBOARD_FIRMWARE_FILE_H

#include "base/error.h"
#include "hwlink/vboard/machine.h"

#define FIRMWARE_FILE_MAX (64u << 20) // an .elf with debug information, or 2 MB as .hex, is far below

/* Loads a file by its content: ELF32 for ARM (segments at their load addresses), Intel HEX, else raw bytes for 0x08000000. What does
 * not fit into flash or SRAM is an error. Resets the machine, so that it starts with the new vector table; an image that only fills
 * SRAM starts with the vector table at its lowest address. Returns 0, or -1 with the reason. */
int firmware_file_load(struct machine *m, const char *path, struct error *e);

#endif
