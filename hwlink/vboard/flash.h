// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The flash of an STM32U585: 2 MiB in 256 pages, its controller, option bytes and wear. Source: RM0456 chapter 7 as OpenOCD's
// stm32l4x driver and ST's HAL use it.
#ifndef PARE_HWLINK_VBOARD_FLASH_H
#define PARE_HWLINK_VBOARD_FLASH_H

#include "hwlink/vboard/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLASH_PAGE_BYTES 0x2000u
#define FLASH_PAGES (FLASH_BYTES / FLASH_PAGE_BYTES)
#define FLASH_BANK_PAGES (FLASH_PAGES / 2)
#define FLASH_QUAD_BYTES 16u // the programming unit: a quad-word with its ECC
#define FLASH_QUADS (FLASH_BYTES / FLASH_QUAD_BYTES)

/* Register offsets from 0x40022000 (and from 0x50022000 for the secure alias). */
enum flash_register {
    FLASH_ACR = 0x00,
    FLASH_NSKEYR = 0x08,
    FLASH_OPTKEYR = 0x10,
    FLASH_NSSR = 0x20,
    FLASH_NSCR = 0x28,
    FLASH_ECCR = 0x30,
    FLASH_OPTR = 0x40,
    FLASH_WRP1AR = 0x58,
    FLASH_WRP1BR = 0x5c,
    FLASH_WRP2AR = 0x68,
    FLASH_WRP2BR = 0x6c,
    FLASH_REGISTER_BYTES = 0x400,
};

#define FLASH_NSSR_EOP (1u << 0)
#define FLASH_NSSR_OPERR (1u << 1)
#define FLASH_NSSR_PROGERR (1u << 3)
#define FLASH_NSSR_WRPERR (1u << 4)
#define FLASH_NSSR_PGAERR (1u << 5)
#define FLASH_NSSR_SIZERR (1u << 6)
#define FLASH_NSSR_PGSERR (1u << 7)
#define FLASH_NSSR_BSY (1u << 16)
#define FLASH_NSSR_WDW (1u << 17)
#define FLASH_NSCR_PG (1u << 0)
#define FLASH_NSCR_PER (1u << 1)
#define FLASH_NSCR_MER1 (1u << 2)
#define FLASH_NSCR_BKER (1u << 11)
#define FLASH_NSCR_MER2 (1u << 15)
#define FLASH_NSCR_STRT (1u << 16)
#define FLASH_NSCR_OPTSTRT (1u << 17)
#define FLASH_NSCR_OBL_LAUNCH (1u << 27)
#define FLASH_NSCR_LOCK (1u << 31)
#define FLASH_ECCR_ECCD (1u << 31)
#define FLASH_KEY1 0x45670123u
#define FLASH_KEY2 0xcdef89abu
#define FLASH_OPTKEY1 0x08192a3bu
#define FLASH_OPTKEY2 0x4c5d6e7fu

/* What stays without power besides the bytes themselves. */
struct flash_record {
    uint32_t magic, version;
    uint32_t optr, wrp[4];              // option bytes; wrp: 1A, 1B, 2A, 2B
    uint32_t reserved[9];
    uint32_t erases[FLASH_PAGES];       // since the board was new
    uint32_t written[FLASH_QUADS / 32]; // one bit per quad-word: its ECC was programmed since the last erase
};

#define FLASH_RECORD_MAGIC 0x35553256u
#define FLASH_RECORD_VERSION 1u

/* 0 for none. About 1.5 ms a page, 118 us a quad-word. */
struct flash_timing {
    uint64_t erase_ns, program_ns;
};

/* Faults for tests. */
struct flash_ill {
    bool busy;                       // BSY stays
    uint32_t spoil_quads;            // so many quad-words that are programmed come out with a wrong bit
    uint32_t worn_first, worn_pages; // these do not erase to ones any more
};

struct flash {
    uint8_t *bytes;              // FLASH_BYTES of them
    struct flash_record *record; // the board's, or `own`
    struct flash_record own;
    struct flash_timing timing;
    uint32_t clock_hz;           // of the core that counts them; kept by the owner
    uint32_t acr, nscr, nssr, eccr;
    uint32_t optr, wrp[4]; // registers; copied to the record by OPTSTRT
    uint32_t loaded_optr, loaded_wrp[4]; // what is in force: the record as it was at the last reset
    bool launch;           // OBL_LAUNCH was set: the owner resets the chip
    int key_step, optkey_step; // keys taken so far; -1: locked until reset
    uint32_t quad_offset;  // of the quad-word that is being collected
    uint32_t quad[4];
    uint32_t quad_words;   // bit per word received
    uint64_t busy_until;   // cycle
    struct flash_ill ill;
    /* Bytes in flash changed: drop what was decoded or cached from there. May be NULL. */
    void (*changed)(void *user, uint32_t offset, uint32_t bytes);
    void *user;
};

/* A brand-new part: no wear, no protection, RDP level 0, TrustZone off. (Its bytes are 0xff.) */
void flash_record_init(struct flash_record *r);

/* Power-on or system reset of the controller, with which the option bytes are loaded; `bytes` must be set. Without a record, or with one that is none, a new one begins. */
void flash_reset(struct flash *f);

/* `now` is the core's cycle count; UINT64_MAX from a debugger while the core stands still, when only real time passes. */
uint32_t flash_read_register(struct flash *f, uint32_t offset, uint64_t now);
void flash_write_register(struct flash *f, uint32_t offset, uint32_t value, uint64_t now);

/* A store of `size` bytes into the flash's address range. Errors show in NSSR only, as on the part. */
void flash_store(struct flash *f, uint32_t offset, uint32_t value, int size, uint64_t now);

/* Flips a bit of a programmed quad-word. Returns false if it is blank. */
bool flash_spoil(struct flash *f, uint32_t quad, uint32_t bit);

/* Makes the option bytes of the record the ones in force, in the registers too. */
void flash_load_options(struct flash *f);

/* False while the readout protection keeps a debugger from the flash. */
bool flash_is_open_to_debugger(const struct flash *f);

#endif
