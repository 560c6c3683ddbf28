# A recurrent layer that begins with what the batch before has left, in f64: what the steps of stateful.tw must tell and keep.
# Usage: stateful.py rows FILE COUNT | stateful.py RUN EVENTS COUNT mean|each [EVALUATIONS]: whether a batch leaves the mean of its rows, or each its own
import json, math, random, struct, sys

from steps import compare, steps_told, told, write_rows

TURNS, BATCH, HIDDEN, RATE, EPOCHS = 5, 3, 4, 0.5, 2


def rows(count):
    chance = random.Random(7)
    return [[chance.uniform(-1, 1) for _ in range(2 * TURNS)] for _ in range(count)]


def start(*shape):
    flat = [(7 * i + 3) % 11 / 10 - 0.4 for i in range(math.prod(shape))]
    return flat if len(shape) == 1 else [flat[i : i + shape[1]] for i in range(0, len(flat), shape[1])]


def batches(count):
    for _ in range(EPOCHS):
        for first in range(0, count, BATCH):
            yield rows(count)[first : first + BATCH]


def product(h, u):
    return [sum(h[k] * u[k][o] for k in range(HIDDEN)) for o in range(HIDDEN)]


def forward(w, u, v, row, begin):
    """What is remembered in each turn, and how far off the row's outputs are."""
    h = [begin]
    for number in row[:TURNS]:
        h.append([math.tanh(number * a + b) for a, b in zip(w, product(h[-1], u))])
    return h, [sum(map(float.__mul__, each, v)) - y for each, y in zip(h[1:], row[TURNS:])]


def steps(count, left):
    """Each step's loss, what is remembered behind it, and the loss of an evaluation there, where all rows begin with the mean."""
    w, u, v, memory = start(HIDDEN), start(HIDDEN, HIDDEN), start(HIDDEN), [[0.5] * HIDDEN] * BATCH
    for batch in batches(count):
        loss, ends = 0, []
        dw, du, dv = [0.0] * HIDDEN, [[0.0] * HIDDEN for _ in range(HIDDEN)], [0.0] * HIDDEN
        for row, begin in zip(batch, memory):
            h, off = forward(w, u, v, row, begin)
            loss += sum(e * e for e in off) / len(batch) / TURNS
            ends.append(h[-1])
            back = [0.0] * HIDDEN
            for s in reversed(range(TURNS)):
                by = 2 * off[s] / len(batch) / TURNS
                dv = [d + by * e for d, e in zip(dv, h[s + 1])]
                inner = [(by * a + b) * (1 - e * e) for a, b, e in zip(v, back, h[s + 1])]
                dw = [d + i * row[s] for d, i in zip(dw, inner)]
                du = [[d + h[s][k] * i for d, i in zip(du[k], inner)] for k in range(HIDDEN)]
                back = [sum(a * i for a, i in zip(u[k], inner)) for k in range(HIDDEN)]
        mean = [sum(end[k] for end in ends) / len(batch) for k in range(HIDDEN)]
        memory = ends if left == "each" else [mean] * BATCH
        w, v = [[p - RATE * d for p, d in zip(*pair)] for pair in ((w, dw), (v, dv))]
        u = [[p - RATE * d for p, d in zip(*pair)] for pair in zip(u, du)]
        of_all = [e * e for row in rows(count) for e in forward(w, u, v, row, mean)[1]]
        yield {"loss": loss}, sum(memory, []) if left == "each" else mean, {"loss": sum(of_all) / len(of_all)}


def kept(file):
    """What the states of a checkpoint are."""
    with open(file, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    bits = lambda name: data[8 + size :][slice(*header[name]["data_offsets"])]
    return [x for x, in struct.iter_unpack("<f", bits("M.h.memory"))], *struct.unpack("<i", bits("M.h.turns"))


if sys.argv[1] == "rows":
    write_rows(sys.argv[2], rows(int(sys.argv[3])))
    sys.exit()
right = list(steps(int(sys.argv[3]), sys.argv[4]))
compare(steps_told(sys.argv[2]), [numbers for numbers, _, _ in right], 1e-5)
for file in sys.argv[5:]:
    compare(told(file, "eval"), [right[-1][2]], 1e-5)
memory, turns = kept(sys.argv[1] + "/last/model.safetensors")
assert len(memory) == len(right[-1][1]) and all(abs(a - b) < 1e-5 for a, b in zip(memory, right[-1][1])), (memory, right[-1][1])
assert turns == TURNS * len(right), turns
