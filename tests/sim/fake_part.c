// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The commands that hwlink uses, on plain memory.
#include "tests/sim/fake_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fake_part_init(struct fake_part *p)
{
    memset(p, 0, sizeof *p);
    memset(p->flash, 0xff, sizeof p->flash);
}

static uint8_t *at(struct fake_part *p, unsigned long address, size_t size)
{
    if (address >= BOARD_FLASH_ADDRESS && address + size <= BOARD_FLASH_ADDRESS + sizeof p->flash)
        return p->flash + (address - BOARD_FLASH_ADDRESS);
    if (address >= 0x20000000u && address + size <= 0x20000000u + sizeof p->sram)
        return p->sram + (address - 0x20000000u);
    return NULL;
}

static struct mailbox *mailbox(struct fake_part *p)
{
    return (struct mailbox *)at(p, MAILBOX_ADDRESS, sizeof(struct mailbox));
}

static void run_job(struct fake_part *p, const struct mailbox_job *job)
{
    struct mailbox_result *r = &mailbox(p)->result;
    if (p->deaf_runner)
        return;
    r->sequence = job->sequence;
    r->state = MAILBOX_DONE;
    r->samples_done = job->n_samples;
    r->clock_hz = 160000000;
    r->arena_high_water = job->arena_bytes;
    r->stack_high_water = 512;
    for (uint32_t i = 0; i < job->n_samples; i++)
        r->sample_cycles[i] = FAKE_CYCLES;
    r->op_cycles[0] = FAKE_CYCLES - 100;
    memcpy(at(p, job->outputs_address, job->outputs_bytes), p->outputs, job->outputs_bytes);
    if (p->wrong_outputs)
        at(p, job->outputs_address, 1)[0] ^= 1;
}

static void boot(struct fake_part *p)
{
    struct mailbox *m = mailbox(p);
    memset(m, 0, sizeof *m);
    m->magic = MAILBOX_MAGIC;
    m->version = m->runner_version = MAILBOX_VERSION;
    m->result.state = MAILBOX_READY;
}

void fake_part_power_cycle(struct fake_part *p)
{
    const struct mailbox_job *last = NULL;
    memset(p->sram, 0xa5, sizeof p->sram);
    boot(p);
    const uint8_t *page = p->flash + BOARD_JOB_PAGE * BOARD_PAGE_BYTES;
    for (size_t i = 0; i < BOARD_JOB_PAGES * BOARD_PAGE_BYTES; i += sizeof *last) {
        const struct mailbox_job *job = (const struct mailbox_job *)(page + i);
        if (job->magic == MAILBOX_MAGIC)
            last = job;
    }
    if (last)
        run_job(p, last);
}

static int read_piece(const char *path, uint8_t *data, size_t limit, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return -1;
    *size = fread(data, 1, limit, f);
    fclose(f);
    return 0;
}

static int file_command(struct fake_part *p, const char *verb, const char *path, unsigned long address)
{
    static uint8_t data[BOARD_FLASH_BYTES];
    size_t size = 0;
    uint8_t *place = at(p, address, 1);
    if (!place || read_piece(path, data, sizeof data, &size) != 0 || !at(p, address, size))
        return -1;
    if (strcmp(verb, "verify_image") == 0)
        return memcmp(place, data, size) == 0 ? 0 : -1;
    for (size_t i = 0; strcmp(verb, "flash") == 0 && i < size; i++)
        if (place[i] != 0xff) {
            p->dirty_flash = true;
            return -1;
        }
    memcpy(place, data, p->cut ? size / 2 : size);
    return 0;
}

static int erase(struct fake_part *p, unsigned first, unsigned last)
{
    if (first > last || last >= BOARD_FLASH_BYTES / BOARD_PAGE_BYTES)
        return -1;
    for (unsigned i = first; i <= last; i++)
        p->erases[i]++;
    memset(p->flash + first * BOARD_PAGE_BYTES, 0xff, (last - first + 1) * BOARD_PAGE_BYTES);
    return 0;
}

static int read_memory(struct fake_part *p, unsigned long address, unsigned n, char *reply, size_t size)
{
    size_t used = 0;
    if (!at(p, address, 4 * n))
        return -1;
    for (unsigned i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, at(p, address + 4 * i, 4), 4);
        used += (size_t)snprintf(reply + used, size - used, "%s0x%x", i ? " " : "", word);
    }
    return 0;
}

static int write_memory(struct fake_part *p, unsigned long address, const char *list)
{
    struct mailbox *m = mailbox(p);
    uint32_t before = m->request;
    char *end;
    for (list = strchr(list, '{') + 1; *list && *list != '}'; list = end, address += 4) {
        uint32_t word = (uint32_t)strtoul(list, &end, 0);
        if (end == list || !at(p, address, 4))
            return -1;
        memcpy(at(p, address, 4), &word, 4);
        end += strspn(end, " ");
    }
    if (m->magic == MAILBOX_MAGIC && m->request != before)
        run_job(p, &m->job);
    return 0;
}

static int inspect(const struct fake_part *p, char *reply, size_t size)
{
    snprintf(reply, size, "0x%x 0x%x", p->idcode ? p->idcode : 0x20006482u, p->options ? p->options : 0x1feff8aau);
    return 0;
}

static int one_command(struct fake_part *p, const char *command, char *reply, size_t size)
{
    char path[256];
    unsigned long address;
    unsigned n, m;
    if (strncmp(command, "init", 4) == 0 || strncmp(command, "poll", 4) == 0 || strcmp(command, "reset halt") == 0 ||
        strcmp(command, "halt") == 0)
        return 0;
    if (strcmp(command, "list [read_memory 0xe0044000 32 1] [read_memory 0x40022040 32 1]") == 0)
        return inspect(p, reply, size);
    if (strncmp(command, "write_memory 0xe000ed", 21) == 0)
        return 0; // debug off, reset
    if (strcmp(command, "reset run") == 0) {
        boot(p);
        return 0;
    }
    if (sscanf(command, "flash erase_sector 0 %u %u", &n, &m) == 2)
        return erase(p, n, m);
    if (sscanf(command, "flash write_image %255s %lx bin", path, &address) == 2)
        return file_command(p, "flash", path, address);
    if (sscanf(command, "load_image %255s %lx bin", path, &address) == 2)
        return file_command(p, "load", path, address);
    if (sscanf(command, "verify_image %255s %lx bin", path, &address) == 2)
        return file_command(p, "verify_image", path, address);
    if (sscanf(command, "read_memory %lx 32 %u", &address, &n) == 2)
        return read_memory(p, address, n, reply, size);
    if (sscanf(command, "write_memory %lx 32 %n", &address, (int *)&n) == 1)
        return write_memory(p, address, command);
    return -1;
}

/* The fault whose command this is, if its turn has come. */
static enum fake_answer fault_of(struct fake_part *p, const char *command)
{
    char kind[8];
    int length = 0;
    if (sscanf(p->fault, "%7s %n", kind, &length) != 1 || strncmp(command, p->fault + length, strlen(p->fault + length)) != 0)
        return FAKE_GOOD;
    if (p->fault_after > 0) {
        p->fault_after--;
        return FAKE_GOOD;
    }
    if (!p->fault_stays)
        p->fault[0] = '\0';
    return strcmp(kind, "hang") == 0 ? FAKE_HANG : strcmp(kind, "die") == 0 ? FAKE_DIE : FAKE_FAIL;
}

enum fake_answer fake_part_command(struct fake_part *p, const char *command, char *reply, size_t size)
{
    char copy[4096], *rest = copy, *one;
    reply[0] = '\0';
    enum fake_answer fault = fault_of(p, command);
    p->cut = fault != FAKE_GOOD && p->half_writes && strncmp(command, "flash write_image", 17) == 0;
    if (p->cut)
        one_command(p, command, reply, size);
    p->cut = false;
    if (fault != FAKE_GOOD)
        return fault;
    snprintf(copy, sizeof copy, "%s", command);
    while ((one = strsep(&rest, ";")) != NULL)
        if (one_command(p, one + strspn(one, " "), reply, size) != 0)
            return FAKE_FAIL;
    return FAKE_GOOD;
}
