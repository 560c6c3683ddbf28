# An actor and a critic that learns from what slow copies of both say of the next state (Lillicrap et al., 2016), in f64, beside what talweg told.
# Usage: actor.py rows FILE | actor.py EVENTS
import random, sys

from steps import compare, steps_told, write_rows


def rows():
    chance = random.Random(5)
    return [[chance.uniform(-1, 1) for _ in range(4)] for _ in range(8)]


def features(s, a):
    return [s, a, s * a, a * a]


def value(w, s, a):
    return sum(x * y for x, y in zip(w, features(s, a)))


def steps():
    """The two losses of each step."""
    w, c = [0.5, -0.25, 1.0, -0.5], [0.3, 0.1]
    slowW, slowC = w, c
    for step in range(20):
        batch = rows()[4 * (step % 2) :][:4]
        targets = [r + 0.9 * value(slowW, t, slowC[0] * t + slowC[1]) for s, a, r, t in batch]
        off = [value(w, s, a) - y for (s, a, r, t), y in zip(batch, targets)]
        gradient = [sum(2 * e * features(s, a)[k] for e, (s, a, r, t) in zip(off, batch)) / 4 for k in range(4)]
        w = [x - 0.1 * g for x, g in zip(w, gradient)]
        acts = [(s, c[0] * s + c[1]) for s, *_ in batch]
        yield sum(e * e for e in off) / 4, -sum(value(w, s, a) for s, a in acts) / 4
        slopes = [w[1] + w[2] * s + 2 * w[3] * a for s, a in acts]
        c = [
            c[0] + 0.05 * sum(g * s for g, (s, a) in zip(slopes, acts)) / 4,
            c[1] + 0.05 * sum(slopes) / 4,
        ]
        slowW = [0.8 * x + 0.2 * y for x, y in zip(slowW, w)]
        slowC = [0.8 * x + 0.2 * y for x, y in zip(slowC, c)]


if sys.argv[1] == "rows":
    write_rows(sys.argv[2], rows())
    sys.exit()
told = steps_told(sys.argv[1])
assert len(told) == 20, len(told)
compare(told, [dict(zip(("critic", "actor"), right)) for right in steps()], 1e-5)
