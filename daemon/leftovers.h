// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a pared that was killed leaves in its state folder.
#ifndef PARE_DAEMON_LEFTOVERS_H
#define PARE_DAEMON_LEFTOVERS_H

/* Removes half-written files, images and exports. For the one pared that holds the database, before it begins anything: nothing that a
 * study goes on with is among them. What cannot be removed is logged. */
void leftovers_remove(const char *state);

/* Removes the checkpoints of training in the folder of a study that has ended. */
void leftovers_of_study(const char *folder);

#endif
