// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A stale socket is told from a live one by connecting to it.
#include "daemon/ctl/socket_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int copy_path(char path[SOCKET_PATH_MAX], const char *folder, const char *rest, struct error *e)
{
    int n = snprintf(path, SOCKET_PATH_MAX, "%s%s", folder, rest);
    if (n < 0 || n >= SOCKET_PATH_MAX)
        return error_set(e, "the socket's path %s%s is longer than %d bytes", folder, rest, SOCKET_PATH_MAX - 1);
    return 0;
}

int socket_file_default(char path[SOCKET_PATH_MAX], struct error *e)
{
    const char *named = getenv("PARE_SOCKET");
    if (named && named[0])
        return copy_path(path, named, "", e);
    if (geteuid() == 0)
        return copy_path(path, "/run/pare/pared.sock", "", e);
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (!runtime || !runtime[0])
        return error_set(e, "neither PARE_SOCKET nor XDG_RUNTIME_DIR is set: use --socket PATH");
    return copy_path(path, runtime, "/pare/pared.sock", e);
}

/* 0: nobody listens there; 1: somebody does; -1: cannot tell, errno. */
static int somebody_listens(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int result = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN ? 1
                 : errno == ECONNREFUSED                                                        ? 0
                                                                                                : -1;
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int socket_file_clear(const char *path, struct error *e)
{
    struct stat st;
    if (strlen(path) >= SOCKET_PATH_MAX)
        return error_set(e, "the socket's path %s is longer than %d bytes", path, SOCKET_PATH_MAX - 1);
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : error_set(e, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return error_set(e, "%s is there and is no socket", path);
    int listens = somebody_listens(path);
    if (listens > 0)
        return error_set(e, "a service already answers on %s", path);
    if (listens < 0)
        return error_set(e, "%s: %s", path, strerror(errno));
    if (unlink(path) != 0)
        return error_set(e, "removing the stale socket %s: %s", path, strerror(errno));
    return 0;
}
