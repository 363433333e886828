// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One board on a probe: measure an image on it, asynchronously on the caller's loop.
#ifndef PARE_HWLINK_BOARD_H
#define PARE_HWLINK_BOARD_H

#include "base/error.h"
#include "hwlink/board_file.h"
#include "hwlink/flashlog.h"
#include "hwlink/power_trace.h"
#include "hwlink/profile.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define BOARD_PROVENANCE_MAX 4096 // JSON text

enum board_placement {
    BOARD_IN_FLASH = 0, // what ships is what is measured
    BOARD_IN_SRAM,      // spares the flash; no energy, because nothing survives the power cycle
};

/* Who has to act when a measurement failed. */
enum board_failure {
    BOARD_OK = 0,
    BOARD_FAIL_BUILD,    // the image or runner file: the same on every board
    BOARD_FAIL_HOST,     // this machine: no openocd, no memory, a full disk
    BOARD_FAIL_PROBE,    // no answer from probe or part
    BOARD_FAIL_FLASH,    // erase, write or verify, or no run of pages
    BOARD_FAIL_RUN,      // the runner refused the job, faulted or did not finish
    BOARD_FAIL_POWER,    // the meter, or energy without a window
    BOARD_FAIL_MISMATCH, // the outputs differ from the host's: the board is suspect
    BOARD_FAIL_WORN,     // pages have spent their erases: this part is at its end, whatever is measured
    BOARD_FAILURE_COUNT,
};

const char *board_failure_name(enum board_failure f); // "ok", "build", "host", ...

/* What is tried, in this order, until a board can be spoken to; rungs that this board has no means for are left out. */
enum board_rung {
    BOARD_RUNG_NONE = 0,
    BOARD_RUNG_REOPEN,      // another OpenOCD
    BOARD_RUNG_UNDER_RESET, // it connects while the reset pin is held
    BOARD_RUNG_PORT_CYCLE,  // the USB port of the probe off and on
    BOARD_RUNG_POWER_CYCLE, // the meter takes the board's supply away
    BOARD_RUNG_OPERATOR,    // a person: the measurement fails
    BOARD_RUNG_COUNT,
};

const char *board_rung_name(enum board_rung r); // "reopened", "connected under reset", ...

struct board_job {
    const char *image_path; // image file (image.h); it must stay until it is read: until `done`, or the board's first progress
    enum board_placement placement;
    bool energy;            // needs a meter and BOARD_IN_FLASH
    uint32_t repeats;       // inferences in an energy window; 0: enough for 200 ms, at least 10
    uint32_t windows;       // energy windows, each after a power cycle of its own; 0: 3
    double deadline_scale;  // > 0 stretches all deadlines (slow hosts, valgrind); 0: 1
};

struct board_result {
    enum board_failure failure;
    char text[ERROR_TEXT_MAX]; // why, for a person; empty on success

    bool needs_operator;       // the part is protected or another one: nothing that a program may do would help
    enum board_rung recovered; // what brought the board back in this measurement
    bool is_virtual;           // the origin of every figure
    uint32_t clock_hz;
    uint32_t n_samples;
    uint32_t sample_cycles[MAILBOX_SAMPLES_MAX]; // of one whole inference each
    uint32_t n_ops;
    uint32_t op_cycles[IMAGE_OPS_MAX];           // in sample 0
    uint16_t op_layer[IMAGE_OPS_MAX];            // 0xffff: belongs to no layer
    uint32_t arena_high_water, stack_high_water; // bytes
    bool outputs_ok;                             // equal to the image's (board_image_agrees)
    uint8_t outputs_sha256[SHA256_BYTES];

    uint32_t n_windows;        // 0 without energy
    int64_t energy_nj;         // of one inference: median over the windows
    int64_t energy_spread_nj;  // largest minus smallest window
    uint32_t repeats;          // inferences in each window
    int64_t window_us;         // length of the last window on the meter's clock
    uint32_t n_points, points_uw[PROFILE_POINTS]; // the course of power in the last window
    int64_t point_us;          // length of a point
    struct power_trace *trace; // the samples of all windows; the owner may move them to itself (power_trace_move). NULL without energy
    bool waveform_repeated;    // a virtual board streamed one verified repeat's waveform again

    uint32_t items_written, pages_written; // of the flash log, in this measurement
    uint64_t bytes_written;
    bool runner_written, log_restarted;
    /* JSON object: image, runner, board, type, serial, virtual, placement, clock_hz, meter, supply_mv, meter_hz, repeats, windows,
     * waveform_repeated, point_us, power_uw, program_address, pages */
    char provenance[BOARD_PROVENANCE_MAX];
};

struct board;

/* What the board asks of its owner. All are called from the loop, never from inside a board_* call. */
struct board_actions {
    void *user;
    /* `n` pages from `page` on are about to be erased; `log` (valid during the call) is the state to store BEFORE that. The
     * board waits for board_erase_answer. NULL: every erase is allowed at once. */
    void (*before_erase)(void *user, struct board *b, uint16_t page, uint32_t n, const struct flashlog *log);
    /* The log changed (items were verified, a job record was written): store it when convenient. May be NULL. */
    void (*log_changed)(void *user, struct board *b, const struct flashlog *log);
    /* One line of progress ("flashing 3 of 7"). May be NULL. */
    void (*progress)(void *user, struct board *b, const char *text);
};

/* Opens a board: no process is started before it is needed. `file` and `log` are copied; a NULL or zero `log` is a board of
 * which nothing is known. What a stored log claims is verified on the part before it is first relied on. `runner_path` NULL:
 * the file's own. `work_dir` is an existing folder for files that OpenOCD reads (unique names by serial).
 * Returns the board, or NULL with the reason. */
struct board *board_open(uv_loop_t *loop, const struct board_file *file, const struct flashlog *log,
                         const char *runner_path, const char *work_dir, const struct board_actions *actions,
                         struct error *e);

/* Ends what runs (a measurement under way gets no callback) and frees the board; `closed` (may be NULL) is called from the
 * loop when nothing of it is left. The OpenOCD child is waited for, by force if need be. */
void board_close(struct board *b, void (*closed)(void *user), void *user);

/* Measures one image. `done` is called exactly once, later, from the loop; `result` is valid during the call; a new measurement
 * may be started from inside it. Returns 0, or -1 with the reason when the board is busy or there is
 * no memory (no callback); a job that is senseless fails as build. */
int board_measure(struct board *b, const struct board_job *job,
                  void (*done)(void *user, const struct board_result *result), void *user, struct error *e);

/* A health check: connects (climbing the ladder of enum board_rung as any measurement does), looks at device id and option bytes,
 * verifies the runner; changes nothing. Otherwise as board_measure; of the result only failure, text, needs_operator and recovered count. */
int board_check(struct board *b, double deadline_scale, void (*done)(void *user, const struct board_result *result), void *user,
                struct error *e);

/* Ends a measurement that takes too long (a lease is over): it fails as probe with `why`, in time. Nothing if none runs. */
void board_abort(struct board *b, const char *why);

/* The owner's answer to before_erase: the intent is stored (true), or it could not be (false: the measurement fails as host). */
void board_erase_answer(struct board *b, bool stored);

/* A suspect board: its next measurement begins with a power cycle, if the meter can, and the reset pin, and everything in flash is
 * verified before it is used. */
void board_distrust(struct board *b);

const char *board_probe_firmware(const struct board *b); // as the last OpenOCD told it ("V3J13M4"); empty if none did
const struct flashlog *board_log(const struct board *b);  // current state, valid until the board changes it
const struct board_file *board_about(const struct board *b);

#endif
