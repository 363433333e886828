// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/stlink.h"

#include <string.h>

enum {
    CMD_VERSION = 0xf1,
    CMD_DEBUG = 0xf2,
    CMD_MODE = 0xf5,
    CMD_VOLTAGE = 0xf7,
    CMD_VERSION_EX = 0xfb,
};

enum {
    DEBUG_STATUS = 0x01,
    DEBUG_FORCE = 0x02,
    DEBUG_READ32 = 0x07,
    DEBUG_WRITE32 = 0x08,
    DEBUG_READ8 = 0x0c,
    DEBUG_WRITE8 = 0x0d,
    DEBUG_EXIT = 0x21,
    DEBUG_ENTER = 0x30,
    DEBUG_IDCODES = 0x31,
    DEBUG_RESET = 0x32,
    DEBUG_READ_REG = 0x33,
    DEBUG_WRITE_REG = 0x34,
    DEBUG_WRITE_WORD = 0x35,
    DEBUG_READ_WORD = 0x36,
    DEBUG_LAST_STATUS = 0x3b,
    DEBUG_NRST = 0x3c,
    DEBUG_LAST_STATUS2 = 0x3e,
    DEBUG_READ_DAP = 0x45,
    DEBUG_WRITE_DAP = 0x46,
    DEBUG_READ16 = 0x47,
    DEBUG_WRITE16 = 0x48,
    DEBUG_OPEN_AP = 0x4b,
    DEBUG_CLOSE_AP = 0x4c,
    DEBUG_WRITE32_STILL = 0x50,
    DEBUG_MISC_OUT = 0x51,
    DEBUG_MISC_IN = 0x52,
    DEBUG_READ32_STILL = 0x54,
    DEBUG_SET_FREQUENCY = 0x61,
    DEBUG_GET_FREQUENCIES = 0x62,
};

enum { MISC_ADDRESS = 1, MISC_WRITE, MISC_READ, MISC_AP = 5 };

#define STATUS_OK 0x80u
#define STATUS_NO_TARGET 0x09u // no answer to the read of the id code
#define STATUS_AP_WAIT 0x10u
#define STATUS_AP_FAULT 0x11u
#define STATUS_DP_ERROR 0x16u
#define MODE_DEBUG 2u
#define MODE_MASS 1u
#define DEBUG_PORT 0xffffu
#define JTAG_VERSION 7u // V3J7: batches, banked DP, 512-byte narrow transfers
#define DHCSR 0xe000edf0u
#define DCRSR 0xe000edf4u
#define DCRDR 0xe000edf8u
#define AIRCR 0xe000ed0cu

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static uint8_t status_of(enum dap_ack ack)
{
    return ack == DAP_OK ? STATUS_OK : ack == DAP_WAIT ? STATUS_AP_WAIT : STATUS_AP_FAULT;
}

static bool has_power(const struct stlink *s)
{
    return s->supply_mv(s->user) > 0;
}

void stlink_init(struct stlink *s, struct dap *dap)
{
    memset(s, 0, sizeof *s);
    s->dap = dap;
    s->status = STATUS_OK;
}

void stlink_release(struct stlink *s)
{
    s->in_debug_mode = false;
    s->misc_items = 0;
    s->drive_reset(s->user, false);
}

/* --- memory --- */

struct block {
    unsigned size; // of one access; 0: not a memory command
    bool increment, write;
};

static struct block block_of(uint8_t command)
{
    switch (command) {
    case DEBUG_READ32:
        return (struct block){4, true, false};
    case DEBUG_WRITE32:
        return (struct block){4, true, true};
    case DEBUG_READ16:
        return (struct block){2, true, false};
    case DEBUG_WRITE16:
        return (struct block){2, true, true};
    case DEBUG_READ8:
        return (struct block){1, true, false};
    case DEBUG_WRITE8:
        return (struct block){1, true, true};
    case DEBUG_READ32_STILL:
        return (struct block){4, false, false};
    case DEBUG_WRITE32_STILL:
        return (struct block){4, false, true};
    default:
        return (struct block){0, false, false};
    }
}

/* The probe clears an earlier bus error by itself before it begins. */
static void clear_error(struct stlink *s)
{
    dap_write_dp(s->dap, DAP_DP_ABORT, DAP_ABORT_STKERRCLR);
}

static void read_memory(struct stlink *s, struct block b, const uint8_t *c, uint8_t *out, uint32_t size)
{
    uint32_t bytes = u16(c + 6);
    clear_error(s);
    s->status = status_of(dap_read_block(s->dap, c[8], u32(c + 2), b.size, b.increment, out,
                                         bytes < size ? bytes : size, &s->fault_address));
}

static void write_memory(struct stlink *s, struct block b, const uint8_t *c, const uint8_t *in, uint32_t size)
{
    uint32_t bytes = u16(c + 6);
    clear_error(s);
    s->status = status_of(dap_write_block(s->dap, c[8], u32(c + 2), b.size, b.increment, in,
                                          bytes < size ? bytes : size, &s->fault_address));
}

static enum dap_ack read_word(struct stlink *s, uint32_t ap, uint32_t address, uint32_t *value)
{
    uint8_t word[4];
    enum dap_ack ack = dap_read_block(s->dap, ap, address, 4, true, word, 4, &s->fault_address);
    *value = u32(word);
    return ack;
}

static enum dap_ack write_word(struct stlink *s, uint32_t ap, uint32_t address, uint32_t value)
{
    uint8_t word[4];
    put32(word, value);
    return dap_write_block(s->dap, ap, address, 4, true, word, 4, &s->fault_address);
}

/* --- batches: a byte per item (padded to 4), then a word per item; answered by a value and a status per item --- */

static void run_batch(struct stlink *s, const uint8_t *c, const uint8_t *in, uint32_t size)
{
    uint32_t items = u32(c + 2), words = (items + 3) / 4 * 4, ap = 0, address = 0;
    s->misc_items = 0;
    if (items > STLINK_MISC_MAX || words + 4 * items > size)
        return;
    clear_error(s);
    for (uint32_t i = 0; i < items; i++) {
        uint32_t operand = u32(in + words + 4 * i), value = 0;
        enum dap_ack ack = DAP_OK;
        if (in[i] == MISC_AP)
            ap = operand;
        else if (in[i] == MISC_ADDRESS)
            address = operand;
        else if (in[i] == MISC_WRITE)
            ack = write_word(s, ap, address, operand);
        else if (in[i] == MISC_READ)
            ack = read_word(s, ap, operand, &value);
        s->misc[i] = value;
        s->misc[items + i] = status_of(ack);
    }
    s->misc_items = items;
}

static void read_batch(struct stlink *s, uint8_t *out, uint32_t size)
{
    for (uint32_t i = 0; i < 2 * s->misc_items && 4 * i + 4 <= size; i++)
        put32(out + 4 * i, s->misc[i]);
    s->misc_items = 0;
}

/* --- registers and the core (the older, high-level commands) --- */

static uint8_t read_dap(struct stlink *s, const uint8_t *c, uint8_t *out)
{
    uint32_t port = u16(c + 2), reg = u16(c + 4), value = 0;
    enum dap_ack ack = port == DEBUG_PORT ? dap_read_dp(s->dap, reg, &value) : dap_read_ap(s->dap, port, reg, &value);
    put32(out + 4, value);
    return status_of(ack);
}

static uint8_t write_dap(struct stlink *s, const uint8_t *c)
{
    uint32_t port = u16(c + 2), reg = u16(c + 4), value = u32(c + 6);
    return status_of(port == DEBUG_PORT ? dap_write_dp(s->dap, reg, value) : dap_write_ap(s->dap, port, reg, value));
}

static uint8_t read_core_register(struct stlink *s, const uint8_t *c, uint8_t *out)
{
    uint32_t value = 0;
    clear_error(s);
    write_word(s, 0, DCRSR, c[2]);
    enum dap_ack ack = read_word(s, 0, DCRDR, &value);
    put32(out + 4, value);
    return status_of(ack);
}

static uint8_t write_core_register(struct stlink *s, const uint8_t *c)
{
    clear_error(s);
    write_word(s, 0, DCRDR, u32(c + 3));
    return status_of(write_word(s, 0, DCRSR, c[2] | 1u << 16));
}

static uint8_t read_one(struct stlink *s, const uint8_t *c, uint8_t *out)
{
    uint32_t value;
    clear_error(s);
    enum dap_ack ack = read_word(s, 0, u32(c + 2), &value);
    put32(out + 4, value);
    return status_of(ack);
}

static uint8_t write_one(struct stlink *s, uint32_t address, uint32_t value)
{
    clear_error(s);
    return status_of(write_word(s, 0, address, value));
}

static uint8_t core_status(struct stlink *s)
{
    uint32_t value = 0;
    clear_error(s);
    read_word(s, 0, DHCSR, &value);
    return value & 1u << 17 ? 0x81 : 0x80;
}

/* --- the probe itself --- */

static uint8_t enter(struct stlink *s)
{
    s->in_debug_mode = has_power(s);
    return s->in_debug_mode ? STATUS_OK : STATUS_NO_TARGET;
}

static uint8_t drive_reset(struct stlink *s, uint8_t how)
{
    if (how != 1) // low, or a pulse
        s->drive_reset(s->user, true);
    if (how != 0)
        s->drive_reset(s->user, false);
    return STATUS_OK;
}

static void list_frequencies(uint8_t *out, uint32_t size)
{
    static const uint32_t khz[] = {24000, 8000, 3300, 1000, 200, 50, 5};
    uint32_t n = sizeof khz / sizeof *khz;
    if (size < 12 + 4 * n)
        return;
    out[8] = (uint8_t)n;
    for (uint32_t i = 0; i < n; i++)
        put32(out + 12 + 4 * i, khz[i]);
}

/* Commands that go over the wire; the answer's first byte is a status. */
static uint8_t talk(struct stlink *s, const uint8_t *c, uint8_t *out)
{
    if (!has_power(s))
        return STATUS_DP_ERROR;
    switch (c[1]) {
    case DEBUG_IDCODES:
        put32(out + 4, DAP_DPIDR);
        return STATUS_OK;
    case DEBUG_RESET:
        return write_one(s, AIRCR, 0x05fa0004u);
    case DEBUG_FORCE:
        return write_one(s, DHCSR, 0xa05f0003u);
    case DEBUG_STATUS:
        return core_status(s);
    case DEBUG_READ_REG:
        return read_core_register(s, c, out);
    case DEBUG_WRITE_REG:
        return write_core_register(s, c);
    case DEBUG_WRITE_WORD:
        return write_one(s, u32(c + 2), u32(c + 6));
    case DEBUG_READ_WORD:
        return read_one(s, c, out);
    case DEBUG_READ_DAP:
        return read_dap(s, c, out);
    case DEBUG_WRITE_DAP:
        return write_dap(s, c);
    default:
        return STATUS_OK; // opening and closing access ports, speeds, trace
    }
}

static void debug_command(struct stlink *s, const uint8_t *c, uint8_t *out, uint32_t size)
{
    uint8_t answer[12] = {0};
    switch (c[1]) {
    case DEBUG_ENTER:
        answer[0] = enter(s);
        break;
    case DEBUG_EXIT:
        stlink_release(s);
        break;
    case DEBUG_NRST:
        answer[0] = drive_reset(s, c[2]);
        break;
    case DEBUG_LAST_STATUS:
    case DEBUG_LAST_STATUS2:
        answer[0] = s->status;
        put32(answer + 4, s->fault_address);
        break;
    case DEBUG_MISC_IN:
        read_batch(s, out, size);
        return;
    case DEBUG_GET_FREQUENCIES:
        list_frequencies(out, size);
        answer[0] = STATUS_OK;
        memcpy(out, answer, size < 4 ? size : 4);
        return;
    case DEBUG_SET_FREQUENCY:
        answer[0] = STATUS_OK;
        memcpy(answer + 4, c + 4, 4);
        break;
    default:
        answer[0] = talk(s, c, answer);
        break;
    }
    memcpy(out, answer, size < sizeof answer ? size : sizeof answer);
}

/* The supply as the probe's converter reads it: 1.2 V is `reference` steps, half the supply is the other. */
static void voltage(const struct stlink *s, uint8_t *out, uint32_t size)
{
    const uint32_t reference = 1600;
    if (size < 8)
        return;
    put32(out, reference);
    put32(out + 4, s->supply_mv(s->user) * reference / 2400);
}

static void version(uint8_t *out, uint32_t size)
{
    const uint8_t answer[6] = {0x30, 0x00, STLINK_VID & 0xff, STLINK_VID >> 8, STLINK_PID & 0xff, STLINK_PID >> 8};
    memcpy(out, answer, size < sizeof answer ? size : sizeof answer);
}

static void version_ex(uint8_t *out, uint32_t size)
{
    const uint8_t answer[12] = {3, 1, JTAG_VERSION, 3, 0, 0, 0, 0, STLINK_VID & 0xff, STLINK_VID >> 8, STLINK_PID & 0xff,
                                STLINK_PID >> 8};
    memcpy(out, answer, size < sizeof answer ? size : sizeof answer);
}

void stlink_read(struct stlink *s, const uint8_t command[STLINK_COMMAND_BYTES], uint8_t *out, uint32_t size)
{
    struct block b = block_of(command[1]);
    memset(out, 0, size);
    switch (command[0]) {
    case CMD_VERSION:
        version(out, size);
        break;
    case CMD_VERSION_EX:
        version_ex(out, size);
        break;
    case CMD_MODE:
        if (size > 0)
            out[0] = s->in_debug_mode ? MODE_DEBUG : MODE_MASS;
        break;
    case CMD_VOLTAGE:
        voltage(s, out, size);
        break;
    case CMD_DEBUG:
        if (b.size == 0)
            debug_command(s, command, out, size);
        else if (has_power(s))
            read_memory(s, b, command, out, size);
        else
            s->status = STATUS_DP_ERROR;
        break;
    default:
        break;
    }
}

void stlink_write(struct stlink *s, const uint8_t command[STLINK_COMMAND_BYTES], const uint8_t *in, uint32_t size)
{
    struct block b = block_of(command[1]);
    if (command[0] != CMD_DEBUG)
        return;
    if (!has_power(s)) {
        s->status = STATUS_DP_ERROR;
        s->misc_items = 0;
    } else if (command[1] == DEBUG_MISC_OUT) {
        run_batch(s, command, in, size);
    } else if (b.size > 0 && b.write) {
        write_memory(s, b, command, in, size);
    }
}
