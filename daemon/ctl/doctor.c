// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What all checks need; the machine itself: its disk and its clock.
#include "daemon/ctl/doctor.h"

#include "daemon/ctl/field.h"
#include "daemon/ctl/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define DISK_FAILED_BYTES (64e6)  // a study's worker and a database need some tens of MB
#define DISK_WARNING_BYTES (1e9)
#define CLOCK_OLDEST 1735689600   // 2025-01-01: before that, the clock was never set

static const char *const verdicts[] = {"ok", "warning", "failed"};

void doctor_add(struct doctor *d, enum finding finding, const char *check, const char *advice, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "check", check);
    cJSON_AddStringToObject(o, "verdict", verdicts[finding]);
    cJSON_AddStringToObject(o, "text", text_clean(text));
    cJSON_AddItemToObject(o, "advice", advice ? cJSON_CreateString(advice) : cJSON_CreateNull());
    cJSON_AddItemToArray(d->checks, o);
}

const char *doctor_path(const struct doctor *d, char path[PATH_MAX], const char *format, ...)
{
    va_list list;
    int n = snprintf(path, PATH_MAX, "%s", d->root);
    va_start(list, format);
    vsnprintf(path + (n < PATH_MAX ? n : PATH_MAX - 1), (size_t)(n < PATH_MAX ? PATH_MAX - n : 1), format, list);
    va_end(list);
    return path;
}

bool doctor_read_line(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");
    bool good = f && fgets(line, (int)size, f);
    if (f)
        fclose(f);
    if (good)
        line[strcspn(line, "\n")] = '\0';
    return good;
}

bool doctor_has_real_boards(const struct doctor *d)
{
    const cJSON *board;
    cJSON_ArrayForEach(board, field_find(d->config, "boards"))
    {
        if (cJSON_IsFalse(field_find(board, "virtual")))
            return true;
    }
    return false;
}

void doctor_disk(struct doctor *d)
{
    char state[PATH_MAX];
    const cJSON *configured = field_find(d->config, "state");
    struct statvfs fs;
    if (cJSON_IsString(configured))
        snprintf(state, sizeof state, "%s", configured->valuestring);
    else
        doctor_path(d, state, "/var/lib/pare");
    if (statvfs(state, &fs) != 0) {
        doctor_add(d, FINDING_WARNING, "disk", d->config ? "look at it as the user that runs pared" : "the service makes its folder when it starts",
                   "%s cannot be looked at", state);
        return;
    }
    double free_bytes = (double)fs.f_bavail * (double)fs.f_frsize;
    enum finding finding = free_bytes < DISK_FAILED_BYTES ? FINDING_FAILED : free_bytes < DISK_WARNING_BYTES ? FINDING_WARNING : FINDING_OK;
    const char *advice = finding == FINDING_OK ? NULL : "make room: when nothing can be stored, studies wait";
    doctor_add(d, finding, "disk", advice, "%s has %.1f GB left", state, free_bytes / 1e9);
}

void doctor_clock(struct doctor *d)
{
    char zone[PATH_MAX], now[64];
    time_t seconds = time(NULL);
    struct tm utc;
    struct timex t = {.modes = 0};
    gmtime_r(&seconds, &utc);
    strftime(now, sizeof now, "%Y-%m-%d %H:%M UTC", &utc);
    if (seconds < CLOCK_OLDEST)
        doctor_add(d, FINDING_FAILED, "clock", "timedatectl set-ntp true", "the clock says %s: it was never set", now);
    else if (adjtimex(&t) == TIME_ERROR)
        doctor_add(d, FINDING_WARNING, "clock", "timedatectl set-ntp true; times of trials are shown, nothing is decided by them",
                   "%s, not synchronized", now);
    else
        doctor_add(d, FINDING_OK, "clock", NULL, "%s", now);
    if (access(doctor_path(d, zone, "/etc/localtime"), R_OK) == 0)
        doctor_add(d, FINDING_OK, "time zone", NULL, "%s is there", zone);
    else
        doctor_add(d, FINDING_WARNING, "time zone", "timedatectl set-timezone ZONE", "none is set: other programs show UTC as pare does");
}
