// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/firmware_file.h"

#include "base/file.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static int put(struct machine *m, uint32_t address, const void *bytes, uint32_t n, uint32_t *lowest, struct error *e)
{
    uint8_t *to = memory_at(m, address, n);
    if (!to)
        return error_set(e, "%u bytes at 0x%08x: there is no such memory", (unsigned)n, (unsigned)address);
    memcpy(to, bytes, n);
    core_invalidate(m, address, n);
    *lowest = address < *lowest ? address : *lowest;
    return 0;
}

static int load_elf(struct machine *m, const char *data, size_t size, uint32_t *lowest, struct error *e)
{
    Elf32_Ehdr header;
    if (size < sizeof header)
        return error_set(e, "cut short");
    memcpy(&header, data, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS32 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_ARM)
        return error_set(e, "an ELF file, but not for 32-bit little-endian ARM");
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf32_Phdr segment;
        uint64_t at = header.e_phoff + (uint64_t)i * header.e_phentsize;
        if (at + sizeof segment > size)
            return error_set(e, "program header %u lies outside the file", i);
        memcpy(&segment, data + at, sizeof segment);
        if (segment.p_type != PT_LOAD || segment.p_filesz == 0)
            continue;
        if ((uint64_t)segment.p_offset + segment.p_filesz > size)
            return error_set(e, "segment %u lies outside the file", i);
        if (put(m, segment.p_paddr, data + segment.p_offset, segment.p_filesz, lowest, e))
            return -1;
    }
    return 0;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes of one record without its colon. Returns how many, or -1. */
static int hex_bytes(const char *text, size_t length, uint8_t *bytes)
{
    if (length % 2 || length / 2 < 5 || length / 2 > 260)
        return -1;
    uint8_t sum = 0;
    for (size_t i = 0; i < length / 2; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        bytes[i] = (uint8_t)(high << 4 | low);
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0 && bytes[0] + 5u == length / 2 ? (int)(length / 2) : -1;
}

/* One record. Returns 0 to go on, 1 at the end, or -1. */
static int hex_record(struct machine *m, const uint8_t *r, uint32_t *base, uint32_t *lowest, struct error *e)
{
    uint32_t at = (uint32_t)r[1] << 8 | r[2], word = (uint32_t)r[4] << 8 | r[5];
    switch (r[3]) {
    case 0: return r[0] ? put(m, *base + at, r + 4, r[0], lowest, e) : 0;
    case 1: return 1;
    case 2: *base = word << 4; return 0;
    case 4: *base = word << 16; return 0;
    case 3:
    case 5: return 0; // start address: a reset vector decides here
    default: return error_set(e, "record type %u is unknown", r[3]);
    }
}

static int load_hex(struct machine *m, const char *data, size_t size, uint32_t *lowest, struct error *e)
{
    uint32_t base = 0;
    unsigned line = 0;
    for (const char *at = data, *end = data + size; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        const char *next = at + length + 1;
        line++;
        while (length && (at[length - 1] == '\r' || at[length - 1] == ' '))
            length--;
        uint8_t record[260] = {0};
        if (length && (*at != ':' || hex_bytes(at + 1, length - 1, record) < 0))
            return error_set(e, "line %u is no valid record", line);
        int done = length ? hex_record(m, record, &base, lowest, e) : 0;
        if (done < 0)
            return error_wrap(e, "line %u", line);
        if (done)
            return 0;
        at = next;
    }
    return error_set(e, "no end record");
}

static int load(struct machine *m, const char *data, size_t size, uint32_t *lowest, struct error *e)
{
    if (size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0)
        return load_elf(m, data, size, lowest, e);
    if (size && data[0] == ':')
        return load_hex(m, data, size, lowest, e);
    if (size > FLASH_BYTES)
        return error_set(e, "%zu bytes, flash has %u", size, FLASH_BYTES);
    return put(m, FLASH_BASE, data, (uint32_t)size, lowest, e);
}

static void start_in_sram(struct machine *m, uint32_t vectors)
{
    uint32_t sp, pc;
    bus_read(m, vectors, 4, &sp, BUS_DEBUGGER);
    bus_read(m, vectors + 4, 4, &pc, BUS_DEBUGGER);
    m->system.vtor = vectors;
    core_set_register(m, 13, sp);
    core_set_register(m, 15, pc);
}

int firmware_file_load(struct machine *m, const char *path, struct error *e)
{
    char *data;
    size_t size;
    uint32_t lowest = UINT32_MAX;
    if (file_read(path, FIRMWARE_FILE_MAX, &data, &size, e))
        return -1;
    int result = load(m, data, size, &lowest, e);
    free(data);
    if (result || lowest == UINT32_MAX)
        return result ? error_wrap(e, "%s", path) : error_set(e, "%s: nothing to load", path);
    machine_reset(m, 0);
    if (lowest >= SRAM_BASE)
        start_in_sram(m, lowest);
    return 0;
}
