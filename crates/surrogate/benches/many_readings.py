"""A Parquet table of many readings of 100 made-up n-channel transistors, for `gummel fit --stream`.

    python many_readings.py 10000000 many.parquet

Drain current after C. Enz, F. Krummenacher, E. Vittoz, "An analytical MOS transistor model valid in all regions of operation"
(1995), with body effect, DIBL, mobility reduction and channel-length modulation; readings carry 0.1 % and 0.1 pA of noise.
Needs numpy and polars.
"""

import sys

import numpy as np
import polars as pl

PHI = 0.02585  # kT/q at 27 C, V
SLOPE = 1.3


def interpolation(x):
    return np.log1p(np.exp(np.clip(x / 2, -60, 60))) ** 2


def device(name, w, l, readings, rng):
    gates = round((readings / 10) ** 0.5)
    bulk, drain, gate = np.meshgrid(
        np.linspace(-1, 0, 10),
        np.linspace(0.01, 1.2, readings // 10 // gates),
        np.linspace(0, 1.2, gates),
        indexing="ij",
    )
    threshold = 0.35 + 0.02 * np.log10(l / 1e-6) + rng.normal(0, 0.01)
    threshold = threshold + 0.35 * (np.sqrt(0.8 - bulk) - np.sqrt(0.8)) - 0.05 * drain * 0.13e-6 / l
    pinch = (gate - threshold) / SLOPE
    factor = 250e-6 * (1 + rng.normal(0, 0.03)) * w / l
    current = 2 * SLOPE * factor * PHI**2 * (interpolation(pinch / PHI) - interpolation((pinch - drain) / PHI))
    current /= 1 + 0.4 * np.maximum(gate - threshold, 0)
    current *= 1 + 0.08 * drain * (0.5e-6 / l) ** 0.5
    current = current * (1 + rng.normal(0, 1e-3, current.shape)) + rng.normal(0, 1e-13, current.shape)
    n = current.size
    return pl.DataFrame(
        {
            "technology": ["made-up"] * n,
            "family": ["nmos"] * n,
            "polarity": ["n"] * n,
            "device": [name] * n,
            "w": np.full(n, w),
            "l": np.full(n, l),
            "temperature": np.full(n, 300.15),
            "curve": np.repeat(np.arange(n // gates, dtype=np.uint32), gates),
            "vd": drain.ravel(),
            "vg": gate.ravel(),
            "vs": np.zeros(n),
            "vb": bulk.ravel(),
            "id": current.ravel(),
        }
    )


def main(readings, path):
    rng = np.random.default_rng(1)
    sizes = [(w, l) for w in np.geomspace(0.5e-6, 20e-6, 10) for l in np.geomspace(0.13e-6, 10e-6, 10)]
    devices = [device(f"D{k:03d}", w, l, readings // 100, rng) for k, (w, l) in enumerate(sizes)]
    pl.concat(devices).write_parquet(path)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
