"""Philox4x32-10 (Salmon et al., 2011) in plain Python: `rows` prints a file of rows; `check FILE` compares predictions; `near A B` compares two models."""
import json
import struct
import sys

SEED, ROWS, MASK = 7, 8, 0xFFFFFFFF


def philox(counter, key):
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [high >> 32 ^ c[1] ^ k0, high & MASK, low >> 32 ^ c[3] ^ k1, low & MASK]
        k0, k1 = k0 + 0x9E3779B9 & MASK, k1 + 0xBB67AE85 & MASK
    return c[0]


def uniform(element, step, stream, turn):
    return (philox((element, step, stream, turn), (SEED & MASK, SEED >> 32)) >> 8) / 2**24


def numbersOf(file):
    with open(file, "rb") as data:
        json.loads(data.read(struct.unpack("<Q", data.read(8))[0]))
        values = data.read()
    return struct.unpack(f"<{len(values) // 4}f", values)


if sys.argv[1] == "rows":
    for row in range(ROWS):
        print(f"{row / 4 - 1:.2f}")
elif sys.argv[1] == "check":
    with open(sys.argv[2]) as file:
        lines = [line.split(",")[-4:] for line in file.read().split("\n") if line and line.split(",")[-1][0] in "-0123456789"]
    assert len(lines) == ROWS, lines
    for row, line in enumerate(lines):
        for k, told in enumerate(line):
            wanted = sum((6 * s + 2 * r + 1) * uniform(4 * row + k, 0, 0, 2 * s + r) for s in range(3) for r in range(2))
            assert abs(float(told) - wanted) < 1e-4, (row, k, told, wanted)
else:
    for a, b in zip(numbersOf(sys.argv[2]), numbersOf(sys.argv[3]), strict=True):
        assert abs(a - b) < 1e-6, (a, b)
