// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Why something failed, as text: one caller-owned buffer that collects the story from the inside out.
#ifndef PARE_BASE_ERROR_H
#define PARE_BASE_ERROR_H

/* Results in this code base: 0 is success, negative is failure (the text is in the caller's `struct error`), positive is
 * a documented outcome that the caller handles. */

#define ERROR_TEXT_MAX 512 // a line for a person; longer causes are cut, never the outermost context

struct error {
    char text[ERROR_TEXT_MAX]; // NUL-terminated; empty while nothing failed
};

/* Replaces the text; control characters become '?': it is one line. Returns -1 so that a caller can `return error_set(e, ...)`. `e` may be NULL. */
int error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts context before the text that is already there ("reading x.npy: not a .npy file"). Returns -1. */
int error_wrap(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
