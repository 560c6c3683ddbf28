# A linear model under Adam, and averages of its parameters in the form of torch.optim.swa_utils, in f64, beside what a checkpoint holds.
# Usage: averages.py rows FILE | averages.py same MODEL OPTIMIZER, for parameters of the same bits | averages.py RUN STEPS W B, with the averages of w and b: ema:DECAY, uniform:FROM or none
import math, os, random, struct, sys

from steps import write_rows

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from tensors import tensors  # noqa: E402


def rows():
    chance = random.Random(3)
    return [[chance.uniform(-2, 2) for _ in range(4)] for _ in range(8)]


def train(steps):
    """The parameters before the first step, and after each."""
    values, m, v = [0.5, -1, 2, 0.25], [0.0] * 4, [0.0] * 4
    yield values
    for step in range(1, steps + 1):
        batch = [[*row[:3], 1.0, row[3]] for row in rows()[4 * ((step - 1) % 2) :][:4]]
        off = [sum(a * b for a, b in zip(row, values)) - row[4] for row in batch]
        gradient = [sum(2 * e * row[k] for e, row in zip(off, batch)) / 4 for k in range(4)]
        m = [0.9 * a + 0.1 * g for a, g in zip(m, gradient)]
        v = [0.999 * a + 0.001 * g * g for a, g in zip(v, gradient)]
        scales = (1 - 0.9**step, 1 - 0.999**step)
        values = [p - 0.1 * (a / scales[0]) / (math.sqrt(b / scales[1]) + 1e-8) for p, a, b in zip(values, m, v)]
        yield values


def averaged(values, rule):
    """The average of one parameter whose values these are."""
    kind, _, number = rule.partition(":")
    if kind == "ema":
        average = values[0]
        for value in values[1:]:
            average = float(number) * average + (1 - float(number)) * value
        return average
    if kind == "uniform" and len(values) > int(number):
        return sum(values[int(number) :]) / len(values[int(number) :])
    return values[-1]


def numbers(file):
    """Numbers of f32 and bits of the tensors of a safetensors file."""
    bits = {name: data for name, (_, data) in tensors(file).items()}
    return {k: struct.unpack(f"<{len(b) // 4}f", b) for k, b in bits.items()}, bits


if sys.argv[1] == "rows":
    write_rows(sys.argv[2], rows())
    sys.exit()
if sys.argv[1] == "same":
    model, optimizer = numbers(sys.argv[2])[1], numbers(sys.argv[3])[1]
    learnt = [name for name in model if name in optimizer]
    assert learnt and all(model[name] == optimizer[name] for name in learnt), learnt
    sys.exit()
run, steps, rules = sys.argv[1], int(sys.argv[2]), {"L.w": sys.argv[3], "L.b": sys.argv[4]}
values = list(zip(*train(steps)))
model, modelBits = numbers(run + "/last/model.safetensors")
optimizer, optimizerBits = numbers(run + "/last/optimizer.safetensors")
assert sorted(model) == ["L.b", "L.w"], model
for name, own in (("L.w", values[:3]), ("L.b", values[3:])):
    for got, of in zip(model[name], own):
        right = averaged(of, rules[name])
        assert abs(got - right) <= 1e-5 * max(1, abs(right)), (name, got, right)
    assert (name in optimizer) == (rules[name] != "none"), (name, sorted(optimizer))
    for got, of in zip(optimizer.get(name, ()), own):
        assert abs(got - of[-1]) <= 1e-5 * max(1, abs(of[-1])), (name, got, of[-1])
    if rules[name].startswith("uniform") and steps <= int(rules[name].partition(":")[2]):
        assert modelBits[name] == optimizerBits[name], name
