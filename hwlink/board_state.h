// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The life of a board as a pure state machine: an event in, one thing to do out. No I/O, no clock, no allocation.
#ifndef PARE_HWLINK_BOARD_STATE_H
#define PARE_HWLINK_BOARD_STATE_H

#include "hwlink/board.h"
#include "hwlink/board_image.h"
#include "hwlink/meter.h"

#define BOARD_COMMAND_MAX 1024
#define BOARD_WINDOWS_MAX 16u     // energy windows in one measurement
#define BOARD_REPEATS_MAX 1000000u
#define BOARD_STARTS_MAX 3        // tries to start OpenOCD for picking up what a power cycle left in SRAM
#define BOARD_START_REST_MS 250u  // before the second; four times as long before the third
#define BOARD_PORT_OFF_MS 1000u   // a USB port without supply
#define BOARD_PORT_BACK_MS 2000u  // until the probe has come back

/*
 *          .-> PAUSING, CYCLING (no connection: the next rung of the ladder, then again)
 *  IDLE -> STARTING -> HALTING -> INSPECTING -> CHECKING* -> [ASKING -> ERASING -> WRITING -> VERIFYING]* or LOADING -> VERIFYING
 *                                                                                             |
 *             .----- READING <- RUNNING <- POSTING <- BOOTING <- RELEASING <- CLEARING <------'
 *             |
 *             |-> PARKING -> IDLE
 *             `-> with energy: HALTING -> job record [ASKING ..]* -> DETACHING -> METERING* -> STARTING -> RUNNING -> READING
 *
 *  any state -> FAILING (OpenOCD is brought down) -> IDLE
 */
enum board_state {
    BOARD_IDLE = 0,
    BOARD_STARTING,
    BOARD_PAUSING,
    BOARD_CYCLING, // a port or a supply is switched
    BOARD_HALTING,
    BOARD_INSPECTING,
    BOARD_CHECKING,
    BOARD_ASKING,
    BOARD_ERASING,
    BOARD_WRITING,
    BOARD_VERIFYING,
    BOARD_LOADING,
    BOARD_CLEARING,
    BOARD_RELEASING,
    BOARD_BOOTING,
    BOARD_POSTING,
    BOARD_RUNNING,
    BOARD_READING,
    BOARD_DETACHING,
    BOARD_METERING,
    BOARD_PARKING,
    BOARD_FAILING,
    BOARD_STATE_COUNT,
};

#define BOARD_CHECK_RUNNER (-2)

enum board_event_kind {
    BOARD_EV_MEASURE = 0, // a job was set (board_core_set)
    BOARD_EV_ANSWER,      // OpenOCD's answer: code, text
    BOARD_EV_GONE,        // OpenOCD ended: text
    BOARD_EV_NO_PROGRAM,  // OpenOCD could not be started: text
    BOARD_EV_ERASE,       // the owner's word: ok
    BOARD_EV_TIME,        // a wait is over
    BOARD_EV_METER,       // a recording ended: ok, text, window
    BOARD_EV_HOST,        // a file could not be written: text
    BOARD_EV_SWITCHED,    // a port or a supply was switched: ok, text
    BOARD_EV_WRONG_PROBE, // OpenOCD was not started, because the probe is not where it should be: ok if the port is its own, text
    BOARD_EV_ABORT,       // the owner's: text
};

struct board_event {
    enum board_event_kind kind;
    int code;
    bool ok;
    const char *text;
    const struct meter_window *window;
};

enum board_todo_kind {
    BOARD_DO_NOTHING = 0,
    BOARD_DO_START,  // start OpenOCD, then send `command`
    BOARD_DO_CALL,   // write `data` to the file if there are any, then send `command`
    BOARD_DO_ASK,    // ask the owner for the erase of pages page..page+n-1
    BOARD_DO_WAIT,   // for `ms`
    BOARD_DO_RECORD, // let the meter power-cycle the board and record a window of `us`; `ms` bounds it
    BOARD_DO_STOP,   // stop OpenOCD; BOARD_EV_GONE follows
    BOARD_DO_PORT,   // switch the probe's USB port `on` or off
    BOARD_DO_POWER,  // let the meter take the supply away for a while; `ms` bounds it
    BOARD_DO_FINISH, // the result is complete
};

struct board_todo {
    enum board_todo_kind kind;
    char command[BOARD_COMMAND_MAX];
    uint64_t ms; // deadline of a call, length of a wait
    bool under_reset, on;
    int64_t us, lead_us;
    const void *data;
    size_t size;
    uint16_t page;
    uint32_t n;
    bool log_changed; // besides: tell the owner
};

/* One thing to be written to flash (or SRAM). */
struct board_write {
    enum { WRITE_RUNNER = 0, WRITE_ITEM, WRITE_RECORD, WRITE_SRAM } what;
    uint32_t address;
    const void *data;
    uint32_t bytes;
    uint16_t erase_page;
    uint32_t erase_pages; // 0: into pages that are blank already
    const uint8_t *sha256;
};

#define BOARD_WRITES_MAX (IMAGE_BLOBS_MAX + 3)

struct board_core {
    enum board_state state;
    const struct board_file *file;
    char path[BOARD_PATH_MAX]; // of the file that OpenOCD reads
    struct flashlog log;
    uint8_t *runner; // the runner's .bin, owned by the shell
    uint32_t runner_bytes;
    uint8_t runner_sha256[SHA256_BYTES];
    bool runner_checked; // it was verified since the board was opened or distrusted
    bool runner_wrong;   // what stands there was found to be something else

    struct board_job job;
    struct board_image image;
    struct board_result result;
    uint8_t program_sha256[SHA256_BYTES]; // with its addresses
    struct flashlog_need needs[BOARD_WRITES_MAX];
    int n_needs;
    uint8_t *sram;       // BOARD_IN_SRAM: blobs, inputs and program as one piece, owned by the shell
    uint32_t sram_bytes;
    uint32_t program_address, inputs_address;

    struct board_write writes[BOARD_WRITES_MAX];
    int n_writes, write;         // the one under way
    int check;                   // the need under verification, or BOARD_CHECK_RUNNER
    struct mailbox_job record;   // the job that is posted or written
    bool energy_phase;           // the latency is measured; what follows is for the energy
    bool connected;              // OpenOCD runs
    bool inspected;              // device id and option bytes were looked at since it started
    bool check_only;             // a health check
    bool foreign_port;           // another probe is where this one should be: its port is not to be switched
    int starts;                  // tries to start OpenOCD
    enum board_rung rung;        // the last one climbed in this measurement
    bool port_is_off;
    bool wary;                   // trust was lost: the next measurement begins with a power cycle and the reset pin
    bool fresh;                  // that was done in this measurement
    char tried[128];             // their names
    uint64_t waited_ms;          // in the present polling state
    bool outputs_wanted;         // READING: the result is read, the outputs are next
    struct mailbox_result raw;
    int64_t window_nj[BOARD_WINDOWS_MAX];
    uint32_t windows_done;
    char meter_name[METER_NAME_MAX];

    /* Every move and command, for tests; may be NULL. */
    void (*trace)(void *user, const char *line);
    void *trace_user;
};

/* Prepares a job: `image` is taken over (also on failure). The runner must be set. Returns 0, or -1 with the reason (senseless job). */
int board_core_set(struct board_core *c, const struct board_job *job, struct board_image *image, struct error *e);

/* Prepares a health check instead. */
void board_core_set_check(struct board_core *c, double deadline_scale);

/* Bytes of SRAM that the present BOARD_IN_SRAM job wants at c->sram; 0 for BOARD_IN_FLASH. Set c->sram before the first step. */
uint32_t board_core_sram_bytes(const struct board_core *c);

/* The one way in. `todo` is filled anew. After BOARD_DO_FINISH the core is idle and c->result holds the outcome. */
void board_step(struct board_core *c, const struct board_event *event, struct board_todo *todo);

#endif
