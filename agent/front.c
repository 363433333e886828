// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/front.h"

static bool dominates(const double *a, const double *b, int n, bool or_equal)
{
    bool better = or_equal;
    for (int k = 0; k < n; k++) {
        if (a[k] > b[k])
            return false;
        better |= a[k] < b[k];
    }
    return better;
}

void front_mark(const double *points, int n, int n_objectives, bool *on_front)
{
    for (int i = 0; i < n; i++) {
        on_front[i] = true;
        for (int j = 0; j < n && on_front[i]; j++)
            if (j != i)
                on_front[i] = !dominates(points + j * n_objectives, points + i * n_objectives, n_objectives, j < i);
    }
}
