// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/caller.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 256
#define FRESH_NAME ".pare-%016llx" // short, for a folder that takes names as long as they may be
#define FRESH_TRIES 100

struct rights {
    bool changed;
    int n_groups;
    gid_t groups[GROUPS_MAX];
};

/* The thread's own groups: glibc's setgroups would change all threads. */
static int set_groups(int n, const gid_t *groups)
{
    return (int)syscall(SYS_setgroups, n, groups);
}

static int groups_of(const struct caller *c, gid_t *groups)
{
    char buffer[4096];
    struct passwd entry, *user = NULL;
    int n = GROUPS_MAX;
    groups[0] = c->gid;
    if (getpwuid_r(c->uid, &entry, buffer, sizeof buffer, &user) != 0 || !user)
        return 1;
    return getgrouplist(user->pw_name, c->gid, groups, &n) < 0 ? 1 : n;
}

static void give_back(const struct rights *saved)
{
    if (!saved->changed)
        return;
    setfsuid(geteuid());
    setfsgid(getegid());
    set_groups(saved->n_groups, saved->groups);
}

/* root may do anything: pared's own rights decide then. */
static int take(const struct caller *c, struct rights *saved, struct error *e)
{
    gid_t groups[GROUPS_MAX];
    saved->changed = false;
    if (c->uid == geteuid() || c->uid == 0)
        return 0;
    saved->n_groups = getgroups(GROUPS_MAX, saved->groups);
    int n = groups_of(c, groups);
    saved->changed = true;
    bool taken = saved->n_groups >= 0 && set_groups(n, groups) == 0;
    if (taken) {
        setfsgid(c->gid);
        setfsuid(c->uid);
        taken = (uid_t)setfsuid((uid_t)-1) == c->uid && (gid_t)setfsgid((gid_t)-1) == c->gid;
    }
    if (taken)
        return 0;
    give_back(saved);
    return error_set(e, "pared may not open files as user %u: it lacks the right to (docs/service.md)", (unsigned)c->uid);
}

/* Returns a descriptor, or -1 with errno's value in *why, or 0 there and the reason in `e` if the rights cannot be had. */
static int open_as(const struct caller *c, const char *path, int flags, mode_t mode, int *why, struct error *e)
{
    struct rights saved;
    *why = 0;
    if (take(c, &saved, e) != 0)
        return -1;
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    *why = errno;
    give_back(&saved);
    return fd;
}

int caller_open(const struct caller *c, const char *path, int flags, mode_t mode, struct error *e)
{
    int why, fd = open_as(c, path, flags, mode, &why, e);
    return fd >= 0 || why == 0 ? fd : error_set(e, "%s: %s", path, strerror(why));
}

/* Begins a file in the folder of `path`, under a name that nobody has. What goes wrong is said of `path`. */
static int open_fresh(const struct caller *c, const char *path, char fresh[PATH_MAX], struct error *e)
{
    const char *slash = strrchr(path, '/');
    int fd = -1, why = EEXIST, folder = slash ? (int)(slash + 1 - path) : 0;
    for (int i = 0; fd < 0 && why == EEXIST && i < FRESH_TRIES; i++) {
        unsigned long long number = 0;
        if (getrandom(&number, sizeof number, 0) < 0)
            return error_set(e, "%s: %s", path, strerror(errno));
        if (snprintf(fresh, PATH_MAX, "%.*s" FRESH_NAME, folder, path, number) >= PATH_MAX)
            return error_set(e, "%s: %s", path, strerror(ENAMETOOLONG));
        fd = open_as(c, fresh, O_WRONLY | O_CREAT | O_EXCL, 0666, &why, e);
    }
    return fd >= 0 || why == 0 ? fd : error_set(e, "%s: %s", path, strerror(why));
}

/* In one step, and only if the name is free. */
static int put_in_place(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL || link(from, to) != 0) // a file system that knows no such renaming
        return -1;
    unlink(from);
    return 0;
}

static int put_in_place_as(const struct caller *c, const char *from, const char *to, struct error *e)
{
    struct rights saved;
    if (take(c, &saved, e) != 0)
        return -1;
    int rc = put_in_place(from, to), why = errno;
    give_back(&saved);
    return rc == 0 ? 0 : error_set(e, "%s: %s", to, strerror(why));
}

int caller_write(const struct caller *c, const char *path, const void *data, size_t size, struct error *e)
{
    char fresh[PATH_MAX];
    int fd = open_fresh(c, path, fresh, e);
    if (fd < 0)
        return -1;
    int rc = file_write_all(fd, data, size) == 0 ? fsync(fd) : -1, why = errno;
    if (close(fd) != 0 && rc == 0)
        rc = -1, why = errno;
    rc = rc == 0 ? put_in_place_as(c, fresh, path, e) : error_set(e, "%s: %s", path, strerror(why));
    if (rc != 0)
        caller_remove(c, fresh);
    return rc;
}

static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    int n = 0;
    if (!folder)
        return false;
    while (n <= 2 && readdir(folder))
        n++;
    closedir(folder);
    return n <= 2;
}

int caller_make_folder(const struct caller *c, const char *path, struct error *e)
{
    struct rights saved;
    if (take(c, &saved, e) != 0)
        return -1;
    int rc = mkdir(path, 0777), why = errno;
    bool empty = rc != 0 && why == EEXIST && is_empty(path);
    give_back(&saved);
    return rc == 0 || empty ? 0 : error_set(e, "%s: %s", path, why == EEXIST ? "exists and is not empty" : strerror(why));
}

void caller_remove(const struct caller *c, const char *path)
{
    struct rights saved;
    struct error e;
    if (take(c, &saved, &e) != 0)
        return;
    unlink(path);
    give_back(&saved);
}
