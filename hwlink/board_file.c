// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Board files: JSON to a checked struct, one table of keys.
#include "hwlink/board_file.h"

#include "base/file.h"
#include "hwlink/flashlog.h"
#include "hwlink/usb_port.h"
#include "quant/kernels/mailbox.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a value is expanded and checked with. */
struct reading {
    struct board_file *f;
    const char *folder;
    struct error *e;
};

/* The value of "NAME" or "NAME:-default" of `length` characters; NULL if it has none. `room` holds a copy. */
static const char *variable(const struct reading *r, const char *text, size_t length, char room[BOARD_PATH_MAX])
{
    if (length >= BOARD_PATH_MAX)
        return NULL;
    memcpy(room, text, length);
    room[length] = '\0';
    char *otherwise = strstr(room, ":-");
    if (otherwise) {
        *otherwise = '\0';
        otherwise += 2;
    }
    if (strcmp(room, "serial") == 0)
        return r->f->serial;
    if (strcmp(room, "usb_location") == 0)
        return r->f->usb_location;
    if (strcmp(room, "port") == 0) {
        snprintf(room, BOARD_PATH_MAX, "%d", r->f->port);
        return room;
    }
    const char *value = getenv(room);
    return value ? value : otherwise;
}

/* Copies `text` with ${serial}, ${port}, ${ENVIRONMENT} and ${ENVIRONMENT:-default} replaced. Returns 0, or -1 with the reason. */
static int expand(const struct reading *r, const char *text, char *out, size_t size)
{
    size_t n = 0;
    while (*text) {
        char room[BOARD_PATH_MAX];
        const char *piece = text, *end = strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;
        size_t length = 1;
        if (end) {
            piece = variable(r, text + 2, (size_t)(end - text) - 2, room);
            if (!piece)
                return error_set(r->e, "%.*s is not set", (int)(end - text) + 1, text);
            length = strlen(piece);
        }
        if (n + length >= size)
            return error_set(r->e, "longer than %zu characters", size - 1);
        memcpy(out + n, piece, length);
        n += length;
        text = end ? end + 1 : text + 1;
    }
    out[n] = '\0';
    return 0;
}

static int read_text(const struct reading *r, const cJSON *v, char *out, size_t size)
{
    if (!cJSON_IsString(v))
        return error_set(r->e, "is not a string");
    return expand(r, v->valuestring, out, size);
}

static int read_number(const struct reading *r, const cJSON *v, uint32_t least, uint32_t most, uint32_t *out)
{
    if (!cJSON_IsNumber(v) || v->valuedouble < least || v->valuedouble > most ||
        v->valuedouble != (double)(uint32_t)v->valuedouble)
        return error_set(r->e, "is not a whole number from %u to %u", least, most);
    *out = (uint32_t)v->valuedouble;
    return 0;
}

static int read_name(const struct reading *r, const cJSON *v)
{
    return read_text(r, v, r->f->name, sizeof r->f->name);
}

static int read_type(const struct reading *r, const cJSON *v)
{
    return read_text(r, v, r->f->type, sizeof r->f->type);
}

static int read_serial(const struct reading *r, const cJSON *v)
{
    return r->f->serial[0] ? 0 : read_text(r, v, r->f->serial, sizeof r->f->serial);
}

static int read_location(const struct reading *r, const cJSON *v)
{
    if (read_text(r, v, r->f->usb_location, sizeof r->f->usb_location) != 0)
        return -1;
    return usb_port_is_location(r->f->usb_location) ? 0 : error_set(r->e, "is no place on USB, like \"1-2.3\"");
}

static int read_devices(const struct reading *r, const cJSON *v)
{
    return read_text(r, v, r->f->usb_devices, sizeof r->f->usb_devices);
}

static int read_port(const struct reading *r, const cJSON *v)
{
    uint32_t port = 0;
    if (r->f->port)
        return 0;
    if (read_number(r, v, 1, 65535, &port) != 0)
        return -1;
    r->f->port = (int)port;
    return 0;
}

static int read_virtual(const struct reading *r, const cJSON *v)
{
    if (!cJSON_IsBool(v))
        return error_set(r->e, "is not true or false");
    r->f->is_virtual = cJSON_IsTrue(v);
    return 0;
}

static int read_openocd(const struct reading *r, const cJSON *v)
{
    return read_text(r, v, r->f->openocd, sizeof r->f->openocd);
}

static int read_scripts(const struct reading *r, const cJSON *v)
{
    return read_text(r, v, r->f->openocd_scripts, sizeof r->f->openocd_scripts);
}

static int read_lines(const struct reading *r, const cJSON *v)
{
    const cJSON *line;
    if (!cJSON_IsArray(v))
        return error_set(r->e, "is not a list of lines");
    cJSON_ArrayForEach(line, v) {
        if (r->f->n_lines == BOARD_LINES_MAX)
            return error_set(r->e, "has more than %d lines", BOARD_LINES_MAX);
        if (read_text(r, line, r->f->lines[r->f->n_lines++], BOARD_LINE_MAX) != 0)
            return -1;
    }
    return 0;
}

static int read_flash(const struct reading *r, const cJSON *v)
{
    return read_number(r, v, 1, BOARD_LOG_PAGES * BOARD_PAGE_BYTES, &r->f->flash_bytes);
}

static int read_ram(const struct reading *r, const cJSON *v)
{
    return read_number(r, v, 1, BOARD_ARENA_BYTES, &r->f->ram_bytes);
}

static int read_budget(const struct reading *r, const cJSON *v)
{
    return read_number(r, v, 1, FLASHLOG_WEAR_MAX, &r->f->erase_budget);
}

static int read_clock(const struct reading *r, const cJSON *v)
{
    return read_number(r, v, 1000000, 1000000000, &r->f->clock_hz);
}

static int read_runner(const struct reading *r, const cJSON *v)
{
    char path[BOARD_PATH_MAX];
    if (read_text(r, v, path, sizeof path) != 0)
        return -1;
    int n = path[0] == '/' || path[0] == '\0'
                ? snprintf(r->f->runner, sizeof r->f->runner, "%s", path)
                : snprintf(r->f->runner, sizeof r->f->runner, "%s/%s", r->folder, path);
    return n < (int)sizeof r->f->runner ? 0 : error_set(r->e, "the path is too long");
}

static int read_meter_kind(const struct reading *r, const cJSON *v)
{
    static const char *const names[METER_KIND_COUNT] = {"none", "lpm01a", "lpm01a-ascii", "stlink-v3pwr", "ppk2", "hwmon"};
    for (int i = 0; cJSON_IsString(v) && i < METER_KIND_COUNT; i++)
        if (strcmp(names[i], v->valuestring) == 0) {
            r->f->meter = (enum meter_kind)i;
            return 0;
        }
    return error_set(r->e, "is none of none, lpm01a, lpm01a-ascii, stlink-v3pwr, ppk2, hwmon");
}

static int read_meter_path(const struct reading *r, const cJSON *v)
{
    return read_text(r, v, r->f->meter_path, sizeof r->f->meter_path);
}

static int read_supply(const struct reading *r, const cJSON *v)
{
    return read_number(r, v, 1800, 3300, &r->f->supply_mv);
}

static int read_meter_hz(const struct reading *r, const cJSON *v)
{
    return read_number(r, v, 100, 100000, &r->f->meter_hz);
}

static int read_comment(const struct reading *r, const cJSON *v)
{
    (void)r, (void)v;
    return 0;
}

struct key {
    const char *name;
    int (*read)(const struct reading *r, const cJSON *v);
};

static const struct key meter_keys[] = {
    {"kind", read_meter_kind}, {"path", read_meter_path}, {"supply_mv", read_supply}, {"hz", read_meter_hz}, {NULL, NULL}};

static int read_object(const struct reading *r, const cJSON *object, const struct key *keys);

static int read_meter(const struct reading *r, const cJSON *v)
{
    if (cJSON_IsNull(v))
        return 0;
    if (!cJSON_IsObject(v))
        return error_set(r->e, "is not an object");
    if (read_object(r, v, meter_keys) != 0)
        return -1;
    return r->f->meter == METER_NONE || r->f->meter_path[0] ? 0 : error_set(r->e, "has no \"path\"");
}

/* Serial and port stand first: other values mention them. */
static const struct key board_keys[] = {{"serial", read_serial},
                                        {"port", read_port},
                                        {"usb_location", read_location},
                                        {"usb_devices", read_devices},
                                        {"comment", read_comment},
                                        {"name", read_name},
                                        {"type", read_type},
                                        {"virtual", read_virtual},
                                        {"openocd", read_openocd},
                                        {"openocd_scripts", read_scripts},
                                        {"openocd_config", read_lines},
                                        {"meter", read_meter},
                                        {"flash_bytes", read_flash},
                                        {"ram_bytes", read_ram},
                                        {"erase_budget", read_budget},
                                        {"clock_hz", read_clock},
                                        {"runner", read_runner},
                                        {NULL, NULL}};

static int read_object(const struct reading *r, const cJSON *object, const struct key *keys)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, object) {
        const struct key *k = keys;
        while (k->name && strcmp(k->name, v->string) != 0)
            k++;
        if (!k->name)
            return error_set(r->e, "unknown key \"%s\"", v->string);
    }
    for (const struct key *k = keys; k->name; k++) {
        v = cJSON_GetObjectItemCaseSensitive(object, k->name);
        if (v && k->read(r, v) != 0)
            return error_wrap(r->e, "\"%s\"", k->name);
    }
    return 0;
}

/* Serials become file names and Tcl words: letters, digits and a few signs only. */
static bool is_plain(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == strlen(text);
}

static int check(const struct board_file *f, struct error *e)
{
    if (!f->name[0] || !f->type[0])
        return error_set(e, "\"name\" and \"type\" are needed");
    if (!f->serial[0] || !is_plain(f->serial))
        return error_set(e, "\"serial\" must name the probe (letters, digits, _ . -)");
    if (f->n_lines == 0)
        return error_set(e, "\"openocd_config\" is needed");
    for (int i = 0; i < f->n_lines; i++)
        if (strstr(f->lines[i], "connect_assert_srst"))
            return error_set(e, "connect_assert_srst would reset the board when results are picked up");
    return 0;
}

int board_file_parse(const char *text, const char *folder, const char *serial, int port, struct board_file *f,
                     struct error *e)
{
    memset(f, 0, sizeof *f);
    snprintf(f->openocd, sizeof f->openocd, "openocd");
    snprintf(f->usb_devices, sizeof f->usb_devices, USB_PORT_DEVICES);
    f->port = port;
    f->supply_mv = 3300;
    f->meter_hz = 100000;
    f->flash_bytes = BOARD_LOG_PAGES * BOARD_PAGE_BYTES;
    f->ram_bytes = BOARD_ARENA_BYTES;
    f->erase_budget = FLASHLOG_WEAR_BUDGET;
    f->clock_hz = 160000000;
    if (serial && strlen(serial) >= sizeof f->serial)
        return error_set(e, "the serial is too long");
    snprintf(f->serial, sizeof f->serial, "%s", serial ? serial : "");
    cJSON *root = cJSON_Parse(text);
    struct reading r = {f, folder, e};
    int rc = cJSON_IsObject(root) ? read_object(&r, root, board_keys) : error_set(e, "is not a JSON object");
    cJSON_Delete(root);
    return rc == 0 ? check(f, e) : -1;
}

int board_file_read(const char *path, const char *serial, int port, struct board_file *f, struct error *e)
{
    char *text, folder[BOARD_PATH_MAX];
    size_t size;
    if (file_read(path, BOARD_FILE_MAX, &text, &size, e) != 0)
        return -1;
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int rc = board_file_parse(text, folder, serial, port, f, e);
    free(text);
    return rc == 0 ? 0 : error_wrap(e, "%s", path);
}
