// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include "base/file.h"
#include "hwlink/usb_port.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const levels[] = {"info", "debug", "warning", NULL};

#define BOARD_AT(member) .offset = offsetof(struct config_board, member), .size = sizeof((struct config_board *)0)->member
#define AT(member) .offset = offsetof(struct config, member), .size = sizeof((struct config *)0)->member

static const struct key board_keys[] = {
    {.name = "file", .kind = KEY_PATH, BOARD_AT(file), .needed = true},
    {.name = "serial", .kind = KEY_TEXT, BOARD_AT(serial)},
    {.name = "port", .kind = KEY_INT, BOARD_AT(port), .min = 1, .max = 65535},
    {.name = "meter", .kind = KEY_TEXT, BOARD_AT(meter)},
    {.name = "usb_location", .kind = KEY_TEXT, BOARD_AT(usb_location)},
    {.name = NULL}};

static int read_boards(struct keys_reader *r, const cJSON *value, void *where)
{
    struct config_boards *boards = where;
    const cJSON *v;
    if (!cJSON_IsArray(value))
        return keys_error(r, "is not a list of boards");
    boards->n = 0;
    cJSON_ArrayForEach(v, value) {
        if (boards->n == POOL_BOARDS_MAX)
            return keys_error(r, "has more than %d boards", POOL_BOARDS_MAX);
        if (keys_read(r, v, board_keys, &boards->v[boards->n++]) != 0)
            return -1;
    }
    return 0;
}

static int read_user(struct keys_reader *r, const cJSON *value, struct config_users *users)
{
    const struct passwd *user = cJSON_IsString(value) ? getpwnam(value->valuestring) : NULL;
    if (!user)
        return keys_error(r, "names \"%s\", which is no user here", cJSON_IsString(value) ? value->valuestring : "?");
    if (users->n == CONFIG_USERS_MAX)
        return keys_error(r, "has more than %d users", CONFIG_USERS_MAX);
    users->v[users->n++] = user->pw_uid;
    return 0;
}

static int read_users(struct keys_reader *r, const cJSON *value, void *where)
{
    struct config_users *users = where;
    const cJSON *v;
    if (cJSON_IsString(value) && strcmp(value->valuestring, "all") == 0) {
        users->all = true;
        return 0;
    }
    if (!cJSON_IsArray(value))
        return keys_error(r, "is neither \"all\" nor a list of users");
    cJSON_ArrayForEach(v, value) {
        if (read_user(r, v, users) != 0)
            return -1;
    }
    return 0;
}

static const struct key config_keys[] = {
    {.name = "socket", .kind = KEY_PATH, AT(socket)},
    {.name = "state", .kind = KEY_PATH, AT(state), .needed = true},
    {.name = "database", .kind = KEY_PATH, AT(database)},
    {.name = "worker", .kind = KEY_TEXT, AT(worker)},
    {.name = "runner", .kind = KEY_PATH, AT(runner)},
    {.name = "scorers", .kind = KEY_PATH, AT(scorers)},
    {.name = "boards", .kind = KEY_OWN, AT(boards), .needed = true, .read = read_boards},
    {.name = "readers", .kind = KEY_OWN, AT(readers), .read = read_users},
    {.name = "operators", .kind = KEY_OWN, AT(operators), .read = read_users},
    {.name = "deadline_scale", .kind = KEY_NUMBER, AT(deadline_scale), .min = 0.1, .max = 1000},
    {.name = "canary_minutes", .kind = KEY_NUMBER, AT(canary_minutes), .min = 0, .max = 100000},
    {.name = "log", .kind = KEY_CHOICE, AT(log), .names = levels},
    {.name = "keep_events", .kind = KEY_INT, AT(keep_events), .min = 1000, .max = 1e9},
    {.name = NULL}};

static int read_board_file(const struct config *c, const struct config_board *b, struct board_file *f, struct error *e)
{
    if (board_file_read(b->file, b->serial[0] ? b->serial : NULL, (int)b->port, f, e) != 0)
        return -1;
    if (b->usb_location[0] && !usb_port_is_location(b->usb_location))
        return error_set(e, "\"usb_location\": \"%s\" is no place on USB, like \"1-2.3\"", b->usb_location);
    if (b->usb_location[0])
        snprintf(f->usb_location, sizeof f->usb_location, "%s", b->usb_location);
    if (b->meter[0])
        snprintf(f->meter_path, sizeof f->meter_path, "%s", b->meter);
    if (!f->runner[0] && strlen(c->runner) >= sizeof f->runner)
        return error_set(e, "\"runner\" is too long a path");
    if (!f->runner[0])
        snprintf(f->runner, sizeof f->runner, "%.*s", (int)sizeof f->runner - 1, c->runner);
    return f->runner[0] ? 0 : error_set(e, "%s: no \"runner\", neither there nor in the configuration", b->file);
}

/* "pare-net" stands beside pared in a build tree and in /usr/bin. */
static void find_worker(struct config *c)
{
    char self[KEYS_PATH_MAX], beside[2 * KEYS_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (strchr(c->worker, '/') || n <= 0)
        return;
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    snprintf(beside, sizeof beside, "%.*s/%s", slash ? (int)(slash - self) : 0, self, c->worker);
    if (access(beside, X_OK) == 0 && strlen(beside) < sizeof c->worker)
        memcpy(c->worker, beside, strlen(beside) + 1);
}

static int finish(struct config *c, const char *folder, struct error *e)
{
    char path[2 * KEYS_PATH_MAX];
    if (strchr(c->worker, '/') && c->worker[0] != '/') {
        snprintf(path, sizeof path, "%s/%s", folder, c->worker);
        snprintf(c->worker, sizeof c->worker, "%.*s", (int)sizeof c->worker - 1, path);
    }
    find_worker(c);
    if (!c->database[0])
        snprintf(c->database, sizeof c->database, "%.*s/pare.db", (int)sizeof c->database - 9, c->state);
    for (int i = 0; i < c->boards.n; i++)
        if (read_board_file(c, &c->boards.v[i], &c->files[i], e) != 0)
            return -1;
    return 0;
}

int config_read(const char *path, struct config *c, struct error *e)
{
    char *text, *absolute = realpath(path, NULL);
    size_t size;
    if (!absolute)
        return error_set(e, "%s: no such file", path);
    int rc = file_read(absolute, CONFIG_FILE_MAX, &text, &size, e);
    cJSON *object = rc == 0 ? keys_parse(text, e) : NULL;
    char *slash = strrchr(absolute, '/');
    memset(c, 0, sizeof *c);
    snprintf(c->file, sizeof c->file, "%s", absolute);
    *slash = '\0';
    struct keys_reader r = {.folder = absolute[0] ? absolute : "/", .e = e};
    snprintf(c->worker, sizeof c->worker, "pare-net");
    c->deadline_scale = 1;
    c->canary_minutes = 60;
    c->keep_events = 1000000;
    if (rc == 0)
        free(text);
    rc = object ? keys_read(&r, object, config_keys, c) : -1;
    if (rc == 0)
        rc = finish(c, absolute, e);
    cJSON_Delete(object);
    free(absolute);
    return rc == 0 ? 0 : error_wrap(e, "%s", path);
}

/* --- as an answer --- */

static cJSON *users_json(const struct config_users *users)
{
    if (users->all)
        return cJSON_CreateString("all");
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < users->n; i++) {
        const struct passwd *user = getpwuid(users->v[i]);
        cJSON_AddItemToArray(list, user ? cJSON_CreateString(user->pw_name) : cJSON_CreateNumber(users->v[i]));
    }
    return list;
}

static cJSON *board_json(const struct config_board *b, const struct board_file *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "board", f->name);
    cJSON_AddStringToObject(o, "type", f->type);
    cJSON_AddStringToObject(o, "serial", f->serial);
    cJSON_AddBoolToObject(o, "virtual", f->is_virtual);
    cJSON_AddStringToObject(o, "file", b->file);
    cJSON_AddStringToObject(o, "openocd", f->openocd);
    cJSON_AddStringToObject(o, "runner", f->runner);
    cJSON_AddItemToObject(o, "meter", f->meter != METER_NONE ? cJSON_CreateString(f->meter_path) : cJSON_CreateNull());
    return o;
}

cJSON *config_json(const struct config *c)
{
    cJSON *o = keys_write(config_keys, c);
    if (!o)
        o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", c->file);
    cJSON *boards = cJSON_AddArrayToObject(o, "boards");
    for (int i = 0; i < c->boards.n; i++)
        cJSON_AddItemToArray(boards, board_json(&c->boards.v[i], &c->files[i]));
    cJSON_AddItemToObject(o, "readers", users_json(&c->readers));
    cJSON_AddItemToObject(o, "operators", users_json(&c->operators));
    return o;
}
