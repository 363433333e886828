// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Leases, suspicion and quarantine.
#include "hwlink/pool.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[POOL_STATE_COUNT] = {"idle", "lent", "resting", "quarantined", "unchecked", "checking"};

const char *pool_state_name(enum pool_state s)
{
    return (unsigned)s < POOL_STATE_COUNT ? state_names[s] : "?";
}

void pool_init(struct pool *p)
{
    memset(p, 0, sizeof *p);
    p->lease_ms = POOL_LEASE_MS;
}

int pool_add(struct pool *p, const char *name, const char *type, struct error *e)
{
    if (p->n == POOL_BOARDS_MAX)
        return error_set(e, "more than %d boards", POOL_BOARDS_MAX);
    if (strlen(name) >= BOARD_NAME_MAX || strlen(type) >= BOARD_NAME_MAX)
        return error_set(e, "board name or type is too long");
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->boards[i].name, name) == 0)
            return error_set(e, "two boards are called \"%s\"", name);
    struct pool_board *b = &p->boards[p->n];
    memset(b, 0, sizeof *b);
    snprintf(b->name, sizeof b->name, "%s", name);
    snprintf(b->type, sizeof b->type, "%s", type);
    return p->n++;
}

static bool is_free(const struct pool_board *b, uint64_t now_ms)
{
    return b->state == POOL_IDLE || (b->state == POOL_RESTING && b->until_ms <= now_ms);
}

static uint32_t lend(struct pool *p, struct pool_board *b, enum pool_state state, uint64_t now_ms)
{
    b->state = state;
    b->lent_ms = now_ms;
    b->until_ms = now_ms + p->lease_ms;
    return ++b->epoch;
}

int pool_lease(struct pool *p, const char *type, int not_board, uint64_t now_ms, uint32_t *epoch, bool *suspect)
{
    int best = -1;
    for (int i = 0; i < p->n; i++) {
        const struct pool_board *b = &p->boards[i];
        if (i == not_board || !is_free(b, now_ms) || (type && strcmp(b->type, type) != 0))
            continue;
        if (best < 0 || b->lent_ms < p->boards[best].lent_ms)
            best = i;
    }
    if (best < 0)
        return -1;
    struct pool_board *b = &p->boards[best];
    *suspect = b->suspect;
    b->jobs++;
    *epoch = lend(p, b, POOL_LENT, now_ms);
    return best;
}

uint32_t pool_lease_board(struct pool *p, int board, uint64_t now_ms, bool *suspect)
{
    struct pool_board *b = &p->boards[board];
    if (!is_free(b, now_ms))
        return 0;
    *suspect = b->suspect;
    return lend(p, b, POOL_LENT, now_ms);
}

static void clear(struct pool_board *b)
{
    b->suspect = false;
    b->strikes = b->quarantines = 0;
    b->reason[0] = '\0';
}

static uint64_t doubled(uint64_t first, uint32_t times, uint64_t most)
{
    for (uint32_t i = 0; i < times && first < most; i++)
        first *= 2;
    return first < most ? first : most;
}

static void quarantine(struct pool_board *b, uint64_t now_ms)
{
    b->state = POOL_QUARANTINED;
    b->until_ms = now_ms + doubled(POOL_QUARANTINE_MS, b->quarantines++, POOL_QUARANTINE_MAX_MS);
}

static void strike(struct pool_board *b, enum board_failure failure, uint64_t now_ms)
{
    b->strikes++;
    bool worst = failure == BOARD_FAIL_MISMATCH;
    bool enough = worst || b->strikes >= POOL_STRIKES_MAX;
    if (enough && b->suspect) {
        quarantine(b, now_ms);
        return;
    }
    b->until_ms = now_ms + doubled(POOL_REST_MS, b->strikes - 1, POOL_REST_MAX_MS);
    b->state = POOL_RESTING;
    if (enough) {
        b->suspect = true;
        b->strikes = 0;
    }
}

int pool_return(struct pool *p, int board, uint32_t epoch, enum board_failure failure, const char *text,
                uint64_t now_ms)
{
    struct pool_board *b = &p->boards[board];
    if (b->state != POOL_LENT || b->epoch != epoch)
        return 1;
    b->state = POOL_IDLE;
    b->failures[failure]++;
    if (failure == BOARD_OK) {
        clear(b);
        return 0;
    }
    if (failure == BOARD_FAIL_BUILD || failure == BOARD_FAIL_HOST)
        return 0;
    snprintf(b->reason, sizeof b->reason, "%s: %s", board_failure_name(failure), text ? text : "");
    if (failure == BOARD_FAIL_WORN)
        b->state = POOL_QUARANTINED;
    else
        strike(b, failure, now_ms);
    return 0;
}

void pool_quarantine(struct pool *p, int board, uint64_t now_ms)
{
    struct pool_board *b = &p->boards[board];
    b->suspect = true;
    if (b->state != POOL_QUARANTINED)
        quarantine(b, now_ms);
}

/* --- health checks --- */

void pool_want_check(struct pool *p, int board)
{
    p->boards[board].state = POOL_UNCHECKED;
    p->boards[board].until_ms = 1;
}

int pool_check_due(struct pool *p, uint64_t now_ms, uint32_t *epoch, bool *suspect)
{
    for (int i = 0; i < p->n; i++) {
        struct pool_board *b = &p->boards[i];
        bool over = b->state == POOL_QUARANTINED && b->until_ms <= now_ms;
        if (b->state != POOL_UNCHECKED && !over)
            continue;
        *suspect = b->was_quarantined = over;
        *epoch = lend(p, b, POOL_CHECKING, now_ms);
        return i;
    }
    return -1;
}

int pool_checked(struct pool *p, int board, uint32_t epoch, enum board_failure failure, const char *text, uint64_t now_ms)
{
    struct pool_board *b = &p->boards[board];
    if (b->state != POOL_CHECKING || b->epoch != epoch)
        return 1;
    b->failures[failure]++;
    b->state = POOL_IDLE;
    if (failure == BOARD_OK) {
        b->suspect = b->was_quarantined;
        b->strikes = 0;
        return 0;
    }
    snprintf(b->reason, sizeof b->reason, "%s: %s", board_failure_name(failure), text ? text : "");
    if (b->was_quarantined)
        quarantine(b, now_ms);
    else
        strike(b, failure, now_ms);
    return 0;
}

/* --- time --- */

int pool_expired(struct pool *p, uint64_t now_ms)
{
    for (int i = 0; i < p->n; i++) {
        struct pool_board *b = &p->boards[i];
        if ((b->state != POOL_LENT && b->state != POOL_CHECKING) || b->until_ms > now_ms)
            continue;
        b->until_ms = now_ms + POOL_LEASE_GRACE_MS;
        return i;
    }
    return -1;
}

uint64_t pool_next_ms(const struct pool *p)
{
    uint64_t next = 0;
    for (int i = 0; i < p->n; i++)
        if (p->boards[i].state != POOL_IDLE && (next == 0 || p->boards[i].until_ms < next))
            next = p->boards[i].until_ms;
    return next;
}

void pool_release_quarantine(struct pool *p, int board)
{
    struct pool_board *b = &p->boards[board];
    if (b->state != POOL_QUARANTINED)
        return;
    b->state = POOL_IDLE;
    b->strikes = 0;
    b->suspect = true;
}
