"""Programs with two losses, by hand in f64, beside what talweg trained: as the lines of PyTorch that each function quotes would compute.

losses.py rows NAME FILE.csv                          the data
losses.py NAME START.safetensors END.safetensors N    parameters after N steps are those of the formulas, to 1e-5
"""

import json
import math
import random
import struct
import sys

WIDTHS = {"gan": ["x"] * 2 + ["z"] * 2, "squares": ["r"] * 24, "actor": ["s"] * 3 + ["a"] * 2 + ["r"] + ["t"] * 3}
ROWS = {"gan": 8, "squares": 1, "actor": 8}


def rows(name):
    chance = random.Random(7)
    return [[round(chance.uniform(-1, 1), 3) for _ in WIDTHS[name]] for _ in range(ROWS[name])]


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, end = tensor["data_offsets"]
            flat = list(struct.unpack(f"<{(end - begin) // 4}f", data[begin:end]))
            columns = tensor["shape"][1] if len(tensor["shape"]) == 2 else 0
            tensors[name] = [flat[i : i + columns] for i in range(0, len(flat), columns)] if columns else [flat]
    return tensors  # matrices; a vector is a row


def product(a, b):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def transposed(a):
    return [list(row) for row in zip(*a)]


def each(function, *matrices):
    return [[function(*numbers) for numbers in zip(*rows)] for rows in zip(*matrices)]


class Dense:
    """y = x W + b; `back` adds the gradients of both to `grads`, and gives that of x."""

    def __init__(self, parameters, path):
        self.parameters, self.path = parameters, path

    def __call__(self, x):
        weight, bias = (self.parameters[f"{self.path}.{name}"] for name in ("weight", "bias"))
        return [[number + b for number, b in zip(row, bias[0])] for row in product(x, weight)]

    def back(self, x, dy, grads):
        for name, more in [("weight", product(transposed(x), dy)), ("bias", [[sum(column) for column in zip(*dy)]])]:
            name = f"{self.path}.{name}"
            grads[name] = each(lambda a, b: a + b, grads[name], more) if name in grads else more
        return product(dy, transposed(self.parameters[f"{self.path}.weight"]))


class Mlp:
    """A sum of dense layers, one for each argument; tanh; dense."""

    def __init__(self, parameters, name, arguments=1):
        *self.first, self.second = (Dense(parameters, f"{name}.dense_{i}") for i in range(arguments + 1))

    def hidden(self, xs):
        return each(lambda *parts: math.tanh(sum(parts)), *(layer(x) for layer, x in zip(self.first, xs)))

    def __call__(self, *xs):
        return self.second(self.hidden(xs))

    def back(self, xs, dy, grads):
        h = self.hidden(xs)
        dh = each(lambda d, t: d * (1 - t * t), self.second.back(h, dy, grads), h)
        return [layer.back(x, dh, grads) for layer, x in zip(self.first, xs)]


class Adam:
    """torch.optim.Adam(parameters, lr, (beta1, 0.999), eps = 1e-8)"""

    def __init__(self, lr, beta1):
        self.lr, self.beta1, self.t, self.slots = lr, beta1, 0, {}

    def step(self, parameters, grads):
        self.t += 1
        for name, grad in grads.items():
            zeros = each(lambda x: 0.0, grad)
            m, v = self.slots.get(name, (zeros, zeros))
            m = each(lambda m, g: self.beta1 * m + (1 - self.beta1) * g, m, grad)
            v = each(lambda v, g: 0.999 * v + 0.001 * g * g, v, grad)
            self.slots[name] = m, v
            one, two = 1 - self.beta1**self.t, 1 - 0.999**self.t
            parameters[name] = each(
                lambda p, m, v: p - self.lr * (m / one) / (math.sqrt(v / two) + 1e-8), parameters[name], m, v
            )


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def gan(p, steps, every=1):
    """for each step:
    fake = G(z)
    (softplus(-D(x)).mean() + softplus(D(fake.detach())).mean()).backward(); of_d.step(); zero_grad()
    if step % every == 0: softplus(-D(fake)).mean().backward(); of_g.step(); zero_grad()
    """
    D, G, of_d, of_g = Mlp(p, "D"), Mlp(p, "G"), Adam(0.02, 0.5), Adam(0.02, 0.5)
    for step in range(1, steps + 1):
        batch = rows("gan")[4 * ((step - 1) % 2) :][:4]
        x, z = [row[:2] for row in batch], [row[2:] for row in batch]
        fake, grads = G(z), {}
        D.back([x], each(lambda y: -sigmoid(-y) / 4, D(x)), grads)
        D.back([fake], each(lambda y: sigmoid(y) / 4, D(fake)), grads)
        of_d.step(p, grads)
        if step % every == 0:
            grads = {}
            [dfake] = D.back([fake], each(lambda y: -sigmoid(-y) / 4, D(fake)), {})
            G.back([z], dfake, grads)
            of_g.step(p, grads)


def squares(p, steps):
    """u = R v / (v @ v); v = R.T u / (u @ u): each is the least squares of |R - u v'|, the other held."""
    r = [rows("squares")[0][i : i + 4] for i in range(0, 24, 4)]
    for _ in range(steps):
        for mine, other, matrix in [("U.u", "V.v", r), ("V.v", "U.u", transposed(r))]:
            held = p[other][0]
            p[mine] = [[sum(a * b for a, b in zip(row, held)) / sum(b * b for b in held) for row in matrix]]


def actor(p, steps):
    """for each step:
    with no_grad(): target = r + 0.9 * Q(t, A(t))
    ((Q(s, a) - target) ** 2).mean().backward(); of_q.step(); zero_grad()
    if step % 2 == 0: (-Q(s, A(s)).mean()).backward(); of_a.step(); zero_grad()
    """
    Q, A, of_q, of_a = Mlp(p, "Q", 2), Dense(p, "A.dense_0"), Adam(0.01, 0.9), Adam(0.005, 0.9)
    act = lambda s: each(math.tanh, A(s))
    for step in range(1, steps + 1):
        batch = rows("actor")[4 * ((step - 1) % 2) :][:4]
        s, a, r, t = ([row[i:k] for row in batch] for i, k in [(0, 3), (3, 5), (5, 6), (6, 9)])
        target = each(lambda r, q: r + 0.9 * q, r, Q(t, act(t)))
        grads = {}
        Q.back([s, a], each(lambda q, y: 2 * (q - y) / 4, Q(s, a), target), grads)
        of_q.step(p, grads)
        if step % 2 == 0:
            grads, acts = {}, act(s)
            _, da = Q.back([s, acts], [[-1 / 4]] * 4, {})
            A.back(s, each(lambda d, y: d * (1 - y * y), da, acts), grads)
            of_a.step(p, grads)


def main(name, start, end, steps):
    right, trained = read(start), read(end)
    {"gan": gan, "gan-every-3": lambda p, n: gan(p, n, 3), "squares": squares, "actor": actor}[name](right, int(steps))
    worst = 0
    for path, matrix in right.items():
        off = max(abs(a - b) / max(1, abs(b)) for x, y in zip(trained[path], matrix) for a, b in zip(x, y))
        if off > 1e-5:
            print(f"{path}: off by {off:.1e}")
        worst = max(worst, off)
    return 1 if worst > 1e-5 else 0


if sys.argv[1] == "rows":
    with open(sys.argv[3], "w") as out:
        for row in rows(sys.argv[2]):
            out.write(",".join(map(str, row)) + "\n")
else:
    sys.exit(main(*sys.argv[1:]))
