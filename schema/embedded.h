// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// schema.sql, what changed since, and views.sql, embedded at build.
#ifndef PARE_SCHEMA_EMBEDDED_H
#define PARE_SCHEMA_EMBEDDED_H

extern const char embedded_schema[], embedded_version2[], embedded_version3[], embedded_views[];

#endif
