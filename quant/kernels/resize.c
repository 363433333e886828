// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Planes enlarged by whole factors: each pixel several times.
#include "quant/kernels/kernel.h"

#define RUN 32u // channels at a time

void kernel_resize(const struct kernel *k)
{
    uint32_t channels = k->in->c, width = k->out->w;
    for (uint32_t pixel = 0; pixel < (uint32_t)k->out->h * width; pixel++) {
        uint32_t from = pixel / width / k->op->stride_h * k->in->w + pixel % width / k->op->stride_w;
        for (uint32_t c = 0; c < channels; c += RUN) {
            uint32_t n = channels - c < RUN ? channels - c : RUN;
            int16_t values[RUN];
            unpack_run(values, k->in_data, from * channels + c, n, k->in->bits, 0);
            for (uint32_t i = 0; i < n; i++)
                values[i] = (int16_t)clamp(values[i], k->op->act_min, k->op->act_max);
            pack_run(k->out_data, values, pixel * channels + c, n, k->out->bits);
        }
    }
}
