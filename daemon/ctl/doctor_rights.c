// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// May the service, or else the caller, use probes and meters: udev's rules and groups.
#include "daemon/ctl/doctor.h"
#include "daemon/ctl/field.h"

#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_FILE_MAX 65536

/* Whose user and groups: /proc/PID/status, proc(5). Returns false when it cannot be read. */
static bool read_status(struct doctor *d, const char *process)
{
    char path[PATH_MAX], line[1024];
    FILE *f = fopen(doctor_path(d, path, "/proc/%s/status", process), "re");
    bool found = false;
    if (!f)
        return false;
    d->n_groups = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned real, effective;
        if (sscanf(line, "Uid: %u %u", &real, &effective) == 2) {
            d->uid = effective;
            found = true;
        } else if (sscanf(line, "Gid: %u %u", &real, &effective) == 2 && d->n_groups < DOCTOR_GROUPS_MAX) {
            d->groups[d->n_groups++] = effective;
        } else if (strncmp(line, "Groups:", 7) == 0) {
            char *at = line + 7, *end;
            for (unsigned long g = strtoul(at, &end, 10); end != at && d->n_groups < DOCTOR_GROUPS_MAX; g = strtoul(at, &end, 10)) {
                d->groups[d->n_groups++] = (gid_t)g;
                at = end;
            }
        }
    }
    fclose(f);
    return found;
}

void doctor_who(struct doctor *d)
{
    double pid;
    char process[32];
    d->is_service = field_number(d->hello, "pid", &pid) && pid >= 1 && pid < 1e9;
    if (d->is_service) {
        snprintf(process, sizeof process, "%.0f", pid);
        d->is_service = read_status(d, process);
    }
    if (!d->is_service && !read_status(d, "self"))
        d->uid = (uid_t)-1;
}

/* The number of a group by its name: /etc/group, group(5). */
static bool group_number(const struct doctor *d, const char *name, gid_t *number)
{
    char path[PATH_MAX], line[1024];
    size_t n = strlen(name);
    unsigned gid;
    FILE *f = fopen(doctor_path(d, path, "/etc/group"), "re");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        const char *second = strncmp(line, name, n) == 0 && line[n] == ':' ? strchr(line + n + 1, ':') : NULL;
        found = second && sscanf(second, ":%u", &gid) == 1;
    }
    if (f)
        fclose(f);
    *number = found ? gid : (gid_t)-1;
    return found;
}

static bool is_member(const struct doctor *d, const char *name)
{
    gid_t number;
    if (!group_number(d, name, &number))
        return false;
    for (int i = 0; i < d->n_groups; i++)
        if (d->groups[i] == number)
            return true;
    return false;
}

/* A name of a group in `names`, with a comma before it where it is not the first. */
static void add_name(char *names, size_t size, const char *name)
{
    size_t used = strlen(names);
    snprintf(names + used, size - used, "%s%s", used ? ", " : "", name);
}

void doctor_groups(struct doctor *d)
{
    static const char *const useful[] = {"pare", "plugdev", "dialout"};
    char in[64] = "";
    const char *who = d->is_service ? "the service" : "you";
    for (size_t i = 0; i < sizeof useful / sizeof *useful; i++)
        if (is_member(d, useful[i]))
            add_name(in, sizeof in, useful[i]);
    enum finding lacking = doctor_has_real_boards(d) ? FINDING_FAILED : FINDING_WARNING;
    if (d->uid == 0)
        doctor_add(d, FINDING_OK, "groups", NULL, "%s may use every device (root)", who);
    else if (is_member(d, "pare") || (is_member(d, "plugdev") && is_member(d, "dialout")))
        doctor_add(d, FINDING_OK, "groups", NULL, "%s: %s", who, in);
    else
        doctor_add(d, lacking, "groups", "usermod -aG pare USER (or plugdev,dialout), then log in again or restart the service", "%s: %s%s", who,
                   in[0] ? "only " : "neither pare nor plugdev and dialout", in);
}

/* A rule of ours, or OpenOCD's own, for ST's vendor number. */
static bool rule_in(const struct doctor *d, const char *folder, const char *name, char path[PATH_MAX])
{
    char *text;
    size_t size;
    struct error e;
    if (file_read(doctor_path(d, path, "%s/%s", folder, name), SMALL_FILE_MAX, &text, &size, &e) != 0)
        return false;
    bool about_st = strstr(text, "0483") != NULL;
    free(text);
    return about_st;
}

void doctor_udev(struct doctor *d)
{
    static const char *const folders[] = {"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
                                          "/lib/udev/rules.d"};
    static const char *const names[] = {"60-pare.rules", "60-openocd.rules"};
    char path[PATH_MAX];
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
            if (rule_in(d, folders[i], names[n], path)) {
                doctor_add(d, n == 0 ? FINDING_OK : FINDING_WARNING, "udev rules", n == 0 ? NULL : "60-pare.rules has a stable name for the meter too",
                           "%s", path);
                return;
            }
    doctor_add(d, doctor_has_real_boards(d) ? FINDING_FAILED : FINDING_WARNING, "udev rules",
               "cp configs/udev/60-pare.rules /etc/udev/rules.d/ && udevadm control --reload && udevadm trigger", "60-pare.rules is not installed");
}
