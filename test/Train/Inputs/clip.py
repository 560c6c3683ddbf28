# A linear model under gradient descent with clipped gradients, in f64, beside what talweg told: losses, norms before clipping. A norm limits by
# min(1, limit / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ does. Kinds are the names below.
# Usage: clip.py rows FILE | clip.py KIND EVENTS
import math, random, struct, sys

from steps import compare, steps_told, write_rows


def rows():
    chance = random.Random(3)
    return [[chance.uniform(-2, 2) for _ in range(4)] for _ in range(8)]


def upper(x):
    """The upper half of x's f32: what the passes read of a parameter of bf16."""
    return struct.unpack("<f", b"\0\0" + struct.pack("<f", x)[2:])[0]


def loss(batch, weight, bias, scale=1):
    off = [sum(a * b for a, b in zip(row, weight)) + bias - row[3] for row in batch]
    g = [scale * sum(2 * e * row[k] for e, row in zip(off, batch)) / 4 for k in range(3)]
    return scale * sum(e * e for e in off) / 4, g, scale * sum(2 * e for e in off) / 4


def by_norm(limit, *groups):
    """The gradients, limited, and the norm of all of them together."""
    norm = math.sqrt(sum(x * x for group in groups for x in group))
    factor = min(1, limit / (norm + 1e-6))
    return [[factor * x for x in group] for group in groups], norm


def cut(x):
    return max(-0.5, min(0.5, x))


def steps(kind):
    weight, bias = [0.5, -1, 2], 0.25
    for step in range(20):
        batch = rows()[4 * (step % 2) :][:4]
        value, g, h = loss(batch, [upper(w) for w in weight] if kind == "halves" else weight, bias)
        told = {"loss": value}
        if kind == "norm" or kind == "halves":
            (g, (h,)), told["gradient_norm"] = by_norm(1.5, g, [h])
        elif kind == "value":
            g, h = [cut(x) for x in g], cut(h)
        elif kind == "groups":
            (g,), told["gradient_norm"] = by_norm(1.5, g)
            ((h,),), told["gradient_norm_2"] = by_norm(0.25, [h])
        elif kind == "frozen":
            h = 0
            (g,), told["gradient_norm"] = by_norm(1.5, g)
        elif kind == "schedule":
            (g, (h,)), told["gradient_norm"] = by_norm(1 + math.cos(math.pi * step / 20), g, [h])
        elif kind == "losses":
            (g,), told["gradient_norm"] = by_norm(1.5, g)
            moved = [w - 0.1 * x for w, x in zip(weight, g)]
            told["double"], _, h = loss(batch, moved, bias, 2)
            ((h,),), told["double_gradient_norm"] = by_norm(1.5, [h])
        yield told
        weight, bias = [w - 0.1 * x for w, x in zip(weight, g)], bias - 0.1 * h


if sys.argv[1] == "rows":
    write_rows(sys.argv[2], rows())
    sys.exit()
told, right = steps_told(sys.argv[2]), list(steps(sys.argv[1]))
assert len(told) == 20, len(told)
compare(told, right, 1e-5)
for event, numbers in zip(told, right):
    assert {name for name in event if "gradient_norm" in name} == {name for name in numbers if "gradient_norm" in name}, event
