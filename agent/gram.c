// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/gram.h"

#include <math.h>
#include <string.h>

#define PIVOT_MIN 1e-10

double gram_factorize(double *a, int n)
{
    double log_determinant = 0;
    for (int i = 0; i < n; i++) {
        double *row = a + i * n;
        for (int j = 0; j <= i; j++) {
            const double *other = a + j * n;
            double sum = row[j];
            for (int k = 0; k < j; k++)
                sum -= row[k] * other[k];
            row[j] = i == j ? sqrt(fmax(sum, PIVOT_MIN)) : sum / other[j];
        }
        log_determinant += 2 * log(row[i]);
    }
    return log_determinant;
}

double gram_fit(const double *l, const double *y, int n, double *scratch)
{
    double squares = 0;
    for (int i = 0; i < n; i++) {
        double sum = y[i];
        for (int k = 0; k < i; k++)
            sum -= l[i * n + k] * scratch[k];
        scratch[i] = sum / l[i * n + i];
        squares += scratch[i] * scratch[i];
    }
    return squares;
}

void gram_invert(double *l, int n)
{
    for (int j = 0; j < n; j++) {
        l[j * n + j] = 1 / l[j * n + j];
        for (int i = j + 1; i < n; i++) {
            double sum = 0;
            for (int k = j; k < i; k++)
                sum -= l[i * n + k] * l[k * n + j];
            l[i * n + j] = sum / l[i * n + i];
        }
    }
}

/* alpha = L^-T L^-1 y; (K^-1)_ii = sum_k (L^-1)_ki^2. */
void gram_solve(const double *l_inverse, const double *y, int n, double *alpha, double *diagonal)
{
    memset(alpha, 0, (size_t)n * sizeof *alpha);
    memset(diagonal, 0, (size_t)n * sizeof *diagonal);
    for (int k = 0; k < n; k++) {
        double u = 0;
        for (int i = 0; i <= k; i++)
            u += l_inverse[k * n + i] * y[i];
        for (int i = 0; i <= k; i++) {
            alpha[i] += l_inverse[k * n + i] * u;
            diagonal[i] += l_inverse[k * n + i] * l_inverse[k * n + i];
        }
    }
}

double gram_explained(const double *l_inverse, const double *row, int n)
{
    double squares = 0;
    for (int k = 0; k < n; k++) {
        double u = 0;
        for (int i = 0; i <= k; i++)
            u += l_inverse[k * n + i] * row[i];
        squares += u * u;
    }
    return squares;
}
