// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A program (a network lowered for one candidate) as bytes, and the image file that carries it to a board.
// Read by the kernels on host and board, written by quant/program, patched and flashed by hwlink. Little-endian, no
// pointers, no padding: offsets are bytes from the start of the program unless said otherwise.
#ifndef PARE_QUANT_KERNELS_IMAGE_H
#define PARE_QUANT_KERNELS_IMAGE_H

#include <stdint.h>

#define IMAGE_PROGRAM_MAGIC 0x47505250u // "PRPG"
#define IMAGE_FILE_MAGIC 0x474d4950u    // "PIMG"
#define IMAGE_VERSION 2u
#define IMAGE_NONE 0xffffffffu // no blob, no tensor, no parameters
#define IMAGE_ALIGN 16u        // of every section, blob and arena tensor; the flash's quad-word
#define IMAGE_OPS_MAX 256u     // per-op cycle counters of the mailbox are as many
#define IMAGE_BLOBS_MAX 256u

enum image_kind {
    IMAGE_KIND_NONE = 0,
    IMAGE_CONV,     // grouped 2-D convolution; groups == 1 is the common case
    IMAGE_DEPTHWISE,// groups == in.c, out.c = multiplier * in.c
    IMAGE_DENSE,    // in is flattened h*w*c
    IMAGE_ADD,
    IMAGE_AVGPOOL,  // a global pool has the whole plane as its kernel
    IMAGE_MAXPOOL,
    IMAGE_LOOKUP,   // a function of each value
    IMAGE_MUL,      // of two tensors: in1 has out's shape, or is 1 x 1 x out.c
    IMAGE_RMSNORM,  // channels of a pixel over the root of their mean square, times weights
    IMAGE_SCAN,     // a selective scan over h * w steps: in0 u, in1 delta, in2 B, in3 C
    IMAGE_CHANNELS, // channels chosen from those of in0 and, if there is one, in1
    IMAGE_RESIZE,   // each pixel stride_h x stride_w times
    IMAGE_SOFTMAX,  // over the channels of each pixel
    IMAGE_KIND_COUNT,
};

/* How weight codes become numbers. A code is unsigned, w_bits wide. Uniform codes are offset binary: the weight is code -
 * 2^(w_bits-1), so a kernel multiplies codes as they are and takes the offset out once per column. A table code indexes
 * int16 values that stand in the program at table_offset (2^w_bits of them). */
enum image_code {
    IMAGE_CODE_UNIFORM = 0,
    IMAGE_CODE_TABLE,
    IMAGE_CODE_COUNT,
};

/* The function of a LOOKUP, with two numbers of its own (quant/net/function.h has the formulas). */
enum image_function {
    IMAGE_FUNCTION_NONE = 0,
    IMAGE_SIGMOID,
    IMAGE_TANH,
    IMAGE_HARD_SIGMOID,
    IMAGE_HARD_SWISH,
    IMAGE_SILU,
    IMAGE_SOFTPLUS,
    IMAGE_GELU,
    IMAGE_ELU,
    IMAGE_LEAKY_RELU,
    IMAGE_FUNCTION_COUNT,
};

/* A tensor in the arena, NHWC with n == 1. bits 2..8: packed little end first along the flattened h*w*c order (the
 * element i of 4 bits is in byte i/2, low nibble when i is even), values signed two's complement, real value =
 * scale * (q - zero_point). bits 16: int16, zero_point 0. bits 32: float32. Bits after the last element are zero. */
struct image_tensor {
    uint32_t arena_offset;
    uint32_t bytes; // ceil(h*w*c*bits/8)
    uint16_t h, w, c;
    uint8_t bits;
    uint8_t reserved;
    int32_t zero_point;
    float scale; // for people and for de-quantizing outputs; integer kernels do not use it
};

/* One operation. Integer: acc = sum (q_in - zero_in) * w + bias[oc]; out = clamp(requantize(acc, multiplier[oc],
 * shift[oc]) + zero_out, act_min, act_max), where requantize is TFLite's MultiplyByQuantizedMultiplier (saturating
 * rounding doubling high multiply, then rounding right shift; shift > 0 is a left shift before).
 * ADD: TFLite's quantized Add with left_shift 20; `out` may have the same place and bits as one of its inputs. Pools keep
 * scale and zero point: mean (round half away from zero) or maximum of what lies inside the plane, then clamp. AVGPOOL with
 * add_multiplier[0] > 0 has a scale of its own: out = clamp(requantize(sum of (q_in - zero_in), add_multiplier[0], add_shift[0]) +
 * zero_out); where only n taps of a window lie inside, the sum counts kernel_h * kernel_w / n times, rounded half away from zero.
 * CHANNELS: uint16[out.c] at table_offset; k is channel k of in0, or k - in0.c of in1; out = clamp(requantize(q_in - zero_in,
 * add_multiplier[i], add_shift[i]) + zero_out), i that input. RESIZE copies, then clamps.
 * LOOKUP: out = table[code], int8[2^in.bits] at table_offset, indexed by the input's bits taken as an unsigned code; clamp and zero
 * points are in the table; both tensors have 2 to 8 bits. MUL: out = clamp(requantize((q_in0 - zero_in0) * (q_in1 - zero_in1),
 * add_multiplier[0], add_shift[0]) + zero_out). Both may write over an input of out's size and bits, as ADD does.
 * SOFTMAX: t = table[largest q_in of the pixel - q_in], uint16[2^in.bits] at table_offset; n = (sum of t over the pixel's channels) <<
 * add_shift[0]; out = clamp(zero_out + (t * add_multiplier[0] + n / 2) / n), all in 32 bits without a sign; widths as of LOOKUP.
 * RMSNORM (norm.c): weights as DEPTHWISE with one tap. SCAN (scan.c): weights A as CONV, rows of B's channels; numbers above 0 count as 0;
 * at bias_offset its steps, uint16[257]; multipliers and shifts are four times out.c: rate, gain, skip, out. Numbers of an RMSNORM and
 * a SCAN are scaled and rounded as fixed.h says.
 * Float32 programs use the same ops with 32-bit tensors, float weights and bias, and act_min/act_max as float bits;
 * RMSNORM has its epsilon as float bits at add_multiplier[0], SCAN a bias (D) and `function` SOFTPLUS or NONE;
 * LOOKUP computes `function`, its alpha and beta are add_multiplier[0] and [1] as float bits.
 * Weights: output channel major. CONV: [oc][kh][kw][in.c/groups]; DEPTHWISE: [kh][kw][oc]; DENSE: [out][in]. Each output
 * channel's row of CONV and DENSE, and each tap's row of DEPTHWISE, starts weights_row_bytes (a multiple of 4) after the row
 * before; within a row codes stand in the order of quant/kernels/pack.h. Biases of integer ops are int32. */
struct image_op {
    uint8_t kind;   // enum image_kind
    uint8_t w_bits; // 1..16; 32 float; 0 without weights
    uint8_t w_code; // enum image_code
    uint8_t float32;
    uint16_t layer; // index of the layer whose setting this is (0xffff: none); for per-layer cycles
    uint16_t in0, in1, out; // tensors; in1 0xffff where there is one input
    uint16_t kernel_h, kernel_w;
    uint16_t stride_h, stride_w;
    uint16_t dilation_h, dilation_w;
    uint16_t pad_top, pad_left; // the end pads follow from the output's shape
    uint16_t groups;
    uint16_t function; // enum image_function, of LOOKUP, and of a float32 SCAN
    int32_t act_min, act_max;   // in the output's integers, or float bits
    uint32_t weights_blob;      // index into the blob table, or IMAGE_NONE
    uint32_t weights_row_bytes; // stride from one row of packed weights to the next
    uint32_t bias_offset;       // int32[oc] (float[oc]) in the program, or IMAGE_NONE
    uint32_t multiplier_offset; // int32[oc]
    uint32_t shift_offset;      // int8[oc]
    uint32_t table_offset;      // int16[2^w_bits] for IMAGE_CODE_TABLE
    uint32_t scratch_offset;    // in the arena; scratch_bytes is what the kernel's size function says
    uint32_t scratch_bytes;
    int32_t add_multiplier[3];  // ADD: of in0, in1, out; MUL: of the product; CHANNELS: of in0, in1; AVGPOOL: of a sum; SOFTMAX: of a share;
                                // RMSNORM: epsilon, lower 31 and upper bits
    int32_t add_shift[3];
    uint16_t in2, in3;          // tensors of a SCAN, else 0xffff
    uint8_t state_bits;         // of a SCAN of integers: 16 or 32; else 0
    uint8_t reserved[3];
};

/* Where a blob stands. `address` is 0 in a file; hwlink writes the flash (or SRAM) address before it writes the program;
 * the host's interpreter is given pointers instead. */
struct image_blob {
    uint32_t address;
    uint32_t bytes;
};

struct image_program {
    uint32_t magic, version;
    uint32_t bytes; // of the whole program, a multiple of IMAGE_ALIGN
    uint32_t crc32; // IEEE 802.3, over the program with this field and all blob addresses zero
    uint32_t arena_bytes; // peak RAM of activations and scratch: the plan's number
    uint32_t tensors_offset, n_tensors; // struct image_tensor[]
    uint32_t ops_offset, n_ops;         // struct image_op[]
    uint32_t blobs_offset, n_blobs;     // struct image_blob[]
    uint16_t input, output;             // tensors; the input's place is written by the caller before a run
    uint32_t reserved[3];
};

/* An image file: this header, then n_blobs struct image_file_blob, then the sections at the offsets given (from the
 * start of the file, IMAGE_ALIGN-aligned). Weights blobs are named by their SHA-256, so that a known one is not sent
 * again. Inputs and expected outputs are the study's sample inputs in the program's own input and output format. */
struct image_file {
    uint32_t magic, version;
    uint32_t bytes; // of the whole file
    uint32_t program_offset, program_bytes;
    uint32_t n_blobs;
    uint32_t inputs_offset, inputs_bytes;     // n_samples * input_bytes, one blob more for hwlink
    uint32_t expected_offset, expected_bytes; // n_samples * output_bytes: what the host computed
    uint32_t n_samples, input_bytes, output_bytes; // each multiple of 4: padded with zero
    uint32_t reserved[3];
    uint8_t inputs_sha256[32];
};

struct image_file_blob {
    uint32_t offset, bytes;
    uint8_t sha256[32];
    uint32_t reserved[2];
};

#endif
