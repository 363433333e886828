// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/kernels/program.h"

#include "quant/kernels/kernel.h"

/* A build that has integer programs only needs no float32.c. */
#if defined(PROGRAM_INTEGER_ONLY)
#define USES_FLOAT(op) 0
#define KERNEL_FOR(op, integer, floating) (integer)
#else
#define USES_FLOAT(op) ((op)->float32)
#define KERNEL_FOR(op, integer, floating) (USES_FLOAT(op) ? (floating) : (integer))
#endif

uint32_t program_crc32(const void *bytes, size_t size)
{
    static const uint8_t zeros[4] = {0};
    const struct image_program *header = bytes;
    const uint8_t *at = bytes;
    size_t blobs_end = header->blobs_offset + (size_t)header->n_blobs * sizeof(struct image_blob);
    uint32_t crc = pack_crc32(0, at, offsetof(struct image_program, crc32));
    crc = pack_crc32(crc, zeros, sizeof zeros);
    size_t from = offsetof(struct image_program, crc32) + sizeof header->crc32;
    crc = pack_crc32(crc, at + from, header->blobs_offset - from);
    for (size_t blob = header->blobs_offset; blob < blobs_end; blob += sizeof(struct image_blob)) {
        size_t rest = blob + offsetof(struct image_blob, bytes);
        crc = pack_crc32(crc, zeros, sizeof zeros);
        crc = pack_crc32(crc, at + rest, blob + sizeof(struct image_blob) - rest);
    }
    return pack_crc32(crc, at + blobs_end, size - blobs_end);
}

const struct image_tensor *program_input(const struct program *p)
{
    return &p->tensors[p->header->input];
}

const struct image_tensor *program_output(const struct program *p)
{
    return &p->tensors[p->header->output];
}

uint32_t kernel_scratch_bytes(const struct image_op *op, const struct image_tensor *tensors)
{
    const struct image_tensor *in = &tensors[op->in0];
    if (op->kind == IMAGE_SCAN)
        return scan_scratch_bytes(op, &tensors[op->in2]);
    if (USES_FLOAT(op))
        return float_scratch_bytes(op, in);
    if (op->kind == IMAGE_CONV)
        return conv_scratch_bytes(op, in, &tensors[op->out]);
    if (op->kind == IMAGE_DENSE)
        return dense_scratch_bytes(op, in);
    if (op->kind == IMAGE_ADD)
        return add_scratch_bytes(in, &tensors[op->in1]);
    if (op->kind == IMAGE_RMSNORM)
        return rmsnorm_scratch_bytes(in);
    if (op->kind == IMAGE_CHANNELS)
        return channels_scratch_bytes(in, op->in1 == 0xffff ? NULL : &tensors[op->in1], &tensors[op->out]);
    return op->kind == IMAGE_DEPTHWISE ? depthwise_scratch_bytes(op, &tensors[op->out]) : 0;
}

int32_t kernel_requantize(int32_t value, int32_t multiplier, int shift)
{
    struct requantizer q = requantizer_of(multiplier, shift, 0);
    return requantizer_is_quick(&q) ? requantize_quick(&q, value) : requantize_any(&q, value);
}

static const void *at_offset(const struct program *p, uint32_t offset)
{
    return offset == IMAGE_NONE ? NULL : p->bytes + offset;
}

static struct kernel kernel_of(const struct program *p, const struct image_op *op, const void *const *blobs,
                               uint8_t *arena)
{
    struct kernel k = {.op = op, .in = &p->tensors[op->in0], .out = &p->tensors[op->out]};
    k.in_data = arena + k.in->arena_offset;
    k.out_data = arena + k.out->arena_offset;
    if (op->in1 != 0xffff) {
        k.in1 = &p->tensors[op->in1];
        k.in1_data = arena + k.in1->arena_offset;
    }
    if (op->kind == IMAGE_SCAN) {
        k.in2 = &p->tensors[op->in2], k.in3 = &p->tensors[op->in3];
        k.in2_data = arena + k.in2->arena_offset, k.in3_data = arena + k.in3->arena_offset;
    }
    k.weights = op->weights_blob == IMAGE_NONE ? NULL : blobs[op->weights_blob];
    k.bias = at_offset(p, op->bias_offset);
    k.multiplier = at_offset(p, op->multiplier_offset);
    k.shift = at_offset(p, op->shift_offset);
    k.table = at_offset(p, op->table_offset);
    k.lookup = at_offset(p, op->table_offset);
    k.choice = at_offset(p, op->table_offset);
    k.exponentials = at_offset(p, op->table_offset);
    k.scratch = arena + op->scratch_offset;
    return k;
}

void program_run_op(const struct program *p, uint32_t op, const void *const *blobs, void *arena)
{
    struct kernel k = kernel_of(p, &p->ops[op], blobs, arena);
    switch (k.op->kind) {
    case IMAGE_CONV:
        KERNEL_FOR(k.op, kernel_conv, kernel_float_conv)(&k);
        break;
    case IMAGE_DENSE:
        KERNEL_FOR(k.op, kernel_dense, kernel_float_dense)(&k);
        break;
    case IMAGE_DEPTHWISE:
        KERNEL_FOR(k.op, kernel_depthwise, kernel_float_depthwise)(&k);
        break;
    case IMAGE_ADD:
        KERNEL_FOR(k.op, kernel_add, kernel_float_add)(&k);
        break;
    case IMAGE_LOOKUP:
        KERNEL_FOR(k.op, kernel_lookup, kernel_float_lookup)(&k);
        break;
    case IMAGE_MUL:
        KERNEL_FOR(k.op, kernel_mul, kernel_float_mul)(&k);
        break;
    case IMAGE_RMSNORM:
        KERNEL_FOR(k.op, kernel_rmsnorm, kernel_float_rmsnorm)(&k);
        break;
    case IMAGE_SCAN:
        KERNEL_FOR(k.op, kernel_scan, kernel_float_scan)(&k);
        break;
    case IMAGE_CHANNELS:
        KERNEL_FOR(k.op, kernel_channels, kernel_float_channels)(&k);
        break;
    case IMAGE_RESIZE:
        KERNEL_FOR(k.op, kernel_resize, kernel_float_resize)(&k);
        break;
    case IMAGE_SOFTMAX:
        KERNEL_FOR(k.op, kernel_softmax, kernel_float_softmax)(&k);
        break;
    default:
        KERNEL_FOR(k.op, kernel_pool, kernel_float_pool)(&k);
        break;
    }
    uint32_t used = (uint32_t)k.out->h * k.out->w * k.out->c * k.out->bits % 8;
    if (used) // bits after the last element are zero
        k.out_data[k.out->bytes - 1] &= (uint8_t)((1u << used) - 1);
}

void program_run(const struct program *p, const void *const *blobs, void *arena, const struct program_hook *hook)
{
    for (uint32_t op = 0; op < p->header->n_ops; op++) {
        if (hook && hook->before)
            hook->before(hook->user, op);
        program_run_op(p, op, blobs, arena);
        if (hook && hook->after)
            hook->after(hook->user, op);
    }
}
