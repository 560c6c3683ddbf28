#!/usr/bin/env python3
"""Coefficients of the polynomials in lib/Codegen/VectorMath*.cpp, printed as C++ literals (needs python3-mpmath).

For f(x) ~ sum c_i x^i on [a, b] with weight w, Remez's exchange finds the polynomial whose greatest
|w (f - p)| is least. For f32, the coefficients are then rounded one after the other from the lowest, each time refitting those that
are not yet fixed.
"""
from mpmath import mp, mpf, matrix, lu_solve, exp, log, tanh, erf, erfc, sin, cos, sqrt, pi, floor, frexp, ldexp, nint

mp.dps = 40


def to_f32(x):
    mantissa, e = frexp(x)
    return ldexp(nint(ldexp(mantissa, 24)), int(e) - 24)


def remez(f, w, a, b, degree, low=0):
    """Coefficients of x^low … x^degree, and the error."""
    a, b, n = mpf(a), mpf(b), degree - low + 1
    grid = [(a + b) / 2 - (b - a) / 2 * mp.cos(pi * (i + mpf(1) / 2) / 600) for i in range(600)]
    values, weights = [f(x) for x in grid], [w(x) for x in grid]
    at = [min(599, int(600 * (i + 0.5) / (n + 1))) for i in range(n + 1)]
    for _ in range(12):
        A, rhs = matrix(n + 1, n + 1), matrix(n + 1, 1)
        for row, i in enumerate(at):
            for j in range(n):
                A[row, j] = grid[i] ** (low + j)
            A[row, n] = (-1) ** row / weights[i]
            rhs[row] = values[i]
        c = [v for v in lu_solve(A, rhs)][:n]
        error = [weights[i] * (values[i] - x ** low * mp.polyval(c[::-1], x)) for i, x in enumerate(grid)]
        peaks = []
        for i, e in enumerate(error):  # the extremum of each run of one sign
            if peaks and (error[peaks[-1]] > 0) == (e > 0):
                if abs(e) > abs(error[peaks[-1]]):
                    peaks[-1] = i
            else:
                peaks.append(i)
        while len(peaks) > n + 1:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        if len(peaks) < n + 1 or peaks == at:
            break
        at = peaks
    return c, max(abs(e) for e in error)


def fit(name, f, w, a, b, degree, single=True):
    c, error = remez(f, w, a, b, degree)
    if single:
        fixed = []
        for low in range(degree + 1):
            rest = lambda x: f(x) - mp.polyval(fixed[::-1], x) if fixed else f(x)
            c, error = remez(rest, w, a, b, degree, low)
            fixed.append(to_f32(c[0]))
        c = fixed
    digits = 9 if single else 17
    print(f"{name}: error 2^{mp.nstr(log(error, 2), 4)}")
    print("  {" + ", ".join(mp.nstr(x, digits, strip_zeros=False) for x in c) + "}")


def near0(f, value):
    """f with its value where it is a quotient 0/0."""
    return lambda x: f(x) if abs(x) > mpf(10) ** -8 else mpf(value)


one = lambda x: mpf(1)
half = log(2) / 2 * mpf("1.001")
if __name__ == "__main__":
    # e^r = 1 + r + r² p(r)
    fit("exp", near0(lambda r: (exp(r) - 1 - r) / r ** 2, 0.5),
        lambda r: r ** 2 * exp(-r) + mpf(10) ** -9, -half, half, 4)
    # log(1 + f) = f + f² p(f)
    fit("log1p", near0(lambda f: (log(1 + f) - f) / f ** 2, -0.5),
        lambda f: abs(f * f / log(1 + f)) if abs(f) > 1e-8 else mpf(10) ** -9,
        sqrt(mpf(0.5)) - 1 - mpf("1e-6"), sqrt(mpf(2)) - 1 + mpf("1e-6"), 7)
    # tanh x = x + x³ p(x²)
    top = mpf("0.245")
    fit("tanh", lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z,
        lambda z: z * sqrt(z) / tanh(sqrt(z)), mpf(10) ** -6, top ** 2, 2)
    # erf x = x + x p(x²)
    fit("erf", lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: sqrt(z) / erf(sqrt(z)), mpf(10) ** -6, 1, 6)
    # 1 - erf x = e^(p(x)), the error of erf itself being what counts
    fit("erfc", lambda x: log(erfc(x)), lambda x: erfc(x) / erf(x), 0.99, 4, 6)
    # sin x = x + x³ p(x²), cos x = 1 - x²/2 + x⁴ p(x²), beside a reduction by quarters
    quarter = (pi / 4) ** 2 * mpf("1.001")
    sine = lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z
    ofSine = lambda z: z * sqrt(z) / sin(sqrt(z))
    fit("sin, quarters", sine, ofSine, mpf(10) ** -6, quarter, 2)
    fit("cos, quarters", lambda z: (cos(sqrt(z)) - 1 + z / 2) / z ** 2, lambda z: z * z / cos(sqrt(z)), mpf(10) ** -4, quarter, 2)
    # sin x = x + x³ p(x²), beside a reduction by halves
    fit("sin", sine, ofSine, mpf(10) ** -6, (pi / 2) ** 2 * mpf("1.005"), 3)
    # log2 m = (m - 1) p(m - 1), in f64
    fit("log2", near0(lambda f: log(1 + f, 2) / f, 1 / log(2)),
        lambda f: f / log(1 + f, 2) if abs(f) > 1e-8 else log(2),
        sqrt(mpf(0.5)) - 1 - mpf("0.001"), sqrt(mpf(2)) - 1 + mpf("0.001"), 13, single=False)
    # 2^r = p(r), in f64
    fit("exp2", lambda r: mpf(2) ** r, lambda r: mpf(2) ** -r, -0.501, 0.501, 6, single=False)

    # The same in f64.
    fit("exp f64", near0(lambda r: (exp(r) - 1 - r) / r ** 2, 0.5),
        lambda r: r ** 2 * exp(-r) + mpf(10) ** -9, -half, half, 9, single=False)
    fit("sin f64", sine, ofSine, mpf(10) ** -6, (pi / 2) ** 2 * mpf("1.001"), 7, single=False)
    fit("erf f64", lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: sqrt(z) / erf(sqrt(z)), mpf(10) ** -6, 1, 11,
        single=False)
    fit("erfc f64", lambda x: log(erfc(x)), lambda x: erfc(x) / erf(x), 0.99, 6, 17, single=False)
    # log(1 + f) = 2 s + s z p(z) with s = f / (2 + f), z = s²; for pow: 2 s (1 + z / 3 + z² p(z))
    greatest = mpf("0.0296")
    series = lambda z: log((1 + sqrt(z)) / (1 - sqrt(z))) / (2 * sqrt(z)) - 1
    fit("log f64", lambda z: 2 * series(z) / z, lambda z: z / 2, mpf(10) ** -9, greatest, 6, single=False)
    fit("pow f64", lambda z: (series(z) / z - mpf(1) / 3) / z, lambda z: mpf(5), mpf(10) ** -6, greatest, 7, single=False)
