# Runs of the same steps, cut into different parts:
#   parts.py rows FILE           writes 81 rows of parts.tw
#   parts.py check RUN RUN…      losses of all steps agree to 1e-6, parameters at the end to 1e-3 of the way they travelled
import json, os, random, struct, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from tensors import tensors  # noqa: E402


def write_rows(path):
    draw = random.Random(1)
    with open(path, "w") as file:
        for _ in range(81):
            x = [draw.gauss(0, 1) for _ in range(4)]
            row = x + [draw.random() + 0.1, x[0] * 2 - x[1] + 0.3 * draw.gauss(0, 1)]
            file.write(",".join(f"{value:.5f}" for value in row) + "\n")


def numbers(path):
    return {name: struct.unpack(f"<{len(data) // 4}f", data) for name, (_, data) in tensors(path).items()}


def losses(run):
    events = [json.loads(line) for line in open(f"{run}/log.jsonl")]
    return [[event[name] for name in ("loss", "rmse", "gradient_norm", "change")] for event in events if event["event"] == "step"]


if sys.argv[1] == "rows":
    write_rows(sys.argv[2])
else:
    start = numbers(sys.argv[2])
    whole = sys.argv[3]
    for run in sys.argv[4:]:
        assert len(losses(run)) == len(losses(whole)) == 20, run
        for a, b in zip(losses(whole), losses(run)):
            for x, y in zip(a, b):
                assert abs(x - y) <= 1e-6 * max(1, abs(x)), (run, a, b)
        ends, others = numbers(f"{whole}/last/model.safetensors"), numbers(f"{run}/last/model.safetensors")
        assert ends.keys() == others.keys() == start.keys()
        for name in ends:
            way = sum((a - b) ** 2 for a, b in zip(ends[name], start[name])) ** 0.5
            off = sum((a - b) ** 2 for a, b in zip(ends[name], others[name])) ** 0.5
            assert off <= 1e-3 * way, (run, name, off, way)
        slots = numbers(f"{run}/last/optimizer.safetensors")
        assert not [name for name in slots if "gradient_sum" in name]
    print(len(sys.argv) - 4, "runs agree")
