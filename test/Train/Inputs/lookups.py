# Word counts and neighbourhoods in f64: what the steps of lookups.tw must tell.
# Usage: lookups.py rows FILE | lookups.py EVENTS STEPS | lookups.py same EVENTS OTHERS
import math, random, sys

from steps import compare, steps_told, write_rows

WORDS, LENGTH, BATCH, WIDTH, GROUPS = 7, 5, 4, 3, 3


def rows():
    chance = random.Random(5)
    return [
        [chance.randrange(WORDS) for _ in range(LENGTH)] + [chance.randrange(GROUPS), chance.uniform(-1, 1)]
        for _ in range(2 * BATCH)
    ]


def loss_and_gradient(table, batch):
    """Sums of words' rows are sums of groups'; each row of the batch reads its group's."""
    sums = [[0.0] * WIDTH for _ in range(GROUPS)]
    for *words, group, _ in batch:
        for word in words:
            for d in range(WIDTH):
                sums[group][d] += table[word][d]
    off = [sum(math.tanh(s) for s in sums[group]) - target for *_, group, target in batch]
    d_sums = [[0.0] * WIDTH for _ in range(GROUPS)]
    for (*_, group, _), e in zip(batch, off):
        for d in range(WIDTH):
            d_sums[group][d] += 2 * e / BATCH * (1 - math.tanh(sums[group][d]) ** 2)
    gradient = [[0.0] * WIDTH for _ in range(WORDS)]
    for *words, group, _ in batch:
        for word in words:
            for d in range(WIDTH):
                gradient[word][d] += d_sums[group][d]
    return sum(e * e for e in off) / BATCH, gradient


def steps(count):
    table = [[(3 * i + d) % 5 / 10 - 0.2 for d in range(WIDTH)] for i in range(WORDS)]
    for step in range(count):
        batch = rows()[BATCH * (step % 2) :][:BATCH]
        loss, gradient = loss_and_gradient(table, batch)
        yield {"loss": loss, "norm": math.sqrt(sum(g * g for row in gradient for g in row))}
        table = [[p - 0.02 * g for p, g in zip(*pair)] for pair in zip(table, gradient)]


if sys.argv[1] == "rows":
    write_rows(sys.argv[2], rows())
elif sys.argv[1] == "same":
    others = [{name: event[name] for name in ("loss", "norm")} for event in steps_told(sys.argv[3])]
    compare(steps_told(sys.argv[2]), others, 1e-6)
else:
    compare(steps_told(sys.argv[1]), steps(int(sys.argv[2])), 1e-5)
