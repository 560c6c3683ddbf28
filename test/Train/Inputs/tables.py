"""tables.py rows FILE: writes rows (user, item, rating). tables.py NAME EVENTS.jsonl: a run of tables.tw under optimizer NAME follows its formulas.

The reference is plain Python in f64, with the meaning of PyTorch's optimizers: Adagrad, SGD and Adam on whole tensors; of `lazy`, of SparseAdam:
rows without a gradient, and their moments, stay as they are. Losses and norms before clipping agree to 1e-5 relative.
"""

import json
import math
import sys

TOLERANCE = 1e-5
STEPS, BATCH, ROWS = 24, 8, 20
USERS, ITEMS, WIDTH = 9, 7, 3


def rows():
    """Some are named several times in a batch, and one user and one item never."""
    return [((3 * r * r + r) % (USERS - 1), (5 * r + r // 4) % (ITEMS - 1), ((7 * r) % 11) / 5 - 1) for r in range(ROWS)]


def adagrad(p, g, s, t, lr=0.1):
    s["sum"] += g * g
    return p - lr * g / (math.sqrt(s["sum"]) + 1e-10)


def sgd(p, g, s, t, lr=0.05):
    return p - lr * g


def adam(p, g, s, t, lr=0.02):
    s["m"] = 0.9 * s["m"] + 0.1 * g
    s["v"] = 0.999 * s["v"] + 0.001 * g * g
    return p - lr * (s["m"] / (1 - 0.9 ** t)) / (math.sqrt(s["v"] / (1 - 0.999 ** t)) + 1e-8)


# name: (rule, whether rows without a gradient are left, the norm to which gradients are clipped)
RUNS = {
    "adagrad": (adagrad, False, None),
    "sgd": (sgd, False, None),
    "adam": (adam, False, None),
    "lazy": (adam, True, None),
    "clipped": (adam, True, 0.5),
    "twice": (adagrad, False, None),  # both are looked up in one table
    "every": (adam, True, 0.5),  # of every third step alone
    "bias": (adagrad, False, None),  # each item has a number, too
    "bias-lazy": (adam, True, 0.5),
}


def reference(name):
    """(loss, norm) of each step."""
    rule, lazy, limit = RUNS[name]
    tables = {"user": [[0.3] * WIDTH for _ in range(USERS)], "item": [[0.7] * WIDTH for _ in range(ITEMS)]}
    user_table, item_table = "user", "user" if name == "twice" else "item"
    if name == "twice":
        del tables["item"]
    if name.startswith("bias"):
        tables["bias"] = [[0.1] for _ in range(ITEMS)]
    states = {key: [[{"m": 0.0, "v": 0.0, "sum": 0.0} for _ in row] for row in table] for key, table in tables.items()}
    data, at, steps = rows(), 0, []
    for step in range(1, STEPS + 1):
        batch = data[at:at + BATCH]
        at = at + BATCH if at + BATCH < ROWS else 0
        gradients = {key: [None] * len(table) for key, table in tables.items()}
        loss = 0.0
        for user, item, rating in batch:
            u, i = tables[user_table][user], tables[item_table][item]
            error = sum(u[k] * i[k] * (k + 1) for k in range(WIDTH)) + sum(tables.get("bias", [[]] * ITEMS)[item]) - rating
            loss += error * error / len(batch)
            slope = 2 * error / len(batch)
            named = [(user_table, user, [slope * i[k] * (k + 1) for k in range(WIDTH)]),
                     (item_table, item, [slope * u[k] * (k + 1) for k in range(WIDTH)]),
                     ("bias", item, [slope])]
            for key, row, values in named[:len(named) if "bias" in tables else 2]:
                sums = gradients[key][row] or [0.0] * len(values)
                gradients[key][row] = [a + b for a, b in zip(sums, values)]
        if name == "every" and step % 3:
            steps.append((None, None))
            continue
        norm = math.sqrt(sum(x * x for sums in gradients.values() for row in sums if row for x in row))
        scale = 1.0 if limit is None else min(1.0, limit / (norm + 1e-6))
        steps.append((loss, norm))
        for key, table in tables.items():
            for row, sums in enumerate(gradients[key]):
                if sums is None and lazy:
                    continue
                for k in range(len(table[row])):
                    gradient = scale * sums[k] if sums else 0.0
                    table[row][k] = rule(table[row][k], gradient, states[key][row][k], step // 3 if name == "every" else step)
    return steps


def main(name, path):
    if name == "rows":
        with open(path, "w") as file:
            file.write("user,item,rating\n" + "".join(f"{u},{i},{y}\n" for u, i, y in rows()))
        return 0
    with open(path) as file:
        told = {event["step"]: event for event in map(json.loads, file) if event["event"] == "step"}
    faults = 0
    for step, (loss, norm) in enumerate(reference(name), 1):
        event = told.get(step, {})
        for what, got, wanted in (("loss", event.get("loss"), loss), ("gradient_norm", event.get("gradient_norm", norm), norm)):
            if got != wanted and (got is None or wanted is None or not abs(got - wanted) <= TOLERANCE * abs(wanted)):
                faults += 1
                print(f"step {step}: {what} is {got} instead of {wanted}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
