// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One OpenOCD as a child process, spoken to in Tcl over its stdin and stdout, with a deadline on every call.
#ifndef PARE_HWLINK_OPENOCD_H
#define PARE_HWLINK_OPENOCD_H

#include "base/error.h"
#include "hwlink/board_file.h"

#include <uv.h>

#define OPENOCD_REPLY_MAX (1u << 20) // read_memory of the largest outputs is below 200 KB
#define OPENOCD_TAIL_MAX 2048        // of stderr, kept for error texts
#define OPENOCD_FIRMWARE_MAX 32       // bytes of the name of a probe's firmware
#define OPENOCD_STEP_MS 500u         // between the steps of the kill ladder

struct openocd;

/* What the child tells its owner; called from the loop, never from inside an openocd_* call. */
struct openocd_actions {
    void *user;
    /* The answer to openocd_call: OpenOCD's code (0: good, -4: failed, ...) and its text, valid during the call. */
    void (*answer)(void *user, int code, const char *text);
    /* The child is gone and `o` is freed after this: it exited, was stopped, missed a deadline, or could not be started (no such
     * program). Called exactly once; `text` says why and ends with the last lines of its stderr. */
    void (*gone)(void *user, bool started, const char *text);
};

/* Starts `openocd` with the file's configuration lines and without "init", in a session of its own. `under_reset`: it will hold
 * the reset pin while it connects. Returns the child, or NULL without memory. */
struct openocd *openocd_start(uv_loop_t *loop, const struct board_file *file, bool under_reset,
                              const struct openocd_actions *actions, struct error *e);

/* Sends `command`, wrapped as `list [catch {...} m] $m`; braces in it must be balanced. One call at a time. Without an answer in
 * `deadline_ms` the child is brought down and `gone` follows. */
void openocd_call(struct openocd *o, const char *command, uint64_t deadline_ms);

/* Brings the child down: `shutdown` and end of file, 500 ms later SIGTERM, 500 ms later SIGKILL. `gone` follows. No answer is
 * delivered any more. May be called again. */
void openocd_stop(struct openocd *o);

/* The probe's firmware as OpenOCD logs it on connecting ("V3J13M4"); empty before. */
const char *openocd_probe_firmware(const struct openocd *o);

/* The last lines that it wrote to stderr, cut to what matters for a person ("Error: ..." lines if there are any). */
void openocd_tail(const struct openocd *o, char *text, size_t size);

#endif
