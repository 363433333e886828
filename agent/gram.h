// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The little linear algebra that the critic needs: symmetric positive definite n x n matrices, row-major, lower triangles.
#ifndef PARE_AGENT_GRAM_H
#define PARE_AGENT_GRAM_H

/* In place: the lower triangle becomes the Cholesky factor L. Returns log |K|. A pivot that rounding made tiny is held at 1e-10. */
double gram_factorize(double *k, int n);

/* With L: y^T K^-1 y. `scratch` has n. */
double gram_fit(const double *l, const double *y, int n, double *scratch);

/* In place: L becomes its inverse. */
void gram_invert(double *l, int n);

/* With L^-1: alpha = K^-1 y and diagonal[i] = (K^-1)_ii. */
void gram_solve(const double *l_inverse, const double *y, int n, double *alpha, double *diagonal);

/* With L^-1: row^T K^-1 row. */
double gram_explained(const double *l_inverse, const double *row, int n);

#endif
