// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Cycles per multiplication of each kernel on the board's core, weights in flash, activations in SRAM.
#include "tests/firmware/console.h"
#include "tests/kernel_case.h"

#define WEIGHTS_BYTES (640u * 128u * 4u)

/* What they are does not matter for time; where they stand does. */
static const uint8_t weights[WEIGHTS_BYTES] __attribute__((aligned(16))) = {1};

struct layer {
    const char *name;
    enum image_kind kind;
    unsigned h, w, c, out_c, kernel;
};

/* Shapes for which figures of other libraries are known, and those of keyword spotting. */
static const struct layer layers[] = {
    {"conv 3x3 16->16 @16x16", IMAGE_CONV, 16, 16, 16, 16, 3},
    {"conv 3x3 64->64 @8x8", IMAGE_CONV, 8, 8, 64, 64, 3},
    {"conv 1x1 64->64 @25x5", IMAGE_CONV, 25, 5, 64, 64, 1},
    {"depthwise 3x3 64 @25x5", IMAGE_DEPTHWISE, 25, 5, 64, 64, 3},
    {"dense 640->128", IMAGE_DENSE, 1, 1, 640, 128, 1},
    {"add 64 @8x8", IMAGE_ADD, 8, 8, 64, 64, 1},
    {"average pool 64 @25x5", IMAGE_AVGPOOL, 25, 5, 64, 64, 5},
    {"softmax 80 @6x6", IMAGE_SOFTMAX, 6, 6, 80, 80, 1},
};

struct width {
    const char *name;
    int float32;
    unsigned w_bits, a_bits;
};

static const struct width widths[] = {
    {"float32", 1, 32, 32}, {"w8a8", 0, 8, 8}, {"w4a8", 0, 4, 8}, {"w2a8", 0, 2, 8}, {"w8a4", 0, 8, 4}, {"w4a4", 0, 4, 4},
};

static struct kernel_shape shape_of(const struct layer *l, const struct width *w)
{
    struct kernel_shape s = {.kind = l->kind, .float32 = w->float32, .w_bits = w->w_bits, .in_bits = w->a_bits,
                             .in1_bits = w->a_bits, .out_bits = w->a_bits, .h = l->h, .w = l->w, .c = l->c, .out_c = l->out_c,
                             .kernel_h = l->kernel, .kernel_w = l->kernel, .stride_h = 1, .stride_w = 1, .dilation_h = 1,
                             .dilation_w = 1, .groups = l->kind == IMAGE_DEPTHWISE ? l->c : 1, .weights = weights};
    if (l->kind <= IMAGE_DEPTHWISE)
        s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = l->kernel / 2;
    return s;
}

static uint32_t multiplications(const struct kernel_case *c)
{
    const struct kernel_shape *s = &c->shape;
    const struct image_tensor *out = program_output(&c->program);
    uint32_t outputs = (uint32_t)out->h * out->w * out->c;
    if (s->kind == IMAGE_DENSE)
        return outputs * s->h * s->w * s->c;
    return outputs * s->kernel_h * s->kernel_w * (s->kind == IMAGE_CONV ? s->c : 1);
}

static void measure(const struct layer *l, const struct width *w, struct rng *r)
{
    struct kernel_case c;
    enum program_fault fault = kernel_case_make(&c, shape_of(l, w), r);
    console_text(l->name);
    console_text(" ");
    console_text(w->name);
    if (fault) {
        console_text(": does not fit\n");
        return;
    }
    program_run(&c.program, c.blobs, c.arena, NULL); // the cache is warm as in the midst of a network
    uint32_t start = console_cycles();
    program_run(&c.program, c.blobs, c.arena, NULL);
    uint32_t cycles = console_cycles() - start;
    console_text(": ");
    console_unsigned(cycles);
    console_text(" cycles, ");
    console_ratio(cycles, multiplications(&c));
    console_text(" per multiplication, scratch ");
    console_unsigned(c.op->scratch_bytes);
    console_text("\n");
}

int main(void)
{
    struct rng r;
    rng_seed(&r, 40, 1);
    for (unsigned l = 0; l < sizeof layers / sizeof *layers; l++)
        for (unsigned w = 0; w < sizeof widths / sizeof *widths; w++)
            measure(&layers[l], &widths[w], &r);
    console_end();
}
