// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// For programs that are one Check test, however long it takes: they take arguments, and are no part of a suite.
#ifndef PARE_TESTS_ONE_TEST_H
#define PARE_TESTS_ONE_TEST_H

#include "tests/suite.h"

/* Runs it and prints as `mode` says. Returns the program's exit status: 0, or 1 if it failed. */
static inline int one_test_run(const char *name, const TTest *test, enum fork_status fork, enum print_output mode)
{
    Suite *s = suite_create(name);
    tcase_add_test(suite_case(s, name, NULL, NULL), test);
    return suite_run_as(s, fork, mode);
}

#endif
