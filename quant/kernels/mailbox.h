// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the runner on the board and hwlink on the host exchange: a job in, a result out.
// By mailbox: the host writes a job to MAILBOX_ADDRESS through the debugger, then `request`; the runner answers in the
// result. By flash: after a power cycle without a debugger the runner takes the last valid job record of the job pages.
#ifndef PARE_QUANT_KERNELS_MAILBOX_H
#define PARE_QUANT_KERNELS_MAILBOX_H

#include "quant/kernels/image.h"

#define MAILBOX_MAGIC 0x584f424du // "MBOX"
#define MAILBOX_VERSION 1u

/* The board's map, alike for all STM32U575/U585 (2 MB flash, 768 KB contiguous SRAM). */
#define BOARD_FLASH_ADDRESS 0x08000000u
#define BOARD_FLASH_BYTES 0x200000u
#define BOARD_PAGE_BYTES 0x2000u
#define BOARD_RUNNER_PAGES 14u // the runner: pages 0..13
#define BOARD_JOB_PAGE 14u     // job records: pages 14 and 15
#define BOARD_JOB_PAGES 2u
#define BOARD_LOG_PAGE 16u     // blobs and programs: pages 16..255, each item starts a page (see docs/architecture.md)
#define BOARD_LOG_PAGES 240u
#define RUNNER_RAM_ADDRESS 0x20000000u // runner's data and stack, 64 KB; also OpenOCD's working area while halted
#define MAILBOX_ADDRESS 0x20010000u    // struct mailbox, 16 KB reserved
#define MAILBOX_OUTPUTS_ADDRESS 0x20014000u // outputs of the samples, 16 KB
#define MAILBOX_OUTPUTS_BYTES 0x4000u
#define BOARD_ARENA_ADDRESS 0x20018000u // arena; SRAM-placed programs and blobs stand behind it
#define BOARD_ARENA_BYTES 0xa8000u      // to 0x200c0000: 672 KB

#define MAILBOX_SAMPLES_MAX 64u

enum mailbox_state {
    MAILBOX_BOOTING = 0,
    MAILBOX_READY,   // waits for a job (WFI-less poll of `request`)
    MAILBOX_RUNNING,
    MAILBOX_DONE,    // result.sequence tells of which job
    MAILBOX_FAILED,  // result.error tells why
};

enum mailbox_error {
    MAILBOX_OK = 0,
    MAILBOX_BAD_JOB,     // magic, version, crc or a field out of range
    MAILBOX_BAD_PROGRAM, // magic, version, crc, or a field that does not fit
    MAILBOX_BAD_KERNEL,  // an op this runner has no kernel for
    MAILBOX_FAULT,       // a processor fault; `detail` has CFSR
    MAILBOX_CLOCK,       // the clock did not come up
};

/* 64 bytes: four quad-words, so that a record is programmed into erased flash by itself. */
struct mailbox_job {
    uint32_t magic, version;
    uint32_t sequence; // 1.. ; the result repeats it
    uint32_t program_address;
    uint32_t inputs_address; // n_samples inputs, each of the input tensor's bytes rounded up to 4
    uint32_t n_samples;      // 1..MAILBOX_SAMPLES_MAX
    uint32_t outputs_address, outputs_bytes; // n_samples outputs, each rounded up to 4
    uint32_t arena_address, arena_bytes;
    uint32_t repeats; // 0: run each sample once. N: then run sample 0 N more times with the window pin high (energy)
    uint32_t flags;   // reserved, 0
    uint32_t reserved[3];
    uint32_t crc32;   // over the words before
};

struct mailbox_result {
    uint32_t state, error, detail;
    uint32_t sequence;
    uint32_t samples_done;
    uint32_t repeats_left; // counts down during the energy window; a virtual board may shorten a verified repetition here
    uint32_t arena_high_water; // highest arena byte that a run wrote, counted against a painted arena
    uint32_t stack_high_water; // bytes of stack that were used
    uint32_t clock_hz;
    uint32_t window_cycles_low, window_cycles_high; // cycles while the window pin was high
    uint32_t reserved[5];
    uint32_t sample_cycles[MAILBOX_SAMPLES_MAX]; // of one whole inference
    uint32_t op_cycles[IMAGE_OPS_MAX];           // of each op, in sample 0
};

struct mailbox {
    uint32_t magic, version;
    uint32_t runner_version; // MAILBOX_VERSION of the runner that wrote it
    uint32_t request; // host: set to job.sequence after the job is written; runner: starts when it differs from its last
    struct mailbox_job job;
    struct mailbox_result result;
};

/* The energy window: the runner drives PF13 high for the whole window; PC1
 * toggles at the start of each repeat inside the window. On NUCLEO-U575ZI-Q and
 * B-U585I-IOT02A these are pins of the ARDUINO connectors (D7 on both; A4 and D8)
 * that drive nothing else: no LED may be lit from what is measured. */
#define MAILBOX_WINDOW_PORT 5u // GPIOF
#define MAILBOX_WINDOW_PIN 13u
#define MAILBOX_LAP_PORT 2u // GPIOC
#define MAILBOX_LAP_PIN 1u

#endif
