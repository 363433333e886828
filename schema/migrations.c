// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "schema/migrations.h"

#include "base/sha256.h"
#include "schema/embedded.h"
#include "schema/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct migration migration_list[] = {
    {.version = 1, .sql = embedded_schema},
    {.version = 2, .sql = embedded_version2},
    {.version = 3, .sql = embedded_version3},
};
const int migration_count = sizeof migration_list / sizeof *migration_list;

int migrations_identify(struct connection *c, const char *path, int newest, int *version, struct error *e)
{
    int64_t application, number, objects;
    if (connection_pragma(c, "PRAGMA application_id", &application, e) != 0 ||
        connection_pragma(c, "PRAGMA user_version", &number, e) != 0 ||
        connection_pragma(c, "SELECT count(*) FROM sqlite_schema", &objects, e) != 0) {
        error_wrap(e, "%s", path);
        return -1;
    }
    *version = (int)number;
    if (application == 0 && number == 0 && objects == 0)
        return 0;
    if (application != STORE_APPLICATION)
        return error_set(e, "%s is a database of another program; pare leaves it alone", path);
    if (number > newest)
        return error_set(e, "%s was written by a newer pare (version %d of the database, this one knows %d)", path, *version,
                         newest);
    if (number < 1)
        return error_set(e, "%s: version %d of the database is impossible", path, *version);
    return 0;
}

/* Into a neighbour first, so that an older backup is replaced only by a whole one. */
static int back_up(struct connection *c, const char *path, int version, struct error *e)
{
    char *name = sqlite3_mprintf("%s.v%d.backup", path, version);
    char *fresh = sqlite3_mprintf("%s.new", name);
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", fresh);
    int result = -1;
    if (name && fresh && sql) {
        unlink(fresh);
        result = connection_execute(c, sql, e);
        if (result == 0 && rename(fresh, name) < 0)
            result = error_set(e, "renaming %s: %s", fresh, strerror(errno));
        if (result != 0)
            error_wrap(e, "backing up before the migration");
    } else {
        error_set(e, "no memory for a backup");
    }
    sqlite3_free(sql);
    sqlite3_free(fresh);
    sqlite3_free(name);
    return result == 0 ? 0 : -1;
}

static int number_version(struct connection *c, int version, struct error *e)
{
    char sql[128];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION, version);
    return connection_execute(c, sql, e);
}

static int check_keys(struct connection *c, struct error *e)
{
    int64_t broken;
    int result = connection_pragma(c, "SELECT count(*) FROM pragma_foreign_key_check", &broken, e);
    if (result == 0 && broken > 0)
        return error_set(e, "%lld rows point nowhere", (long long)broken);
    return result;
}

static int step(struct connection *c, const struct migration *m, struct error *e)
{
    int result = connection_execute(c, "BEGIN IMMEDIATE", e);
    if (result != 0)
        return result;
    result = connection_execute(c, m->sql, e);
    if (result == 0)
        result = check_keys(c, e);
    if (result == 0)
        result = number_version(c, m->version, e);
    if (result == 0)
        result = connection_execute(c, "COMMIT", e);
    if (result != 0 && !sqlite3_get_autocommit(c->db))
        connection_execute(c, "ROLLBACK", NULL);
    return result;
}

/* All of pare's, those of older versions too; a user may have made others. */
static int drop_views(struct connection *c, struct error *e)
{
    static const char drop_sql[] =
        "SELECT name FROM sqlite_schema WHERE type = 'view' AND name GLOB 'v_*' LIMIT 1";
    for (;;) {
        sqlite3_stmt *s = NULL;
        char *sql = NULL;
        int rc = sqlite3_prepare_v2(c->db, drop_sql, -1, &s, NULL);
        if (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
            sql = sqlite3_mprintf("DROP VIEW \"%w\"", sqlite3_column_text(s, 0));
        sqlite3_finalize(s);
        if (rc == SQLITE_DONE)
            return 0;
        int result = sql ? connection_execute(c, sql, e) : connection_failed(c, rc == SQLITE_ROW ? SQLITE_NOMEM : rc, e);
        sqlite3_free(sql);
        if (result != 0)
            return result;
    }
}

/* Views go first: a step that renames a column would stumble over them. They come back with migrations_views. */
static int forget_views(struct connection *c, struct error *e)
{
    int result = drop_views(c, e);
    return result ? result : connection_execute(c, "DELETE FROM meta WHERE key = 'views'", e);
}

int migrations_run(struct connection *c, const char *path, int version, const struct migration *list, int n, struct error *e)
{
    if (version == list[n - 1].version)
        return 0;
    if (version > 0 && (back_up(c, path, version, e) != 0 || forget_views(c, e) != 0))
        return -1;
    int result = connection_execute(c, "PRAGMA foreign_keys = OFF", e); // a step may rebuild a table that others refer to
    for (int i = 0; i < n && result == 0; i++)
        if (list[i].version > version && (result = step(c, &list[i], e)) != 0)
            error_wrap(e, "migrating %s to version %d", path, list[i].version);
    return result == 0 ? 0 : -1;
}

static int replace_views(struct connection *c, const char *hash, struct error *e)
{
    char sql[160];
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO meta (key, value) VALUES ('views', '%s')", hash);
    int result = connection_execute(c, "BEGIN IMMEDIATE", e);
    if (result != 0)
        return result;
    result = drop_views(c, e);
    if (result == 0)
        result = connection_execute(c, embedded_views, e);
    if (result == 0)
        result = connection_execute(c, sql, e);
    if (result == 0)
        result = connection_execute(c, "COMMIT", e);
    if (result != 0 && !sqlite3_get_autocommit(c->db))
        connection_execute(c, "ROLLBACK", NULL);
    return result;
}

int migrations_views(struct connection *c, struct error *e)
{
    uint8_t digest[SHA256_BYTES];
    char hash[SHA256_HEX], sql[160];
    sha256_of(embedded_views, strlen(embedded_views), digest);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM meta WHERE key = 'views' AND value = '%s'", sha256_hex(digest, hash));
    int64_t same;
    int result = connection_pragma(c, sql, &same, e);
    return result != 0 || same ? result : replace_views(c, hash, e);
}
