// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What is plugged in: ST-LINK probes and meters, and the OpenOCD that speaks to the probes.
#include "daemon/ctl/doctor.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/program.h"
#include "daemon/ctl/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES_MAX 512 // entries of /sys/bus/usb/devices
#define OPENOCD_MAJOR 0
#define OPENOCD_MINOR 12

/* --- probes: /sys/bus/usb/devices --- */

/* USB product numbers of ST's debug probes, as in configs/udev/60-pare.rules and OpenOCD's list. */
static const struct product {
    const char *number, *name;
} products[] = {
    {"3744", "ST-LINK/V1"},    {"3748", "ST-LINK/V2"}, {"374b", "ST-LINK/V2-1"}, {"374d", "STLINK-V3"},  {"374e", "STLINK-V3E"},
    {"374f", "STLINK-V3SET"},  {"3752", "ST-LINK/V2-1"}, {"3753", "STLINK-V3"},  {"3754", "STLINK-V3"}, {"3757", "STLINK-V3PWR"},
};

static bool attribute(const struct doctor *d, const char *device, const char *name, char *value, size_t size)
{
    char path[PATH_MAX];
    return doctor_read_line(doctor_path(d, path, "/sys/bus/usb/devices/%s/%s", device, name), value, size);
}

static const struct product *product_of(const struct doctor *d, const char *device)
{
    char vendor[16], product[16];
    if (!attribute(d, device, "idVendor", vendor, sizeof vendor) || strcmp(vendor, "0483") != 0 ||
        !attribute(d, device, "idProduct", product, sizeof product))
        return NULL;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        if (strcmp(product, products[i].number) == 0)
            return &products[i];
    return NULL;
}

static bool may_write(const struct doctor *d, const struct stat *st)
{
    if (d->uid == 0)
        return true;
    if (st->st_uid == d->uid)
        return (st->st_mode & S_IWUSR) != 0;
    for (int i = 0; i < d->n_groups; i++)
        if (st->st_gid == d->groups[i])
            return (st->st_mode & S_IWGRP) != 0;
    return (st->st_mode & S_IWOTH) != 0;
}

/* The node that libusb opens; false where it cannot be opened for writing. */
static bool may_open(const struct doctor *d, const char *device, char node[PATH_MAX])
{
    char bus[16], number[16];
    struct stat st;
    if (!attribute(d, device, "busnum", bus, sizeof bus) || !attribute(d, device, "devnum", number, sizeof number))
        return true; // it is just being plugged in or out
    doctor_path(d, node, "/dev/bus/usb/%03d/%03d", atoi(bus), atoi(number));
    return stat(node, &st) != 0 || may_write(d, &st);
}

static bool is_configured(const struct doctor *d, const char *serial)
{
    const cJSON *board;
    cJSON_ArrayForEach(board, field_find(d->config, "boards"))
    {
        if (strcmp(field_string(board, "serial"), serial) == 0)
            return true;
    }
    return false;
}

/* A probe is never taken by itself: which board hangs on it, only a person knows. What to write is told. */
static void tell_unused(struct doctor *d, const char *device, const char *serial)
{
    char advice[256];
    if (!d->config || is_configured(d, serial))
        return;
    snprintf(advice, sizeof advice, "to use its board: {\"file\": \"BOARD-FILE.json\", \"serial\": \"%.60s\", \"usb_location\": \"%.40s\"} in \"boards\" of pared's configuration",
             serial, device);
    doctor_add(d, FINDING_OK, "unused probe", advice, "%s at %s serves no board of the configuration", serial, device);
}

static void check_probe(struct doctor *d, const char *device, const struct product *product)
{
    char serial[64] = "", release[16] = "-", node[PATH_MAX] = "", check[96];
    if (!attribute(d, device, "serial", serial, sizeof serial))
        snprintf(serial, sizeof serial, "%s", "without serial number");
    attribute(d, device, "bcdDevice", release, sizeof release);
    snprintf(check, sizeof check, "probe");
    d->has_v3pwr |= strcmp(product->number, "3757") == 0;
    if (d->n_probes < DOCTOR_PROBES_MAX)
        memcpy(d->probes[d->n_probes++], serial, sizeof serial);
    if (strcmp(product->number, "3744") == 0)
        doctor_add(d, FINDING_WARNING, check, "use an ST-LINK/V2-1 or V3", "%s %s is too old for STM32U5", product->name, serial);
    else if (!may_open(d, device, node))
        doctor_add(d, FINDING_FAILED, check, "install 60-pare.rules and join its group, or plug it in again", "%s %s: %s may not be opened by %s",
                   product->name, serial, node, d->is_service ? "the service" : "you");
    else
        doctor_add(d, FINDING_OK, check, NULL, "%s %s, USB release %s, at %s", product->name, serial, release, device);
    tell_unused(d, device, serial);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder without hidden ones, in order; at most `limit`. The caller frees each. */
static int list_folder(const char *path, char **names, int limit)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int n = 0;
    while (folder && n < limit && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && (names[n] = strdup(entry->d_name)))
            n++;
    if (folder)
        closedir(folder);
    qsort(names, (size_t)n, sizeof *names, by_name);
    return n;
}

void doctor_probes(struct doctor *d)
{
    char path[PATH_MAX], *names[DEVICES_MAX];
    int n = list_folder(doctor_path(d, path, "/sys/bus/usb/devices"), names, DEVICES_MAX), seen = 0;
    for (int i = 0; i < n; i++) {
        const struct product *product = product_of(d, names[i]);
        if (product) {
            check_probe(d, names[i], product);
            seen++;
        }
        free(names[i]);
    }
    if (seen == 0 && doctor_has_real_boards(d))
        doctor_add(d, FINDING_FAILED, "probe", "is the board powered, and its cable one that carries data? lsusb -d 0483:", "no ST-LINK is plugged in");
    else if (seen == 0)
        doctor_add(d, d->config ? FINDING_OK : FINDING_WARNING, "probe", d->config ? NULL : "virtual boards need none",
                   "no ST-LINK is plugged in%s", d->config ? ", no real board is configured" : "");
}

/* --- openocd --- */

static bool read_version(const char *says, int *major, int *minor, char *text, size_t size)
{
    const char *at = strstr(says, "Open On-Chip Debugger ");
    if (!at || sscanf(at + 22, "%d.%d", major, minor) != 2)
        return false;
    snprintf(text, size, "%.*s", (int)strcspn(at + 22, " \n"), at + 22);
    return true;
}

static void check_openocd(struct doctor *d, const char *name)
{
    char path[PATH_MAX], says[PROGRAM_SAYS_MAX], version[64];
    struct error e = {""};
    int major, minor;
    if (!program_find(name, NULL, path, sizeof path)) {
        doctor_add(d, FINDING_FAILED, "openocd", "apt install openocd, or name it with \"openocd\" in the board file", "there is no program %s", name);
        return;
    }
    const char *const argv[] = {path, "--version", NULL};
    if (program_run(argv, says, sizeof says, &e) < 0)
        doctor_add(d, FINDING_FAILED, "openocd", "apt install --reinstall openocd, or name another with \"openocd\" in the board file", "%s", e.text);
    else if (!read_version(says, &major, &minor, version, sizeof version))
        doctor_add(d, FINDING_WARNING, "openocd", "is it OpenOCD?", "%s says no version", path);
    else if (major == OPENOCD_MAJOR && minor < OPENOCD_MINOR)
        doctor_add(d, FINDING_FAILED, "openocd", "STM32U5 needs 0.12 or newer", "%s is %s", path, version);
    else if (d->has_v3pwr && strcmp(version, "0.12.0") == 0)
        doctor_add(d, FINDING_WARNING, "openocd", "build a newer OpenOCD and name it with \"openocd\" in the board file",
                   "%s is %s, which does not know STLINK-V3PWR as a probe", path, version);
    else
        doctor_add(d, FINDING_OK, "openocd", NULL, "%s is %s", path, version);
}

void doctor_openocd(struct doctor *d)
{
    const cJSON *boards = field_find(d->config, "boards"), *board, *other;
    if (cJSON_GetArraySize(boards) == 0)
        check_openocd(d, "openocd");
    cJSON_ArrayForEach(board, boards)
    {
        const char *name = field_string(board, "openocd");
        for (other = boards->child; other != board && strcmp(field_string(other, "openocd"), name) != 0; other = other->next) {
        }
        if (other == board) // the first with this one
            check_openocd(d, name);
    }
}

/* --- meters --- */

static void check_meter(struct doctor *d, const char *board, const char *path)
{
    char check[96];
    struct stat st;
    snprintf(check, sizeof check, "meter of %.60s", board);
    if (stat(path, &st) != 0)
        doctor_add(d, FINDING_FAILED, check, "plug it in, or correct \"meter\" in pared's configuration; /dev/serial/by-id has stable names",
                   "%s is not there", path);
    else if (!may_write(d, &st))
        doctor_add(d, FINDING_FAILED, check, "install 60-pare.rules and join its group (or dialout)", "%s may not be opened by %s", path,
                   d->is_service ? "the service" : "you");
    else
        doctor_add(d, FINDING_OK, check, NULL, "%s", path);
}

/* Serial ports that may be meters, for who is about to write a configuration. */
static void list_ports(struct doctor *d)
{
    char path[PATH_MAX], text[1024] = "", *names[DOCTOR_NAMES_MAX];
    int n = list_folder(doctor_path(d, path, "/dev/serial/by-id"), names, DOCTOR_NAMES_MAX);
    for (int i = 0; i < n; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", names[i]);
        free(names[i]);
    }
    if (n > 0)
        doctor_add(d, FINDING_OK, "serial ports", NULL, "%s", text);
    else
        doctor_add(d, FINDING_OK, "serial ports", NULL, "none in /dev/serial/by-id: energy needs a meter");
}

void doctor_meters(struct doctor *d)
{
    const cJSON *board;
    cJSON_ArrayForEach(board, field_find(d->config, "boards"))
    {
        const cJSON *meter = field_find(board, "meter");
        if (cJSON_IsString(meter))
            check_meter(d, field_string(board, "board"), meter->valuestring);
    }
    list_ports(d);
}
