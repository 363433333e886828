// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board file (configs/boards/*.json): how one board is reached, metered and budgeted.
#ifndef PARE_HWLINK_BOARD_FILE_H
#define PARE_HWLINK_BOARD_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_NAME_MAX 64
#define BOARD_PATH_MAX 256
#define BOARD_LINES_MAX 16   // OpenOCD configuration lines of one board
#define BOARD_LINE_MAX 160
#define BOARD_FILE_MAX 65536 // bytes of a board file

enum meter_kind {
    METER_NONE = 0,
    METER_LPM01A,       // X-NUCLEO-LPM01A, binary format
    METER_LPM01A_ASCII, // the same, ASCII: slower, for firmware or hosts that drop bytes
    METER_V3PWR,        // STLINK-V3PWR
    METER_PPK2,         // Nordic Power Profiler Kit II
    METER_HWMON,        // INA219, INA226, INA228 and the like, through Linux hwmon; meter_path is its folder
    METER_KIND_COUNT,
};

struct board_file {
    char name[BOARD_NAME_MAX];   // unique in a lab: "bench-3"
    char type[BOARD_NAME_MAX];   // "nucleo-u575zi-q", "b-u585i-iot02a", "virtual-u585"
    char serial[BOARD_NAME_MAX]; // of the probe; never empty, so that no wrong board is flashed
    char usb_location[BOARD_NAME_MAX]; // "1-2.3": where the probe must be; empty: anywhere
    char usb_devices[BOARD_PATH_MAX];  // default /sys/bus/usb/devices
    char openocd[BOARD_PATH_MAX];         // the program; default "openocd"
    char openocd_scripts[BOARD_PATH_MAX]; // for its -s; empty: its own
    int n_lines;
    char lines[BOARD_LINES_MAX][BOARD_LINE_MAX]; // OpenOCD configuration, "${serial}" and "${port}" replaced
    int port;                    // of the virtual board's ST-LINK server; 0 if there is none
    bool is_virtual;             // everything measured on it is marked virtual
    enum meter_kind meter;
    char meter_path[BOARD_PATH_MAX]; // tty; "${serial}" replaced
    uint32_t supply_mv;          // what the meter supplies
    uint32_t meter_hz;           // samples per second
    uint32_t flash_bytes, ram_bytes; // budgets for candidates
    uint32_t erase_budget;       // erases of one page in this board's life
    uint32_t clock_hz;           // core clock that the runner sets
    char runner[BOARD_PATH_MAX]; // the runner's .bin; relative to the board file's folder; may be empty
};

/* Reads and checks one board file; "${NAME}" or "${NAME:-default}" other than serial and port is taken from the environment.
 * Unknown keys are errors. `serial` and `port`, unless NULL and 0, take the place of the file's (so that one virtual.json serves many).
 * Returns 0, or -1 with the reason, which names the file and key. */
int board_file_read(const char *path, const char *serial, int port, struct board_file *f, struct error *e);

/* The same from text; `folder` is what relative paths start from. */
int board_file_parse(const char *text, const char *folder, const char *serial, int port, struct board_file *f,
                     struct error *e);

#endif
