"""Calls of scipy: functions as arguments, records out, arrays, distributions, errors."""

from __future__ import annotations

import numpy as np
import scipy.integrate
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.spatial
import scipy.special
import scipy.stats

SPEC = "scipy@==1.18.1"

MATRIX = np.array([[2.0, 1.0], [1.0, 3.0]])
X, Y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.1, 5.9, 8.2])


def calls(w):
    yield "a determinant", lambda: w.linalg_det(MATRIX), lambda: scipy.linalg.det(MATRIX)
    yield "an inverse", lambda: w.linalg_inv(MATRIX), lambda: scipy.linalg.inv(MATRIX)
    yield (
        "a root of a callback",
        lambda: w.optimize_brentq(lambda x: x * x - 2, 0.0, 2.0),
        lambda: scipy.optimize.brentq(lambda x: x * x - 2, 0.0, 2.0),
    )
    yield (
        "a minimum",
        lambda: float(w.optimize_minimize(lambda x: float(x[0] ** 2), np.array([1.0])).fun),
        lambda: float(scipy.optimize.minimize(lambda x: float(x[0] ** 2), np.array([1.0])).fun),
    )
    yield (
        "an integral",
        lambda: w.integrate_quad(lambda x: x, 0.0, 2.0),
        lambda: scipy.integrate.quad(lambda x: x, 0.0, 2.0),
    )
    yield "a special function", lambda: w.special_gamma(5.0), lambda: scipy.special.gamma(5.0)
    yield (
        "a special function of an array",
        lambda: w.special_erf(X),
        lambda: scipy.special.erf(X),
    )
    yield (
        "a record of results",
        lambda: list(w.stats_linregress(X, Y))[:4],
        lambda: list(scipy.stats.linregress(X, Y))[:4],
    )
    yield (
        "a distance",
        lambda: w.spatial_distance_euclidean([0.0, 0.0], [3.0, 4.0]),
        lambda: scipy.spatial.distance.euclidean([0.0, 0.0], [3.0, 4.0]),
    )
    yield (
        "a filter",
        lambda: w.signal_butter(2, 0.5),
        lambda: scipy.signal.butter(2, 0.5),
    )
    yield (
        "a matrix that has no inverse",
        lambda: w.linalg_inv(np.zeros((2, 2))),
        lambda: scipy.linalg.inv(np.zeros((2, 2))),
    )
    yield (
        "brackets of one sign",
        lambda: w.optimize_brentq(lambda x: x + 10, 0.0, 1.0),
        lambda: scipy.optimize.brentq(lambda x: x + 10, 0.0, 1.0),
    )
