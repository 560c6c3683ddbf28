#!/usr/bin/env python3
"""The objective of ADBench's LSTM (Srajer, Kukelova, Fitzgibbon 2018) and its derivatives by all parameters, in f64.

adbench-lstm.py FILE                       told as JSON
adbench-lstm.py FILE --row ROW.csv         and what the file holds as one row of a CSV file, in the file's order
adbench-lstm.py FILE --differences EVERY   and how far the derivative by each EVERY-th parameter is off what two difference quotients
                                           of the objective say, relative to the greatest derivative

FILE, perhaps compressed by gzip: `layers characters bits`; for each layer its weights, then its biases, each of the gates forget, in, out
and change in this order; weights in, weights out, biases out; for each layer hidden and cell, as they are at first; the bits of the
characters. A bit knows of the others in the logarithm alone. Of its own numbers, at each character x but the last,

    z = x * extra[0];  for each layer  forget = s(z w0 + b0), gate = s(hidden w1 + b1), out = s(z w2 + b2), change = tanh(hidden w3 + b3),
    cell = cell * forget + gate * change, z = hidden = out * tanh(cell);  then y = z * extra[1] + extra[2]

and the objective is minus the mean over these characters and their bits of x' * (y - log(2 + sum of exp(y) over the bits)), where x' is
the next character's bit.
"""

import argparse
import cmath
import gzip
import json
import math


def read(path):
    """The file's four parts, each as its lines, and what its first line says."""
    with open(path, "rb") as f:
        data = f.read()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    sizes, *parts = ([list(map(float, line.split())) for line in part.splitlines()] for part in text.strip().split("\n\n"))
    layers, characters, bits = map(int, sizes[0])
    shapes = [(2 * layers, 4 * bits), (3, bits), (2 * layers, bits), (characters, bits)]
    if len(parts) != 4 or any(len(p) != n or {*map(len, p)} != {width} for p, (n, width) in zip(parts, shapes)):
        raise SystemExit(f"{path}: not as its first line says")
    return (layers, characters, bits), parts


def forward(bit, parts, m):
    """What a bit gives for each character, and of each on the way what each layer had and made. m is math or cmath."""
    main, extra, state, sequence = parts
    bits = len(extra[0])
    ways = [[line[bit + gate * bits] for line in main[2 * layer : 2 * layer + 2] for gate in range(4)]
            for layer in range(len(main) // 2)]
    memory = [(state[2 * layer][bit], state[2 * layer + 1][bit]) for layer in range(len(ways))]
    given, tape = [], []
    for character in sequence[:-1]:
        z, made = character[bit] * extra[0][bit], []
        for layer, (w0, w1, w2, w3, b0, b1, b2, b3) in enumerate(ways):
            hidden, cell = memory[layer]
            forget, gate, out = (1 / (1 + m.exp(-v)) for v in (z * w0 + b0, hidden * w1 + b1, z * w2 + b2))
            change = m.tanh(hidden * w3 + b3)
            squashed = m.tanh(cell * forget + gate * change)
            made.append((z, hidden, cell, forget, gate, out, change, squashed))
            memory[layer] = out * squashed, cell * forget + gate * change
            z = memory[layer][0]
        given.append(z * extra[1][bit] + extra[2][bit])
        tape.append((made, z))
    return ways, given, tape


def objective(parts, m=math):
    """It, and its derivatives by what each bit gives for each character."""
    sequence, columns = parts[3], [forward(bit, parts, m)[1] for bit in range(len(parts[1][0]))]
    total, slopes, count = 0, [], len(columns) * len(columns[0])
    for y, wanted in zip(zip(*columns), sequence[1:]):
        powers = [m.exp(v) for v in y]
        whole = 2 + sum(powers)
        total -= sum(x * (v - m.log(whole)) for x, v in zip(wanted, y))
        slopes.append([(sum(wanted) * p / whole - x) / count for x, p in zip(wanted, powers)])
    return total / count, slopes


def backward(bit, parts, slopes):
    """The objective's derivatives by the bit's own parameters: of each layer the eight, then the three others."""
    (_, extra, _, sequence), (ways, _, tape) = parts, forward(bit, parts, math)
    by = [[0.0] * 8 for _ in ways]
    by_extra = [0.0] * 3
    by_memory = [(0.0, 0.0) for _ in ways]
    for character, slope, (made, z) in reversed([*zip(sequence, slopes, tape)]):
        by_extra[1] += slope[bit] * z
        by_extra[2] += slope[bit]
        dz = slope[bit] * extra[1][bit]
        for layer in reversed(range(len(ways))):
            w0, w1, w2, w3 = ways[layer][:4]
            z, hidden, cell, forget, gate, out, change, squashed = made[layer]
            dh, dc = by_memory[layer]
            dh += dz
            dc += dh * out * (1 - squashed**2)
            inner = (dc * cell * forget * (1 - forget), dc * change * gate * (1 - gate), dh * squashed * out * (1 - out),
                     dc * gate * (1 - change**2))
            for k, (d, v) in enumerate(zip(inner, (z, hidden, z, hidden))):
                by[layer][k] += d * v
                by[layer][4 + k] += d
            dz = inner[0] * w0 + inner[2] * w2
            by_memory[layer] = inner[1] * w1 + inner[3] * w3, dc * forget
        by_extra[0] += dz * character[bit]
    return by, by_extra


def gradient(parts):
    """The objective, and its derivatives by the main and by the extra parameters, in the file's order."""
    value, slopes = objective(parts)
    bits = range(len(parts[1][0]))
    found = [backward(bit, parts, slopes) for bit in bits]
    main = [found[bit][0][layer][k] for layer in range(len(parts[0]) // 2) for k in range(8) for bit in bits]
    return value, main, [found[bit][1][k] for k in range(3) for bit in bits]


def differences(parts, slopes, every):
    """How far the slopes are off quotients with an imaginary step, whose error is that of rounding, and with two real ones."""
    worst, size = [0.0, 0.0], max(map(abs, slopes))
    places = [(line, at) for part in parts[:2] for line in part for at in range(len(line))]
    for (line, at), mine in [*zip(places, slopes)][::every]:
        x = line[at]
        line[at] = x + 1e-30j
        imaginary = objective(parts, cmath)[0].imag / 1e-30
        line[at] = x + 1e-4
        above = objective(parts)[0]
        line[at] = x - 1e-4
        below = objective(parts)[0]
        line[at] = x
        for k, slope in enumerate((imaginary, (above - below) / 2e-4)):
            worst[k] = max(worst[k], abs(slope - mine) / size)
    return {"imaginary": worst[0], "central": worst[1]}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file")
    options.add_argument("--row")
    options.add_argument("--differences", type=int, metavar="EVERY")
    options = options.parse_args()
    sizes, parts = read(options.file)
    value, by_main, by_extra = gradient(parts)
    told = dict(zip(("layers", "characters", "bits"), sizes), objective=value, main=by_main, extra=by_extra)
    if options.row:
        with open(options.row, "w") as f:
            f.write(",".join(repr(number) for part in parts for line in part for number in line) + "\n")
    if options.differences:
        told["off"] = differences(parts, by_main + by_extra, options.differences)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
