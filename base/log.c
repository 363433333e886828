// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* The one piece of process-wide state in base: where diagnostics go is a property of the process. */
static enum log_level log_threshold = LOG_LEVEL_INFO;
static int log_journal;

void log_configure(enum log_level threshold, int journal)
{
    log_threshold = threshold;
    log_journal = journal;
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const prefix[] = {"", "error: ", "warning: ", "", "debug: "};
    static const char *const journal[] = {"", "<3>", "<4>", "<6>", "<7>"};
    if (level > log_threshold)
        return;
    char line[1024];
    int n = snprintf(line, sizeof line, "%s%s", log_journal ? journal[level] : "", prefix[level]);
    va_list args;
    va_start(args, format);
    int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    va_end(args);
    if (m > 0)
        n += m < (int)sizeof line - n - 1 ? m : (int)sizeof line - n - 2;
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; // nowhere left to say it
}
