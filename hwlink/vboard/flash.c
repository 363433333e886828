// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Keys, erasing, quad-words and their errors.
#include "hwlink/vboard/flash.h"

#include <string.h>

#define OPTR_FACTORY 0x1feff8aau // RDP level 0, dual bank, TZEN 0
#define WRP_NONE 0xff80ffffu     // start 0x7f > end 0: nothing protected
#define RDP_LEVEL_0 0xaau
#define RDP_LEVEL_2 0xccu
#define NSCR_RESET 0xc0000000u
#define NSCR_EOPIE (1u << 24)
#define NSCR_ERRIE (1u << 25)
#define NSCR_OPTLOCK (1u << 30)
#define NSCR_WRITABLE 0x0b038bffu // the fields that hold a value; STRT, OPTSTRT and the locks act
#define ERRORS                                                                                                         \
    (FLASH_NSSR_OPERR | FLASH_NSSR_PROGERR | FLASH_NSSR_WRPERR | FLASH_NSSR_PGAERR | FLASH_NSSR_SIZERR |               \
     FLASH_NSSR_PGSERR | 1u << 13)

void flash_record_init(struct flash_record *r)
{
    memset(r, 0, sizeof *r);
    r->optr = OPTR_FACTORY;
    for (int i = 0; i < 4; i++)
        r->wrp[i] = WRP_NONE;
    r->version = FLASH_RECORD_VERSION;
    r->magic = FLASH_RECORD_MAGIC;
}

void flash_reset(struct flash *f)
{
    if (!f->record)
        f->record = &f->own;
    if (f->record->magic != FLASH_RECORD_MAGIC)
        flash_record_init(f->record);
    f->acr = 0;
    f->nscr = NSCR_RESET;
    f->nssr = 0;
    f->eccr = 0;
    f->launch = false;
    flash_load_options(f);
    f->key_step = f->optkey_step = 0;
    f->quad_words = 0;
    f->busy_until = 0;
}

void flash_load_options(struct flash *f)
{
    f->optr = f->loaded_optr = f->record->optr;
    memcpy(f->wrp, f->record->wrp, sizeof f->wrp);
    memcpy(f->loaded_wrp, f->record->wrp, sizeof f->loaded_wrp);
}

bool flash_is_open_to_debugger(const struct flash *f)
{
    return (f->loaded_optr & 0xff) == RDP_LEVEL_0;
}

static void fail(struct flash *f, uint32_t error)
{
    f->nssr |= error | (f->nscr & NSCR_ERRIE ? FLASH_NSSR_OPERR : 0);
    f->quad_words = 0;
}

static void done(struct flash *f, uint64_t now, uint64_t ns)
{
    if (f->nscr & NSCR_EOPIE)
        f->nssr |= FLASH_NSSR_EOP;
    if (ns && now != UINT64_MAX)
        f->busy_until = now + ns * f->clock_hz / 1000000000u;
}

static bool is_protected(const struct flash *f, uint32_t page)
{
    int area = page < FLASH_BANK_PAGES ? 0 : 2;
    uint32_t in_bank = page % FLASH_BANK_PAGES;
    for (int i = area; i < area + 2; i++) {
        uint32_t first = f->loaded_wrp[i] & 0x7f, last = f->loaded_wrp[i] >> 16 & 0x7f;
        if (in_bank >= first && in_bank <= last)
            return true;
    }
    return false;
}

static void changed(struct flash *f, uint32_t offset, uint32_t bytes)
{
    if (f->changed)
        f->changed(f->user, offset, bytes);
}

static void set_written(struct flash *f, uint32_t quad)
{
    f->record->written[quad / 32] |= 1u << quad % 32;
}

static bool is_written(const struct flash *f, uint32_t quad)
{
    return f->record->written[quad / 32] >> quad % 32 & 1;
}

/* --- erasing --- */

#define WEAK_BYTES 1024u // one bit in so many stays 0 in a worn page

static void erase_page(struct flash *f, uint32_t page)
{
    uint32_t quads = FLASH_PAGE_BYTES / FLASH_QUAD_BYTES;
    f->record->erases[page]++;
    memset(f->bytes + page * FLASH_PAGE_BYTES, 0xff, FLASH_PAGE_BYTES);
    memset(f->record->written + page * quads / 32, 0, quads / 8);
    for (uint32_t i = 0; page - f->ill.worn_first < f->ill.worn_pages && i < FLASH_PAGE_BYTES; i += WEAK_BYTES)
        f->bytes[page * FLASH_PAGE_BYTES + i] = 0xfe;
}

static void erase(struct flash *f, uint32_t first, uint32_t n, uint64_t now)
{
    for (uint32_t i = first; i < first + n; i++) {
        if (is_protected(f, i)) {
            fail(f, FLASH_NSSR_WRPERR);
            return;
        }
    }
    for (uint32_t i = first; i < first + n; i++)
        erase_page(f, i);
    changed(f, first * FLASH_PAGE_BYTES, n * FLASH_PAGE_BYTES);
    done(f, now, f->timing.erase_ns);
}

static void start(struct flash *f, uint64_t now)
{
    if (f->nssr & ERRORS & ~FLASH_NSSR_OPERR) {
        fail(f, FLASH_NSSR_PGSERR);
        return;
    }
    if (f->nscr & FLASH_NSCR_PER)
        erase(f, (f->nscr >> 3 & 0x7f) + (f->nscr & FLASH_NSCR_BKER ? FLASH_BANK_PAGES : 0), 1, now);
    if (f->nscr & FLASH_NSCR_MER1)
        erase(f, 0, FLASH_BANK_PAGES, now);
    if (f->nscr & FLASH_NSCR_MER2)
        erase(f, FLASH_BANK_PAGES, FLASH_BANK_PAGES, now);
}

/* --- programming --- */

static bool all(const void *data, uint8_t value, size_t n)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* A quad-word that was programmed with ones reads as erased, but its ECC is spent: programming it again leaves a word that fails
 * its ECC. The part answers with an NMI when it is read; here it reads with a wrong bit, and ECCR names it. */
static void spoil_ecc(struct flash *f, uint8_t *quad, uint32_t offset)
{
    quad[0] ^= 1;
    f->eccr = FLASH_ECCR_ECCD | (offset & 0xfffff) | (offset >= FLASH_BYTES / 2 ? 1u << 21 : 0);
}

static void program_quad(struct flash *f, uint64_t now)
{
    uint8_t *to = f->bytes + f->quad_offset;
    uint32_t quad = f->quad_offset / FLASH_QUAD_BYTES;
    bool zeros = all(f->quad, 0, sizeof f->quad);
    if (is_protected(f, f->quad_offset / FLASH_PAGE_BYTES)) {
        fail(f, FLASH_NSSR_WRPERR);
        return;
    }
    if (!zeros && !all(to, 0xff, FLASH_QUAD_BYTES)) {
        fail(f, FLASH_NSSR_PROGERR);
        return;
    }
    memcpy(to, f->quad, FLASH_QUAD_BYTES);
    if (is_written(f, quad) && !zeros)
        spoil_ecc(f, to, f->quad_offset);
    if (f->ill.spoil_quads > 0) {
        f->ill.spoil_quads--;
        to[f->quad_offset / FLASH_QUAD_BYTES % FLASH_QUAD_BYTES] ^= 0x10;
    }
    set_written(f, quad);
    f->quad_words = 0;
    changed(f, f->quad_offset, FLASH_QUAD_BYTES);
    done(f, now, f->timing.program_ns);
}

void flash_store(struct flash *f, uint32_t offset, uint32_t value, int size, uint64_t now)
{
    uint32_t word = offset / 4 % 4;
    if (offset >= FLASH_BYTES)
        return;
    if (!(f->nscr & FLASH_NSCR_PG) || f->nssr & ERRORS & ~FLASH_NSSR_OPERR) {
        fail(f, FLASH_NSSR_PGSERR);
        return;
    }
    if (size != 4) {
        fail(f, FLASH_NSSR_SIZERR);
        return;
    }
    if (offset % 4 || (f->quad_words && offset / FLASH_QUAD_BYTES * FLASH_QUAD_BYTES != f->quad_offset)) {
        fail(f, FLASH_NSSR_PGAERR);
        return;
    }
    f->quad_offset = offset / FLASH_QUAD_BYTES * FLASH_QUAD_BYTES;
    f->quad[word] = value;
    f->quad_words |= 1u << word;
    if (f->quad_words == 0xf)
        program_quad(f, now);
}

bool flash_spoil(struct flash *f, uint32_t quad, uint32_t bit)
{
    if (!is_written(f, quad))
        return false;
    f->bytes[quad * FLASH_QUAD_BYTES + bit / 8] ^= (uint8_t)(1u << bit % 8);
    changed(f, quad * FLASH_QUAD_BYTES, FLASH_QUAD_BYTES);
    return true;
}

/* --- registers --- */

static void take_key(struct flash *f, uint32_t value)
{
    static const uint32_t keys[2] = {FLASH_KEY1, FLASH_KEY2};
    if (f->key_step < 0 || !(f->nscr & FLASH_NSCR_LOCK))
        return;
    f->key_step = value == keys[f->key_step] ? f->key_step + 1 : -1;
    if (f->key_step == 2) {
        f->nscr &= ~FLASH_NSCR_LOCK;
        f->key_step = 0;
    }
}

static void take_optkey(struct flash *f, uint32_t value)
{
    static const uint32_t keys[2] = {FLASH_OPTKEY1, FLASH_OPTKEY2};
    if (f->optkey_step < 0 || f->nscr & FLASH_NSCR_LOCK || !(f->nscr & NSCR_OPTLOCK))
        return;
    f->optkey_step = value == keys[f->optkey_step] ? f->optkey_step + 1 : -1;
    if (f->optkey_step == 2) {
        f->nscr &= ~NSCR_OPTLOCK;
        f->optkey_step = 0;
    }
}

/* They come into force with the next reset, but for what taking back readout protection costs: all of the flash. Level 2 is for ever. */
static void store_options(struct flash *f, uint64_t now)
{
    uint32_t before = f->record->optr & 0xff;
    if (before == RDP_LEVEL_2)
        return;
    if (before != RDP_LEVEL_0 && (f->optr & 0xff) == RDP_LEVEL_0) {
        for (uint32_t i = 0; i < FLASH_PAGES; i++)
            erase_page(f, i);
        changed(f, 0, FLASH_BYTES);
    }
    f->record->optr = f->optr;
    memcpy(f->record->wrp, f->wrp, sizeof f->wrp);
    done(f, now, f->timing.erase_ns);
}

static void write_control(struct flash *f, uint32_t value, uint64_t now)
{
    if (f->nscr & FLASH_NSCR_LOCK)
        return;
    bool open = !(f->nscr & NSCR_OPTLOCK), options = open && value & FLASH_NSCR_OPTSTRT;
    f->nscr = (f->nscr & NSCR_OPTLOCK) | (value & NSCR_WRITABLE) | (value & (FLASH_NSCR_LOCK | NSCR_OPTLOCK));
    if (value & FLASH_NSCR_STRT)
        start(f, now);
    if (options)
        store_options(f, now);
    f->launch = open && value & FLASH_NSCR_OBL_LAUNCH;
}

static uint32_t *option_register(struct flash *f, uint32_t offset)
{
    switch (offset) {
    case FLASH_OPTR:
        return &f->optr;
    case FLASH_WRP1AR:
        return &f->wrp[0];
    case FLASH_WRP1BR:
        return &f->wrp[1];
    case FLASH_WRP2AR:
        return &f->wrp[2];
    case FLASH_WRP2BR:
        return &f->wrp[3];
    default:
        return NULL;
    }
}

uint32_t flash_read_register(struct flash *f, uint32_t offset, uint64_t now)
{
    const uint32_t *option = option_register(f, offset);
    if (option)
        return *option;
    switch (offset) {
    case FLASH_ACR:
        return f->acr;
    case FLASH_NSSR:
        return f->nssr | (f->ill.busy || now < f->busy_until ? FLASH_NSSR_BSY : 0) | (f->quad_words ? FLASH_NSSR_WDW : 0);
    case FLASH_NSCR:
        return f->nscr;
    case FLASH_ECCR:
        return f->eccr;
    default:
        return 0;
    }
}

void flash_write_register(struct flash *f, uint32_t offset, uint32_t value, uint64_t now)
{
    uint32_t *option = option_register(f, offset);
    if (option && !(f->nscr & NSCR_OPTLOCK))
        *option = value;
    switch (offset) {
    case FLASH_ACR:
        f->acr = value;
        break;
    case FLASH_NSKEYR:
        take_key(f, value);
        break;
    case FLASH_OPTKEYR:
        take_optkey(f, value);
        break;
    case FLASH_NSSR:
        f->nssr &= ~(value & (ERRORS | FLASH_NSSR_EOP));
        break;
    case FLASH_NSCR:
        write_control(f, value, now);
        break;
    case FLASH_ECCR:
        f->eccr &= ~(value & (FLASH_ECCR_ECCD | 1u << 30));
        break;
    default:
        break;
    }
}
