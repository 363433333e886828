// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The debug access port: an SWD debug port (DPv2) with one memory access port. Source: Arm ADIv5.2 (IHI 0031), chapters B2 and C2.
#ifndef PARE_HWLINK_VBOARD_DAP_H
#define PARE_HWLINK_VBOARD_DAP_H

#include <stdbool.h>
#include <stdint.h>

#define DAP_DPIDR 0x0be12477u  // of an STM32U5's SWD port
#define DAP_AP_IDR 0x84770001u // MEM-AP on AHB3: found at AP 0 at once; AHB5 makes OpenOCD 0.12 look at 256 APs
#define DAP_AP_BASE 0xe00fe003u

enum { DAP_DP_ABORT = 0x0, DAP_DP_DPIDR = 0x0, DAP_DP_CTRL_STAT = 0x4, DAP_DP_SELECT = 0x8, DAP_DP_RDBUFF = 0xc };
enum { DAP_AP_CSW = 0x00, DAP_AP_TAR = 0x04, DAP_AP_DRW = 0x0c, DAP_AP_BD0 = 0x10, DAP_AP_CFG = 0xf4, DAP_AP_BASE_ = 0xf8,
       DAP_AP_IDR_ = 0xfc };

#define DAP_STICKYERR (1u << 5)
#define DAP_ABORT_STKERRCLR (1u << 2)

enum dap_ack {
    DAP_OK = 0,
    DAP_FAULT, // a bus error, or an earlier one that was not cleared
    DAP_WAIT,
};

struct dap {
    /* The bus behind the access port: 1, 2 or 4 bytes; 0, or -1 for a bus error. */
    int (*read)(void *user, uint32_t address, unsigned size, uint32_t *value);
    int (*write)(void *user, uint32_t address, unsigned size, uint32_t value);
    void *user;
    uint32_t ctrl_stat, select, rdbuff, csw, tar;
    /* A fault for tests: the next `ill_count` accesses of the access port answer `ill`. */
#define DAP_ILL_FOR_EVER UINT32_MAX
    enum dap_ack ill;
    uint32_t ill_count;
};

/* As after power-up; the bus is kept. */
void dap_reset(struct dap *d);

enum dap_ack dap_read_dp(struct dap *d, uint32_t reg, uint32_t *value);
enum dap_ack dap_write_dp(struct dap *d, uint32_t reg, uint32_t value);

/* `reg` is the whole register number (bank and all). Access ports other than 0 read 0 and ignore writes. */
enum dap_ack dap_read_ap(struct dap *d, uint32_t ap, uint32_t reg, uint32_t *value);
enum dap_ack dap_write_ap(struct dap *d, uint32_t ap, uint32_t reg, uint32_t value);

/* A run of accesses of `size` bytes each through the access port, as a probe does them by itself. `increment` false: all at one
 * address. Leaves CSW and TAR as such a run does. On a fault *fault_address is the access's, what came before is done. */
enum dap_ack dap_read_block(struct dap *d, uint32_t ap, uint32_t address, unsigned size, bool increment, uint8_t *data,
                            uint32_t bytes, uint32_t *fault_address);
enum dap_ack dap_write_block(struct dap *d, uint32_t ap, uint32_t address, unsigned size, bool increment,
                             const uint8_t *data, uint32_t bytes, uint32_t *fault_address);

#endif
