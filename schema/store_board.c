// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writing boards: what they are, what stands in their flash and how worn its pages are.
#include "schema/writer.h"

static int not_found(const char *board, struct error *e)
{
    error_set(e, "there is no board %s", board);
    return STORE_NOT_FOUND;
}

/* Says what stands in the way of `board`: its name or its serial belongs to another part. */
static int conflict(struct store *s, const struct store_board *board, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_SAME_BOARD, VALUES(as_text(board->name), as_text(board->serial)), &row, e);
    if (result != 0 || (result = connection_step(&s->c, row, e)) != CONNECTION_ROW)
        return result ? result : error_set(e, "board %s cannot be stored", board->name);
    error_set(e,
              "board %s (%s, serial %s, %s) is known as %s (%s, serial %s, %s); wear and figures belong to one part: "
              "another part needs another name",
              board->name, board->type, board->serial, board->is_virtual ? "virtual" : "real", column_text(row, 0),
              column_text(row, 1), column_text(row, 2), sqlite3_column_int(row, 3) ? "virtual" : "real");
    sqlite3_reset(row);
    return STORE_CONFLICT;
}

static int put_board(struct store *s, const struct store_board *board, struct error *e)
{
    int result = connection_run(&s->c, STATEMENT_PUT_BOARD,
                                VALUES(as_text(board->name), as_text(board->type), as_text(board->serial),
                                       as_int(board->is_virtual), as_int(board->wear_budget), as_int(writer_now(s))),
                                e);
    int code = result < 0 ? sqlite3_extended_errcode(s->c.db) : SQLITE_OK;
    if (code == SQLITE_CONSTRAINT_UNIQUE || (result == 0 && connection_changes(&s->c) == 0))
        return conflict(s, board, e);
    if (code == SQLITE_CONSTRAINT_TRIGGER) {
        error_wrap(e, "board %s of type %s", board->name, board->type);
        return STORE_CONFLICT;
    }
    return result;
}

int store_board(struct store *s, const struct store_board *board, struct error *e)
{
    int result = writer_begin(s, 0, e);
    return result != 0 ? result : writer_end(s, put_board(s, board, e), e);
}

int store_board_state(struct store *s, const char *board, const char *state, const char *reason, struct store_events *events,
                      struct error *e)
{
    int result = writer_begin(s, 0, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_SET_BOARD_STATE,
                            VALUES(as_text(board), as_text(state), as_text(reason), as_int(writer_now(s))), e);
    if (result == 0 && connection_changes(&s->c) == 0)
        result = not_found(board, e);
    if (result == 0)
        result = writer_tell(s, 0, events, e);
    return writer_end(s, result, e);
}

static int put_flash(struct store *s, const char *board, const void *state, size_t size, const uint32_t *erases, int n_pages,
                     struct error *e)
{
    int64_t number;
    int result = connection_number(&s->c, STATEMENT_SET_BOARD_FLASH,
                                   VALUES(as_text(board), as_blob(state, size), as_int(writer_now(s))), &number, e);
    if (result == STORE_NOT_FOUND)
        return not_found(board, e);
    for (int i = 0; i < n_pages && result == 0; i++)
        if (erases[i] > 0)
            result = connection_run(&s->c, STATEMENT_PUT_PAGE, VALUES(as_int(number), as_int(i), as_int(erases[i])), e);
    return result;
}

int store_board_flash(struct store *s, const char *board, const void *state, size_t size, const uint32_t *erases, int n_pages,
                      struct error *e)
{
    if (n_pages < 0 || n_pages > STORE_PAGES_MAX)
        return error_set(e, "a board of %d pages, at most %d can be stored", n_pages, STORE_PAGES_MAX);
    int result = writer_begin(s, 0, e);
    return result != 0 ? result : writer_end(s, put_flash(s, board, state, size, erases, n_pages, e), e);
}

int store_board_load(struct store *s, const char *board, struct buffer *state, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_BOARD_FLASH, VALUES(as_text(board)), &row, e);
    if (result != 0)
        return result;
    result = connection_step(&s->c, row, e);
    if (result != CONNECTION_ROW)
        return result == 0 ? not_found(board, e) : result;
    result = column_append(row, 0, state, e);
    sqlite3_reset(row);
    return result;
}
