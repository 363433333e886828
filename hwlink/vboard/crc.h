// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The CRC unit: vendor libraries look there whether they run on an STM32. Source: RM0456 chapter "CRC calculation unit".
#ifndef PARE_HWLINK_VBOARD_CRC_H
#define PARE_HWLINK_VBOARD_CRC_H

#include <stdint.h>

#define CRC_BASE 0x40023000u
#define CRC_BYTES 0x400u

struct crc {
    uint32_t value, independent, control, initial, polynomial;
};

void crc_reset(struct crc *c);
uint32_t crc_read(const struct crc *c, uint32_t offset);
void crc_write(struct crc *c, uint32_t offset, unsigned size, uint32_t value); // size: bytes that are fed at once into DR

#endif
