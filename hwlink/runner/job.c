// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/runner/job.h"

#include "hwlink/runner/clock.h"
#include "hwlink/runner/memory.h"
#include "hwlink/runner/registers.h"
#include "hwlink/runner/start.h"
#include "quant/kernels/pack.h"
#include "quant/kernels/program.h"

#define ARENA_PAINT 0xa5a5a5a5u
#define RAM_END (BOARD_ARENA_ADDRESS + BOARD_ARENA_BYTES)

struct run {
    struct mailbox_job job;
    struct program program;
    const void *blobs[IMAGE_BLOBS_MAX];
    volatile struct mailbox_result *result;
    uint32_t input_bytes, output_bytes; // rounded up to 4, as they stand in the job's areas
    uint32_t sample;
    uint32_t op_start;
};

static int job_is_valid(const struct mailbox_job *job)
{
    return job->magic == MAILBOX_MAGIC && job->version == MAILBOX_VERSION &&
           pack_crc32(0, job, offsetof(struct mailbox_job, crc32)) == job->crc32;
}

const struct mailbox_job *job_in_flash(void)
{
    const struct mailbox_job *record = (const void *)(BOARD_FLASH_ADDRESS + BOARD_JOB_PAGE * BOARD_PAGE_BYTES);
    const struct mailbox_job *end = record + BOARD_JOB_PAGES * BOARD_PAGE_BYTES / sizeof *record;
    const struct mailbox_job *last = NULL;
    for (; record < end; record++)
        if (record->magic == MAILBOX_MAGIC && (!last || record->sequence > last->sequence) && job_is_valid(record))
            last = record;
    return last;
}

static int within(uint32_t address, uint32_t bytes, uint32_t from, uint32_t until)
{
    return address >= from && address <= until && bytes <= until - address;
}

/* Readable by a job: the log in flash, or RAM from the outputs on. */
static int is_readable(uint32_t address, uint32_t bytes)
{
    uint32_t log = BOARD_FLASH_ADDRESS + BOARD_LOG_PAGE * BOARD_PAGE_BYTES;
    return within(address, bytes, log, BOARD_FLASH_ADDRESS + BOARD_FLASH_BYTES) ||
           within(address, bytes, BOARD_ARENA_ADDRESS, RAM_END);
}

static uint32_t round4(uint32_t bytes)
{
    return (bytes + 3) & ~3u;
}

static enum mailbox_error check_areas(struct run *r)
{
    const struct mailbox_job *job = &r->job;
    if (!job_is_valid(job) || job->n_samples == 0 || job->n_samples > MAILBOX_SAMPLES_MAX)
        return MAILBOX_BAD_JOB;
    if (job->arena_address % IMAGE_ALIGN || !within(job->arena_address, job->arena_bytes, BOARD_ARENA_ADDRESS, RAM_END))
        return MAILBOX_BAD_JOB;
    if (job->outputs_address % 4 || !within(job->outputs_address, job->outputs_bytes, MAILBOX_OUTPUTS_ADDRESS, RAM_END))
        return MAILBOX_BAD_JOB;
    if (job->inputs_address % 4 || job->program_address % 4 || !is_readable(job->program_address, sizeof *r->program.header))
        return MAILBOX_BAD_JOB;
    return MAILBOX_OK;
}

static enum mailbox_error check_program(struct run *r)
{
    const struct image_program *header = (const void *)r->job.program_address;
    if (header->bytes > PROGRAM_BYTES_MAX || !is_readable(r->job.program_address, header->bytes))
        return MAILBOX_BAD_PROGRAM;
    uint32_t where;
    enum program_fault fault = program_check(&r->program, header, header->bytes, &where);
    r->result->detail = (uint32_t)fault | where << 8; // which check, and at which tensor or op
    if (fault)
        return fault == PROGRAM_BAD_KIND ? MAILBOX_BAD_KERNEL : MAILBOX_BAD_PROGRAM;
    for (uint32_t i = 0; i < header->n_blobs; i++) {
        const struct image_blob *blob = &r->program.blobs[i];
        if (blob->address % 4 || !is_readable(blob->address, blob->bytes))
            return MAILBOX_BAD_PROGRAM;
        r->blobs[i] = (const void *)blob->address;
    }
    r->input_bytes = round4(program_input(&r->program)->bytes);
    r->output_bytes = round4(program_output(&r->program)->bytes);
    if (header->arena_bytes > r->job.arena_bytes || r->output_bytes > r->job.outputs_bytes / r->job.n_samples ||
        r->input_bytes > BOARD_FLASH_BYTES / r->job.n_samples ||
        !is_readable(r->job.inputs_address, r->input_bytes * r->job.n_samples))
        return MAILBOX_BAD_JOB;
    return MAILBOX_OK;
}

static void paint_arena(const struct run *r)
{
    uint32_t *arena = (uint32_t *)r->job.arena_address;
    for (uint32_t i = 0; i < round4(r->job.arena_bytes) / 4; i++) // what follows stands at the next IMAGE_ALIGN
        arena[i] = ARENA_PAINT;
}

static uint32_t arena_high_water(const struct run *r)
{
    const uint8_t *arena = (const uint8_t *)r->job.arena_address;
    uint32_t n = round4(r->job.arena_bytes);
    while (n >= 4 && *(const uint32_t *)(const void *)(arena + n - 4) == ARENA_PAINT)
        n -= 4;
    while (n && arena[n - 1] == (uint8_t)ARENA_PAINT)
        n--;
    return n;
}

static void put_input(const struct run *r, uint32_t sample)
{
    const struct image_tensor *input = program_input(&r->program);
    const uint8_t *from = (const uint8_t *)r->job.inputs_address + sample * r->input_bytes;
    memcpy((uint8_t *)r->job.arena_address + input->arena_offset, from, input->bytes);
}

static void take_output(const struct run *r, uint32_t sample)
{
    const struct image_tensor *output = program_output(&r->program);
    uint8_t *to = (uint8_t *)r->job.outputs_address + sample * r->output_bytes;
    memset(to + output->bytes, 0, r->output_bytes - output->bytes);
    memcpy(to, (const uint8_t *)r->job.arena_address + output->arena_offset, output->bytes);
}

static void before_op(void *user, uint32_t op)
{
    (void)op;
    ((struct run *)user)->op_start = DWT_CYCCNT;
}

static void after_op(void *user, uint32_t op)
{
    struct run *r = user;
    uint32_t cycles = DWT_CYCCNT - r->op_start;
    if (r->sample == 0)
        r->result->op_cycles[op] = cycles;
}

static void run_samples(struct run *r)
{
    const struct program_hook hook = {before_op, after_op, r};
    for (r->sample = 0; r->sample < r->job.n_samples; r->sample++) {
        put_input(r, r->sample);
        uint32_t start = DWT_CYCCNT;
        program_run(&r->program, r->blobs, (void *)r->job.arena_address, &hook);
        r->result->sample_cycles[r->sample] = DWT_CYCCNT - start;
        take_output(r, r->sample);
        r->result->samples_done = r->sample + 1;
    }
}

/* The energy window: whole inferences of sample 0, laps marked, until repeats_left is 0 (which a virtual board may hasten). */
static void run_window(struct run *r)
{
    uint64_t cycles = 0;
    int lap = 0;
    uint32_t last = DWT_CYCCNT;
    r->result->repeats_left = r->job.repeats;
    clock_window_pin(1);
    while (r->result->repeats_left) {
        clock_lap_pin(lap ^= 1);
        put_input(r, 0);
        program_run(&r->program, r->blobs, (void *)r->job.arena_address, NULL);
        uint32_t now = DWT_CYCCNT;
        cycles += now - last;
        last = now;
        if (r->result->repeats_left)
            r->result->repeats_left--;
    }
    clock_window_pin(0);
    clock_lap_pin(0);
    r->result->window_cycles_low = (uint32_t)cycles;
    r->result->window_cycles_high = (uint32_t)(cycles >> 32);
}

void job_execute(struct mailbox *mailbox, struct mailbox_job job)
{
    static struct run run;
    memset(&run, 0, sizeof run);
    memset(&mailbox->result, 0, sizeof mailbox->result);
    run.job = job;
    run.result = &mailbox->result;
    run.result->sequence = job.sequence;
    run.result->clock_hz = CLOCK_HZ;
    run.result->state = MAILBOX_RUNNING;
    clock_empty_cache();
    enum mailbox_error error = check_areas(&run);
    if (!error)
        error = check_program(&run);
    if (!error) {
        paint_arena(&run);
        run_samples(&run);
        if (job.repeats)
            run_window(&run);
        run.result->arena_high_water = arena_high_water(&run);
    }
    run.result->stack_high_water = stack_high_water();
    run.result->error = error;
    run.result->state = error ? MAILBOX_FAILED : MAILBOX_DONE;
}
