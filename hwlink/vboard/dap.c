// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/dap.h"

#include <string.h>

#define PWRUP_REQUESTS (1u << 28 | 1u << 30)
#define ORUNDETECT 1u
#define CSW_SIZE 7u
#define CSW_INCREMENT (3u << 4)
#define CSW_SINGLE (1u << 4)
#define CSW_ENABLED (1u << 6)
#define CSW_RESET 0x03000002u
#define TAR_WRAP 0x400u // auto-increment stays within 1 KiB

void dap_reset(struct dap *d)
{
    d->ctrl_stat = d->select = d->rdbuff = d->tar = 0;
    d->csw = CSW_RESET;
    d->ill_count = 0;
}

/* --- the debug port --- */

enum dap_ack dap_read_dp(struct dap *d, uint32_t reg, uint32_t *value)
{
    *value = 0;
    switch (reg & 0xf) {
    case DAP_DP_DPIDR:
        *value = DAP_DPIDR;
        break;
    case DAP_DP_CTRL_STAT:
        if ((d->select & 0xf) == 0 && (reg & 0xf0) == 0)
            *value = d->ctrl_stat | (d->ctrl_stat & PWRUP_REQUESTS) << 1; // acknowledged at once
        break;
    case DAP_DP_RDBUFF:
        *value = d->rdbuff;
        break;
    default:
        break;
    }
    return DAP_OK;
}

enum dap_ack dap_write_dp(struct dap *d, uint32_t reg, uint32_t value)
{
    switch (reg & 0xf) {
    case DAP_DP_ABORT:
        if (value & DAP_ABORT_STKERRCLR)
            d->ctrl_stat &= ~DAP_STICKYERR;
        break;
    case DAP_DP_CTRL_STAT:
        d->ctrl_stat = (d->ctrl_stat & DAP_STICKYERR) | (value & (PWRUP_REQUESTS | ORUNDETECT));
        break;
    case DAP_DP_SELECT:
        d->select = value;
        break;
    default:
        break;
    }
    return DAP_OK;
}

/* --- the access port --- */

static enum dap_ack permit(struct dap *d)
{
    if (d->ill_count > 0) {
        d->ill_count -= d->ill_count != DAP_ILL_FOR_EVER;
        if (d->ill == DAP_FAULT)
            d->ctrl_stat |= DAP_STICKYERR;
        return d->ill;
    }
    return d->ctrl_stat & DAP_STICKYERR ? DAP_FAULT : DAP_OK;
}

static enum dap_ack bus(struct dap *d, uint32_t address, unsigned size, bool write, uint32_t *value)
{
    enum dap_ack ack = permit(d);
    if (ack != DAP_OK)
        return ack;
    int rc = write ? d->write(d->user, address, size, *value) : d->read(d->user, address, size, value);
    if (rc == 0)
        return DAP_OK;
    d->ctrl_stat |= DAP_STICKYERR;
    return DAP_FAULT;
}

static unsigned access_bytes(const struct dap *d)
{
    return (d->csw & CSW_SIZE) == 0 ? 1 : (d->csw & CSW_SIZE) == 1 ? 2 : 4;
}

/* DRW: narrow data stand in the lanes of their address; then TAR goes on. */
static enum dap_ack transfer(struct dap *d, bool write, uint32_t *value)
{
    unsigned size = access_bytes(d), shift = size == 4 ? 0 : 8 * (d->tar & (4 - size));
    uint32_t mask = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1, data = write ? *value >> shift & mask : 0;
    enum dap_ack ack = bus(d, d->tar, size, write, &data);
    if (ack != DAP_OK)
        return ack;
    if (!write)
        *value = (data & mask) << shift;
    if (d->csw & CSW_INCREMENT)
        d->tar = (d->tar & ~(TAR_WRAP - 1)) | ((d->tar + size) & (TAR_WRAP - 1));
    return DAP_OK;
}

enum dap_ack dap_read_ap(struct dap *d, uint32_t ap, uint32_t reg, uint32_t *value)
{
    enum dap_ack ack = DAP_OK;
    *value = 0;
    if (ap != 0)
        return DAP_OK;
    switch (reg & 0xfc) {
    case DAP_AP_CSW:
        *value = d->csw | CSW_ENABLED;
        break;
    case DAP_AP_TAR:
        *value = d->tar;
        break;
    case DAP_AP_DRW:
        ack = transfer(d, false, value);
        break;
    case DAP_AP_BASE_:
        *value = DAP_AP_BASE;
        break;
    case DAP_AP_IDR_:
        *value = DAP_AP_IDR;
        break;
    default:
        if ((reg & 0xf0) == DAP_AP_BD0)
            ack = bus(d, (d->tar & ~0xfu) | (reg & 0xc), 4, false, value);
        break;
    }
    d->rdbuff = *value;
    return ack;
}

enum dap_ack dap_write_ap(struct dap *d, uint32_t ap, uint32_t reg, uint32_t value)
{
    if (ap != 0)
        return DAP_OK;
    switch (reg & 0xfc) {
    case DAP_AP_CSW: // packed transfers are not offered: they read back as single
        d->csw = (value & CSW_INCREMENT) == 2u << 4 ? (value & ~CSW_INCREMENT) | CSW_SINGLE : value;
        return DAP_OK;
    case DAP_AP_TAR:
        d->tar = value;
        return DAP_OK;
    case DAP_AP_DRW:
        return transfer(d, true, &value);
    default:
        return (reg & 0xf0) == DAP_AP_BD0 ? bus(d, (d->tar & ~0xfu) | (reg & 0xc), 4, true, &value) : DAP_OK;
    }
}

/* --- runs of accesses --- */

static void leave(struct dap *d, uint32_t address, unsigned size, bool increment)
{
    d->csw = (d->csw & ~(CSW_SIZE | CSW_INCREMENT)) | (size == 4 ? 2 : size - 1) | (increment ? CSW_SINGLE : 0);
    d->tar = address;
}

enum dap_ack dap_read_block(struct dap *d, uint32_t ap, uint32_t address, unsigned size, bool increment, uint8_t *data,
                            uint32_t bytes, uint32_t *fault_address)
{
    memset(data, 0, bytes);
    for (uint32_t i = 0; ap == 0 && i + size <= bytes; i += size) {
        uint32_t at = increment ? address + i : address, value = 0;
        enum dap_ack ack = bus(d, at, size, false, &value);
        if (ack != DAP_OK) {
            *fault_address = at;
            return ack;
        }
        memcpy(data + i, &value, size); // both sides are little-endian
    }
    leave(d, increment ? address + bytes : address, size, increment);
    return DAP_OK;
}

enum dap_ack dap_write_block(struct dap *d, uint32_t ap, uint32_t address, unsigned size, bool increment,
                             const uint8_t *data, uint32_t bytes, uint32_t *fault_address)
{
    for (uint32_t i = 0; ap == 0 && i + size <= bytes; i += size) {
        uint32_t at = increment ? address + i : address, value = 0;
        memcpy(&value, data + i, size);
        enum dap_ack ack = bus(d, at, size, true, &value);
        if (ack != DAP_OK) {
            *fault_address = at;
            return ack;
        }
    }
    leave(d, increment ? address + bytes : address, size, increment);
    return DAP_OK;
}
