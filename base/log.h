// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One line per event on stderr, with the priority prefix that systemd's journal reads (sd-daemon(3)).
#ifndef PARE_BASE_LOG_H
#define PARE_BASE_LOG_H

enum log_level {
    LOG_LEVEL_NONE = 0,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

/* Process-wide threshold and prefix style; set once in main. `journal` puts <N> before each line. */
void log_configure(enum log_level threshold, int journal);

/* Thread-safe (one write(2) per line, cut at 1 KiB). */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
