// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "schema/embedded.h"

/* The files as lists of bytes: C promises no string literal longer than 4095. */
const char embedded_schema[] = {
#include "schema/schema.sql.inc"
    0};

const char embedded_version2[] = {
#include "schema/version2.sql.inc"
    0};

const char embedded_version3[] = {
#include "schema/version3.sql.inc"
    0};

const char embedded_views[] = {
#include "schema/views.sql.inc"
    0};
