// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/program.h"

#include "daemon/ctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SBIN "/usr/local/sbin:/usr/sbin:/sbin"

extern char **environ;

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool in_folder(const char *folder, int length, const char *name, char *path, size_t size)
{
    int n = snprintf(path, size, "%.*s/%s", length, folder, name);
    return n > 0 && (size_t)n < size && is_program(path);
}

static bool in_list(const char *list, const char *name, char *path, size_t size)
{
    while (list && *list) {
        size_t n = strcspn(list, ":");
        if (n > 0 && in_folder(list, (int)n, name, path, size))
            return true;
        list += n + (list[n] == ':');
    }
    return false;
}

static bool beside_us(const char *name, const char *const *beside, char *path, size_t size)
{
    char self[PATH_MAX], folder[2 * PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    if (in_folder(self, (int)strlen(self), name, path, size))
        return true;
    for (; beside && *beside; beside++) {
        snprintf(folder, sizeof folder, "%s/%s", self, *beside);
        if (in_folder(folder, (int)strlen(folder), name, path, size))
            return true;
    }
    return false;
}

bool program_find(const char *name, const char *const *beside, char *path, size_t size)
{
    if (strchr(name, '/')) {
        snprintf(path, size, "%s", name);
        return is_program(name);
    }
    return beside_us(name, beside, path, size) || in_list(getenv("PATH"), name, path, size) || in_list(SBIN, name, path, size);
}

/* Reads until the end or the deadline. Returns false at the deadline. */
static bool listen_to(int fd, char *says, size_t size)
{
    int64_t deadline = client_now() + PROGRAM_WAIT_MS;
    size_t used = 0;
    for (;;) {
        char chunk[1024];
        int64_t left = deadline - client_now();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return false;
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        size_t keep = size - 1 - used < (size_t)n ? size - 1 - used : (size_t)n;
        memcpy(says + used, chunk, keep);
        used += keep;
        says[used] = '\0';
    }
}

static int spawn(const char *const *argv, const int out[2], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
    int rc = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

int program_run(const char *const *argv, char *says, size_t size, struct error *e)
{
    int out[2], status;
    pid_t pid;
    says[0] = '\0';
    if (pipe2(out, O_CLOEXEC) != 0)
        return error_set(e, "%s: %s", argv[0], strerror(errno));
    int rc = spawn(argv, out, &pid);
    close(out[1]);
    if (rc != 0) {
        close(out[0]);
        return error_set(e, "%s: %s", argv[0], strerror(rc));
    }
    bool in_time = listen_to(out[0], says, size);
    close(out[0]);
    if (!in_time)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time)
        return error_set(e, "%s does not end", argv[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : error_set(e, "%s: ended by signal %d", argv[0], WTERMSIG(status));
}
