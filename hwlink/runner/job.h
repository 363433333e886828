// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A job's way through the board: found, checked, run, its figures written to the mailbox.
#ifndef PARE_HWLINK_RUNNER_JOB_H
#define PARE_HWLINK_RUNNER_JOB_H

#include "quant/kernels/mailbox.h"

/* The valid record of the job pages with the highest sequence, or NULL. */
const struct mailbox_job *job_in_flash(void);

/* Executes a job and fills mailbox->result: state, error, figures. The job is untrusted: what does not fit is refused. */
void job_execute(struct mailbox *mailbox, struct mailbox_job job);

#endif
