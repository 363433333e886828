// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Virtual boards for system tests: a real `pare-vboard serve` as a child, and a real openocd to run scripts on it.
#ifndef PARE_TESTS_SYSTEM_VBOARD_LAB_H
#define PARE_TESTS_SYSTEM_VBOARD_LAB_H

#include "hwlink/board_file.h"

#include <sys/types.h>

#define LAB_BOARDS_MAX 8

struct vboard_lab {
    char state[64]; // its folder under /tmp
    pid_t pid;
    int to_child;   // closing it ends the child
    int n, port;
    char serials[LAB_BOARDS_MAX][32];
};

/* Starts `program` ("pare-vboard") with n boards and a fresh state folder. Fails the test if it does not come up. */
void vboard_lab_start(struct vboard_lab *lab, const char *program, int n);

/* The same folder again, after vboard_lab_kill. */
void vboard_lab_restart(struct vboard_lab *lab, const char *program);

void vboard_lab_kill(struct vboard_lab *lab); // kill -9
void vboard_lab_stop(struct vboard_lab *lab); // end of its standard input; removes the folder; its status must be 0

/* Orders faults of board `i` at the control socket: the members of a line without "board" (docs/virtual-board.md). Returns the answer,
 * valid until the next; an error fails the test. */
const char *vboard_lab_fault(const struct vboard_lab *lab, int i, const char *members);

/* Runs openocd on board `i` with commands separated by ";". Returns what it printed (heap), *status its exit status. */
char *vboard_lab_openocd(const struct vboard_lab *lab, int i, const char *commands, int *status);

/* configs/boards/virtual.json for board `i`; `source_root` is the tree's. */
void vboard_lab_board_file(const struct vboard_lab *lab, int i, const char *source_root, struct board_file *f);

#endif
