"""Sections 2, 3 and 5 of the contract once more, in plain numpy and one spectrum at a time.

Written from the contract's text, to be compared with the package; it imports nothing of it.
"""

import numpy as np

GRID = np.concatenate([
    (3800 + np.float64(np.float32(5100 / 3899)) * np.arange(1950)).astype("f4"),
    (8900 - np.float64(np.float32(5100 / 3899)) * (3899 - np.arange(1950, 3900))).astype("f4")])


def error_of(flux, ivar):
    """Section 2."""
    with np.errstate(all="ignore"):
        error = np.float32(ivar) ** np.float32(-0.5)
    finite = np.isfinite(error)
    if not finite.any():
        finite_flux = flux[np.isfinite(flux)]
        return np.full(flux.shape, 0.1 * abs(np.median(finite_flux)), "f4")
    cap = 5 * np.median(error[finite])
    error[~finite] = cap
    return np.minimum(error, cap).astype("f4")


def network_input(flux, wavelength):
    """Section 3."""
    keep = np.isfinite(flux) & np.isfinite(wavelength) & (wavelength > 0)
    flux, wavelength = flux[keep], wavelength[keep]
    order = np.argsort(wavelength, kind="stable")
    flux, wavelength = flux[order], wavelength[order]
    _, first = np.unique(wavelength, return_index=True)
    flux, wavelength = flux[first], wavelength[first]
    on_grid = np.interp(GRID, wavelength.astype("f8"), flux.astype("f8")).astype("f4")
    x = np.log(np.maximum(on_grid, np.float32(1e-6)))
    return np.minimum(x, np.percentile(x, 95) + np.float32(1))


def philox(counter, key):
    """Philox-4x32-10 in Python's integers."""
    counter, key = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ key[0], b & 0xFFFFFFFF,
                   (a >> 32) ^ counter[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def normals(seed, noise_key, draw, pixels):
    """Section 5: two Box-Muller pairs for each four pixels."""
    out = []
    for block in range(-(-pixels // 4)):
        words = philox((block, draw, noise_key >> 32, 0), (seed, noise_key & 0xFFFFFFFF))
        u = [((w >> 8) + 0.5) / 2**24 for w in words]
        for a, b in ((u[0], u[1]), (u[2], u[3])):
            radius = np.sqrt(-2 * np.log(a))
            out += [radius * np.cos(2 * np.pi * b), radius * np.sin(2 * np.pi * b)]
    return np.array(out[:pixels], "f4")
