# sequences.py CASE GRADIENTS.json: the gradients that `talweg gradcheck --json --values` tells, all elements of all parameters, hold
# against finite differences and are those of PyTorch in sequences.json beside this file, made by utils/golden/make_sequences.py.
import json
import os
import sys

case, path = sys.argv[1:]
with open(os.path.join(os.path.dirname(__file__), "sequences.json")) as f:
    expected = json.load(f)[case]
with open(path) as f:
    events = [json.loads(line) for line in f]
found = {event["name"]: event for event in events if event["event"] == "gradient"}
faults = [f"{name} stands on one side alone" for name in expected.keys() ^ found.keys()]
for name in expected.keys() & found.keys():
    here, there = found[name]["analytic"], expected[name]
    if not found[name]["passed"] or len(here) != len(there):
        faults.append(f"{name}: finite differences say otherwise, or {len(here)} elements are not {len(there)}")
        continue
    size = max(map(abs, there))
    error = max(abs(x - y) for x, y in zip(here, there))
    if error > 1e-7 * max(size, 1e-3):
        faults.append(f"{name}: off by {error}, of {size}")
print("\n".join(faults) or f"{len(expected)} gradients are PyTorch's")
sys.exit(bool(faults))
