// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "schema/front_points.h"

#include "schema/store.h"

#include <math.h>
#include <stdlib.h>

static double column_or_nan(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL ? NAN : sqlite3_column_double(s, column);
}

static struct front_point point_of(sqlite3_stmt *s, unsigned objectives)
{
    struct front_point p = {.trial = sqlite3_column_int(s, 0), .stored = sqlite3_column_int(s, 1)};
    p.cost[p.n++] = -column_or_nan(s, 2);
    for (int k = 0; k < FRONT_POINTS_OBJECTIVES - 1; k++)
        if (objectives & (1u << k)) // in the order of STORE_BY_...
            p.cost[p.n++] = column_or_nan(s, 3 + k);
    return p;
}

static int add(struct front_points *p, struct front_point point, int *capacity, struct error *e)
{
    if (p->n == *capacity) {
        int larger = *capacity ? 2 * *capacity : 256;
        struct front_point *list = realloc(p->list, (size_t)larger * sizeof *list);
        if (!list)
            return error_set(e, "no memory for %d trials", larger);
        p->list = list;
        *capacity = larger;
    }
    p->list[p->n++] = point;
    return 0;
}

int front_points_read(struct connection *c, int64_t study, unsigned objectives, struct front_points *p, struct error *e)
{
    *p = (struct front_points){0};
    sqlite3_stmt *s;
    int capacity = 0;
    int result = connection_start(c, STATEMENT_FRONT_POINTS, VALUES(as_int(study)), &s, e);
    if (result != 0)
        return result;
    while ((result = connection_step(c, s, e)) == CONNECTION_ROW) {
        if (add(p, point_of(s, objectives), &capacity, e) < 0) {
            sqlite3_reset(s);
            return -1;
        }
    }
    return result;
}

void front_points_finish(struct front_points *p)
{
    free(p->list);
    *p = (struct front_points){0};
}

static bool complete(const struct front_point *p)
{
    for (int k = 0; k < p->n; k++)
        if (isnan(p->cost[k]))
            return false;
    return true;
}

/* Incomplete points last; then objective after objective; then by trial. */
static int compare(const void *left, const void *right)
{
    const struct front_point *a = left, *b = right;
    if (complete(a) != complete(b))
        return complete(a) ? -1 : 1;
    for (int k = 0; k < a->n && complete(a); k++)
        if (a->cost[k] != b->cost[k])
            return a->cost[k] < b->cost[k] ? -1 : 1;
    return a->trial < b->trial ? -1 : 1;
}

static bool nowhere_better(const struct front_point *p, const struct front_point *than)
{
    for (int k = 0; k < p->n; k++)
        if (p->cost[k] < than->cost[k])
            return false;
    return true;
}

/* In this order a point can only be beaten by one before it, and then also by one of the front before it. */
void front_points_mark(struct front_points *p)
{
    if (p->n == 0)
        return;
    qsort(p->list, (size_t)p->n, sizeof *p->list, compare);
    for (int i = 0; i < p->n; i++) {
        p->list[i].front = complete(&p->list[i]);
        for (int j = 0; j < i && p->list[i].front; j++)
            if (p->list[j].front && nowhere_better(&p->list[i], &p->list[j]))
                p->list[i].front = false;
    }
}
