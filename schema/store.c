// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Opening and closing the writing store, and its transactions.
#include "schema/store.h"

#include "schema/migrations.h"
#include "schema/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t system_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t writer_now(const struct store *s)
{
    return s->options.now_ms ? s->options.now_ms(s->options.user) : system_ms();
}

/* A lock of the process, not of the descriptor: a child that was forked just before its parent is killed does not keep it.
 * Returns 0, the pid of who has it, or -1 with errno. */
static pid_t lock_try(int fd)
{
    for (;;) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(fd, F_SETLK, &whole) == 0)
            return 0;
        if ((errno != EACCES && errno != EAGAIN) || fcntl(fd, F_GETLK, &whole) < 0)
            return -1;
        if (whole.l_type != F_UNLCK)
            return whole.l_pid;
    }
}

/* Takes PATH.lock and writes the pid into it. The file stays: removing it would let two in. Returns the descriptor, the only one of
 * this file (closing another one would end the lock), or -1. */
static int lock_take(const char *path, struct error *e)
{
    char *name = NULL, pid[32];
    if (asprintf(&name, "%s.lock", path) < 0)
        return error_set(e, "no memory");
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    free(name);
    if (fd < 0)
        return error_set(e, "%s.lock: %s", path, strerror(errno));
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid()), result = fd;
    pid_t owner = lock_try(fd);
    if (owner > 0)
        result = error_set(e, "%s is in use by another pared (pid %ld)", path, (long)owner);
    else if (owner < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)length, 0) != length)
        result = error_set(e, "%s.lock: %s", path, strerror(errno));
    if (result < 0)
        close(fd);
    return result;
}

/* What SQLite keeps per connection or in the file; WAL with FULL: what was committed survives a power cut. */
static int configure(struct connection *c, struct error *e)
{
    sqlite3_busy_timeout(c->db, CONNECTION_BUSY_MS);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return connection_execute(c,
                              "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 16777216",
                              e);
}

static int quick_check(struct connection *c, const char *path, struct error *e)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(c->db, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    const char *text = rc == SQLITE_ROW ? column_text(s, 0) : sqlite3_errmsg(c->db);
    int result = 0;
    if (rc != SQLITE_ROW || !text || strcmp(text, "ok") != 0)
        result = error_set(e, "%s is damaged (%s); restore a backup, or try: sqlite3 %s .recover", path, text ? text : "?", path);
    sqlite3_finalize(s);
    return result;
}

/* What a dead process left: attempts that nobody will end. */
static int interrupt(struct store *s, struct error *e)
{
    int result = writer_begin(s, 0, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_INTERRUPT_ATTEMPTS, NO_VALUES, e);
    if (result == 0)
        result = connection_run(&s->c, STATEMENT_INTERRUPT_TRIALS, NO_VALUES, e);
    return writer_end(s, result, e);
}

/* Nothing is written into a file before it is known to be ours and whole. */
static int prepare(struct connection *c, const char *path, struct error *e)
{
    int version, flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &c->db, flags, NULL);
    if (rc != SQLITE_OK)
        return error_set(e, "%s: %s", path, c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
    sqlite3_extended_result_codes(c->db, 1);
    if (migrations_identify(c, path, STORE_VERSION, &version, e) < 0)
        return -1;
    if (configure(c, e) != 0)
        return error_wrap(e, "%s", path);
    if (version > 0 && quick_check(c, path, e) != 0)
        return -1;
    return migrations_run(c, path, version, migration_list, migration_count, e);
}

static int set_up(struct store *s, const char *path, struct error *e)
{
    if (prepare(&s->c, path, e) != 0)
        return -1;
    if (connection_execute(&s->c, "PRAGMA foreign_keys = ON", e) != 0 || migrations_views(&s->c, e) != 0 ||
        interrupt(s, e) != 0 || connection_number(&s->c, STATEMENT_LAST_EVENT, NO_VALUES, &s->last_event, e) != 0)
        return error_wrap(e, "%s", path);
    return 0;
}

struct store *store_open(const char *path, const struct store_options *o, struct error *e)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        error_set(e, "no memory");
        return NULL;
    }
    if (o)
        s->options = *o;
    s->lock = lock_take(path, e);
    if (s->lock < 0 || set_up(s, path, e) != 0) {
        store_close(s);
        return NULL;
    }
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    connection_close(&s->c);
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}

int writer_begin(struct store *s, int64_t study, struct error *e)
{
    s->told = s->last_event;
    int result = connection_run(&s->c, STATEMENT_BEGIN, NO_VALUES, e);
    if (result != 0 || study == 0)
        return result;
    result = connection_run(&s->c, STATEMENT_TOUCH_STUDY, VALUES(as_int(study), as_int(writer_now(s))), e);
    if (result == 0 && connection_changes(&s->c) == 0) {
        error_set(e, "there is no study %lld", (long long)study);
        result = STORE_NOT_FOUND;
    }
    return result == 0 ? 0 : writer_end(s, result, e);
}

int writer_end(struct store *s, int result, struct error *e)
{
    if (result == 0)
        result = connection_run(&s->c, STATEMENT_COMMIT, NO_VALUES, e);
    if (result == 0)
        s->last_event = s->told;
    else if (!sqlite3_get_autocommit(s->c.db)) // after some errors SQLite has rolled back by itself
        connection_run(&s->c, STATEMENT_ROLLBACK, NO_VALUES, NULL);
    return result;
}
