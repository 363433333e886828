// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// OpenOCD command texts with their deadlines, answers of read_memory, job records, provenance.
#include "hwlink/board_wire.h"

#include <cJSON.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void board_wire_call(struct board_todo *t, double scale, uint64_t ms, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->command, sizeof t->command, format, args);
    va_end(args);
    t->kind = BOARD_DO_CALL;
    t->ms = (uint64_t)((double)ms * scale);
}

void board_wire_file(struct board_todo *t, double scale, const char *verb, const char *path, uint32_t address,
                     const void *data, uint32_t bytes)
{
    uint64_t ms = 10000 + (uint64_t)bytes * 1000 / BOARD_WIRE_BYTES_PER_S;
    board_wire_call(t, scale, ms, "%s %s 0x%08x bin", verb, path, address);
    t->data = data;
    t->size = bytes;
}

void board_wire_read(struct board_todo *t, double scale, uint32_t address, uint32_t words)
{
    board_wire_call(t, scale, 5000 + (uint64_t)words * 4000 / BOARD_WIRE_BYTES_PER_S, "read_memory 0x%08x 32 %u", address,
                    words);
}

void board_wire_post(struct board_todo *t, double scale, const struct mailbox_job *job)
{
    uint32_t words[sizeof *job / 4];
    char list[sizeof words / sizeof *words * 11 + 1];
    size_t n = 0;
    memcpy(words, job, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s0x%x", i ? " " : "", words[i]);
    board_wire_call(t, scale, 5000, "write_memory 0x%08x 32 {%s}; write_memory 0x%08x 32 {%u}",
                    (unsigned)(MAILBOX_ADDRESS + offsetof(struct mailbox, job)), list,
                    (unsigned)(MAILBOX_ADDRESS + offsetof(struct mailbox, request)), job->sequence);
}

int board_wire_words(const char *text, uint32_t *words, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        char *end;
        unsigned long value = strtoul(text, &end, 0);
        if (end == text || value > UINT32_MAX)
            return -1;
        words[i] = (uint32_t)value;
        text = end;
    }
    return text[strspn(text, " \n")] == '\0' ? 0 : -1;
}

static uint32_t crc32_of(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

void board_wire_seal(struct mailbox_job *job)
{
    job->crc32 = crc32_of(job, offsetof(struct mailbox_job, crc32));
}

static cJSON *power_of(const struct board_result *r)
{
    cJSON *power = cJSON_CreateArray();
    for (uint32_t i = 0; power && i < r->n_points; i++)
        cJSON_AddItemToArray(power, cJSON_CreateNumber(r->points_uw[i]));
    return power;
}

static cJSON *pages_of(const struct board_core *c)
{
    cJSON *pages = cJSON_CreateArray();
    for (int i = 0; pages && i < c->n_needs; i++)
        cJSON_AddItemToArray(pages, cJSON_CreateNumber(c->needs[i].page));
    return pages;
}

void board_wire_provenance(struct board_core *c)
{
    char hex[SHA256_HEX];
    const struct board_result *r = &c->result;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "image", sha256_hex(c->image.sha256, hex));
    cJSON_AddStringToObject(o, "runner", sha256_hex(c->runner_sha256, hex));
    cJSON_AddStringToObject(o, "board", c->file->name);
    cJSON_AddStringToObject(o, "type", c->file->type);
    cJSON_AddStringToObject(o, "probe", c->file->serial);
    cJSON_AddBoolToObject(o, "virtual", c->file->is_virtual);
    cJSON_AddStringToObject(o, "placement", c->job.placement == BOARD_IN_SRAM ? "sram" : "flash");
    cJSON_AddNumberToObject(o, "clock_hz", r->clock_hz);
    cJSON_AddNumberToObject(o, "program_address", c->program_address);
    if (c->job.placement == BOARD_IN_FLASH)
        cJSON_AddItemToObject(o, "pages", pages_of(c));
    if (r->n_windows > 0) {
        cJSON_AddStringToObject(o, "meter", c->meter_name);
        cJSON_AddNumberToObject(o, "supply_mv", c->file->supply_mv);
        cJSON_AddNumberToObject(o, "meter_hz", c->file->meter_hz);
        cJSON_AddNumberToObject(o, "windows", r->n_windows);
        cJSON_AddNumberToObject(o, "repeats", r->repeats);
        cJSON_AddNumberToObject(o, "window_us", (double)r->window_us);
        cJSON_AddBoolToObject(o, "waveform_repeated", r->waveform_repeated);
        cJSON_AddNumberToObject(o, "point_us", (double)r->point_us);
        cJSON_AddItemToObject(o, "power_uw", power_of(r));
    }
    if (!cJSON_PrintPreallocated(o, c->result.provenance, BOARD_PROVENANCE_MAX, 0)) {
        cJSON_DeleteItemFromObject(o, "pages"); // what can be long
        if (!cJSON_PrintPreallocated(o, c->result.provenance, BOARD_PROVENANCE_MAX, 0))
            snprintf(c->result.provenance, sizeof c->result.provenance, "{}");
    }
    cJSON_Delete(o);
}
