// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The table of commands as text: help for the terminal, completion for the shell, sections of the manual pages.
#ifndef PARE_DAEMON_CTL_HELP_H
#define PARE_DAEMON_CTL_HELP_H

#include "daemon/ctl/commands.h"
#include "daemon/ctl/text.h"

/* Examples first, then usage and options. */
void help_command(const struct command *c, const struct style *style, struct buffer *out);

/* All verbs, or those of a group ("study"). */
void help_overview(const char *group, const struct style *style, struct buffer *out);

/* "pare best [--study STUDY] [--flash-bytes N]" */
void help_usage(const struct command *c, struct buffer *out);

/* What stands for an option's value in texts ("N", "FILE"), "" for a flag. */
const char *help_value(const struct param *p);

/* A completion script for bash. */
void help_completion(struct buffer *out);

/* Sections in scdoc(5): the verbs of pare(1) with their options, the options of all, the methods of pare-rpc(7). */
void help_manual_verbs(struct buffer *out);
void help_manual_options(struct buffer *out);
void help_manual_methods(struct buffer *out);

#endif
