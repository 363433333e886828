#!/usr/bin/python3
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""Speaks the demo's data set: words by espeak-ng in many voices, with noise, as 49 x 10 MFCC features.

Usage: make_speech.py OUT_FOLDER        (needs espeak-ng, python3-numpy, python3-scipy; about 15 minutes on two cores)

Writes {train,calibration,validation,test}_{x,y}.npy: x int8 [n, 49, 10, 1] (feature = 0.25 * x), y uint8 class.
Voices are disjoint between the four sets. Everything follows from SEED.
"""
import concurrent.futures
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.fft import dct
from scipy.signal import resample_poly

SEED = 20260401
RATE = 16000
WORDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
CLASSES = ["silence", "unknown"] + WORDS
UNKNOWN = ["bed", "bird", "cat", "dog", "eight", "five", "four", "happy", "house", "marvin", "nine", "one", "seven",
           "six", "sheila", "three", "tree", "two", "wow", "zero", "backward", "follow", "learn", "visual"]
ACCENTS = ["en", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"]
VARIANTS = ["adam", "Alex", "Alicia", "Andrea", "Andy", "Annie", "antonio", "aunty", "belinda", "benjamin", "boris",
            "caleb", "david", "Denis", "Diogo", "ed", "edward", "Gene", "Gustave", "Henrique", "Hugo", "iven", "Jacky",
            "john", "kaukovalta", "Lee", "linda", "marcelo", "Marco", "Mario", "max", "Michael", "michel", "miguel",
            "mike", "pablo", "paul", "pedro", "quincy", "rob", "robert", "steph", "Storm", "travis", "victor",
            "zac", "anika", "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8",
            "grandpa", "grandma", "klatt", "klatt2", "klatt3", "norbert", "sandro", "shelby"]
SETS = {"train": 13000, "calibration": 500, "validation": 2000, "test": 1000}
SHARES = {"train": 44, "calibration": 6, "validation": 10, "test": 8}  # voices (variants) of each set


def mfcc(wave):
    """49 frames of 40 ms every 20 ms, 40 mel bands from 20 to 7600 Hz, 10 cepstral coefficients (HTK mel scale)."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, 640)[::320][:49] * np.hanning(640)
    power = np.abs(np.fft.rfft(frames, 1024)) ** 2
    return dct(np.log(power @ mel_filters().T + 1e-5), type=2, norm="ortho")[:, :10]


_filters = None


def mel_filters():
    global _filters
    if _filters is None:
        mel = lambda hz: 2595 * np.log10(1 + hz / 700)
        edges = 700 * (10 ** (np.linspace(mel(20), mel(7600), 42) / 2595) - 1)
        hz = np.fft.rfftfreq(1024, 1 / RATE)
        up = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
        down = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
        _filters = np.maximum(0, np.minimum(up, down))
    return _filters


def speak(word, accent, variant, speed, pitch):
    """One utterance as float samples at RATE, without the silence around it."""
    raw = subprocess.run(["espeak-ng", "-v", f"{accent}+{variant}", "-s", str(speed), "-p", str(pitch), "--stdout", word],
                         capture_output=True, check=True).stdout
    wave = np.frombuffer(raw[44:len(raw) - len(raw) % 2], "<i2").astype(np.float64)
    if len(wave) < 1000 or not wave.any():
        return None
    wave = resample_poly(wave, 320, 441)
    loud = np.nonzero(np.abs(wave) > 0.02 * np.abs(wave).max())[0]
    return wave[loud[0]:loud[-1] + 1] / np.abs(wave).max()


def noise(rng, kind):
    """One second: white, pink, brown, a mains-like hum, or babble of chirps, at unit power."""
    white = rng.standard_normal(RATE)
    if kind < 3:
        f = np.fft.rfftfreq(RATE, 1 / RATE)
        out = np.fft.irfft(np.fft.rfft(white) / np.maximum(f, 20) ** (kind / 2), RATE)
    else:
        t = np.arange(RATE) / RATE
        out = 0.2 * white
        for _ in range(4 if kind == 3 else 8):
            f0 = rng.uniform(50, 200) if kind == 3 else rng.uniform(200, 3000)
            drift = 0 if kind == 3 else rng.uniform(-800, 800)
            out += np.sin(2 * np.pi * (f0 * t + drift * t * t / 2) + rng.uniform(0, 6.28)) * rng.uniform(0.3, 1)
    return out / np.sqrt(np.mean(out ** 2))


def sample(job):
    """(class, features) of one job; a job's seed decides everything about it."""
    seed, label, variants = job
    rng = np.random.default_rng(seed)
    wave = np.zeros(RATE)
    if label > 0:
        spoken = None
        while spoken is None:
            word = CLASSES[label] if label > 1 else UNKNOWN[rng.integers(len(UNKNOWN))]
            spoken = speak(word, ACCENTS[rng.integers(len(ACCENTS))], variants[rng.integers(len(variants))],
                           int(rng.integers(110, 260)), int(rng.integers(10, 95)))
        spoken = spoken[:RATE]
        at = int(np.clip((RATE - len(spoken)) / 2 + rng.normal(0, 1800), 0, RATE - len(spoken)))
        wave[at:at + len(spoken)] = spoken
        level = np.sqrt(np.mean(spoken ** 2)) * 10 ** (-rng.uniform(0, 25) / 20)  # 0 to 25 dB of signal over noise
    else:
        level = 10 ** rng.uniform(-3, -0.5)
    wave = (wave + level * noise(rng, int(rng.integers(5)))) * 10 ** rng.uniform(-1, 0)
    x = np.clip(np.rint(mfcc(wave) / 0.25), -128, 127)
    return label, x.astype(np.int8)


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    voices = list(rng.permutation(VARIANTS))
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for name, count in SETS.items():
            mine, voices = voices[:SHARES[name]], voices[SHARES[name]:]
            labels = rng.permutation(np.arange(count) % len(CLASSES))
            jobs = [(int(rng.integers(2 ** 62)), int(y), mine) for y in labels]
            done = list(pool.map(sample, jobs, chunksize=50))
            np.save(out / f"{name}_y.npy", np.array([y for y, _ in done], np.uint8))
            np.save(out / f"{name}_x.npy", np.stack([x for _, x in done])[..., None])
            print(f"{name}: {count} samples, voices {' '.join(sorted(mine))}", flush=True)


if __name__ == "__main__":
    main()
