// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The samples of a measurement's power windows as they came, kept small: each as the difference to the one before, seven bits to a byte.
// A file of it is one line of JSON, then the coded samples (docs/board-link.md). Pure but for power_trace_write.
#ifndef PARE_HWLINK_POWER_TRACE_H
#define PARE_HWLINK_POWER_TRACE_H

#include "base/error.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POWER_TRACE_BYTES_MAX (4u << 20)  // coded samples of all windows: 14 s at 100 kHz with three bytes each; what comes after is left out
#define POWER_TRACE_WINDOWS_MAX 16        // as many as a measurement has at most
#define POWER_TRACE_HEADER_MAX 8192u      // bytes of the line
#define POWER_TRACE_FILE_MAX (POWER_TRACE_BYTES_MAX + POWER_TRACE_HEADER_MAX)
#define POWER_TRACE_NAME_MAX 96

struct power_trace_window {
    int64_t unit_pw;   // picowatts that a count stands for: the supply is told anew for each window
    int64_t first_us;  // of the first sample, after the rising edge of the window pin
    int64_t samples;   // that are kept: the first ones
    int64_t of;        // that the window had
    int64_t lost;      // of these, that did not arrive and count as the one before
    int64_t energy_nj; // as the instrument's driver sums it up
    bool marked;       // the instrument marked the window's end
    size_t bytes;      // of its coded samples
};

struct power_trace {
    char instrument[POWER_TRACE_NAME_MAX];
    bool is_virtual;    // of a virtual board: a model's
    bool repeated;      // a virtual instrument says that a waveform was streamed again
    uint32_t period_ns; // between two samples
    int n;
    struct power_trace_window windows[POWER_TRACE_WINDOWS_MAX];
    uint8_t *data; // heap
    size_t size, capacity;
    int64_t last;  // count that the next one is coded against
};

void power_trace_init(struct power_trace *t);
void power_trace_finish(struct power_trace *t);

/* Begins anew with one window, which samples are added to. */
void power_trace_begin(struct power_trace *t, uint32_t period_ns, int64_t unit_pw, int64_t first_us);

/* A sample of the window. Beyond the limit, or without memory, it is only counted. */
void power_trace_add(struct power_trace *t, double counts);

/* Appends the windows of `from`, which has the same period; what does not fit is left out, window by window. */
void power_trace_append(struct power_trace *to, const struct power_trace *from);

/* `from` is empty afterwards; what `to` had is freed. */
void power_trace_move(struct power_trace *to, struct power_trace *from);

/* Writes it as a file that is there whole or not at all. Returns 0 with its bytes and SHA-256 (hex), or -1 with the reason. */
int power_trace_write(const struct power_trace *t, const char *path, int64_t *bytes, char sha256[SHA256_HEX], struct error *e);

/* Takes a file's content. Returns 0, or -1 with the reason: it is no such file, or not whole. power_trace_finish in any case. */
int power_trace_parse(const char *content, size_t size, struct power_trace *t, struct error *e);

/* Calls `each` with every sample in order: window from 0, microseconds after the rising edge, watts. A nonzero result of it ends this
 * and is returned; else 0, or -1 where the coded samples are not what the windows say. */
int power_trace_each(const struct power_trace *t, int (*each)(void *user, int window, double time_us, double watts), void *user);

#endif
