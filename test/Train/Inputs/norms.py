# Two losses on one linear model under gradient descent, the gradients clipped, in f64, beside what talweg told of norms.
# Usage: norms.py rows FILE | norms.py EVENTS | norms.py EVENTS OTHERS (which tell the same)
import math, random, sys

from steps import compare, steps_told, write_rows


def rows():
    chance = random.Random(5)
    return [[chance.uniform(-2, 2) for _ in range(4)] for _ in range(8)]


def norm(*vectors):
    return math.sqrt(sum(number**2 for vector in vectors for number in vector))


def moved(vectors, gradients, rate):
    """Gradient descent with `clip norm 1.5`."""
    factor = rate * min(1, 1.5 / (norm(*gradients) + 1e-6))
    return [[x - factor * g for x, g in zip(*pair)] for pair in zip(vectors, gradients)]


def steps():
    weight, bias = [0.5, -1, 2], [0.25]
    for step in range(6):
        batch = rows()[4 * (step % 2) :][:4]
        begun = weight, bias
        off = lambda row: sum(x * w for x, w in zip(row, weight)) + bias[0] - row[3]
        first = [[sum(2 * off(row) * row[k] for row in batch) / 4 for k in range(3)], [sum(2 * off(row) for row in batch) / 4]]
        weight, bias = moved([weight, bias], first, 0.1)
        second = [sum(3 * math.copysign(1, off(row)) * row[k] for row in batch) / 4 for k in range(3)]
        [weight] = moved([weight], [second], 0.05)
        change = [[x - y for x, y in zip(*pair)] for pair in zip((weight, bias), begun)]
        yield {
            "all": norm(*first, second),
            "of_w": norm(first[0], second),
            "logged": math.log(norm(*first, second)),
            "parameters": norm(*begun),
            "moved": norm(*change) / norm(*begun),
            "w_moved": norm(change[0]) / norm(begun[0]),
        }


if sys.argv[1] == "rows":
    write_rows(sys.argv[2], rows())
    sys.exit()
told = steps_told(sys.argv[1])
if len(sys.argv) > 2:
    right = [{name: step[name] for name in ("all", "parameters", "moved")} for step in steps_told(sys.argv[2])]
else:
    right = steps()
compare(told, right, 2e-5)
