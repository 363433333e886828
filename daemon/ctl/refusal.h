// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Why a request was refused, as the protocol says it: code, kind, field, hint and text.
#ifndef PARE_DAEMON_CTL_REFUSAL_H
#define PARE_DAEMON_CTL_REFUSAL_H

#include "base/error.h"
#include "daemon/ctl/kind.h"

#include <stdarg.h>

#define REFUSAL_FIELD_MAX 64
#define REFUSAL_HINT_MAX 256

enum { // JSON-RPC 2.0, section 5.1
    CODE_PARSE = -32700,
    CODE_REQUEST = -32600,
    CODE_METHOD = -32601,
    CODE_PARAMS = -32602,
};

struct refusal {
    int code;
    enum kind kind;
    char field[REFUSAL_FIELD_MAX]; // empty: none
    char hint[REFUSAL_HINT_MAX];   // empty: none
    char text[ERROR_TEXT_MAX];
};

/* Fills all of it but the hint, which becomes empty; what is no UTF-8 becomes '?'. Returns -1. */
int refusal_set(struct refusal *r, int code, enum kind kind, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int refusal_set_list(struct refusal *r, int code, enum kind kind, const char *field, const char *format, va_list list)
    __attribute__((format(printf, 5, 0)));
int refusal_hint(struct refusal *r, const char *format, ...) __attribute__((format(printf, 2, 3))); // returns -1

#endif
