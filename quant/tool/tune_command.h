// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `pare-net tune FILE --candidate C --calibration X.npy --steps N --out TUNED.bin`: trained quantization of one candidate.
#ifndef PARE_QUANT_TOOL_TUNE_COMMAND_H
#define PARE_QUANT_TOOL_TUNE_COMMAND_H

int tune_command(int argc, char **argv);

#endif
