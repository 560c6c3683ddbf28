"""compare.py GOLDEN.json RUN EVENTS.jsonl: the losses of a run equal the golden ones to 1e-5 relative.

In: losses.json of utils/golden/make_golden.py, the name of a run in it, and what `talweg train --json --log-every 1` wrote.
Compared are the loss of every step, and the test split's loss and accuracy after the last.
"""

import json
import sys

TOLERANCE = 1e-5


def main(golden, run, events):
    with open(golden) as f:
        wanted = json.load(f)["runs"][run]
    with open(events) as f:
        events = [json.loads(line) for line in f]
    got = {e["step"]: e["loss"] for e in events if e["event"] == "step"}
    test = [e for e in events if e["event"] == "eval" and e["split"] == "test"]
    pairs = [(f"step {s}", got.get(s), loss) for s, loss in enumerate(wanted["loss"], 1)]
    pairs.append(("test loss", test[-1]["loss"] if test else None, wanted["test_loss"]))
    pairs.append(("test accuracy", test[-1]["accuracy"] if test else None, wanted["test_accuracy"]))
    faults = 0
    for what, value, reference in pairs:
        error = abs(value - reference) / abs(reference) if value is not None else float("nan")
        if not error <= TOLERANCE:
            faults += 1
            print(f"{what}: {value} instead of {reference}, relative difference {error:.1e}")
    if len(got) != len(wanted["loss"]):
        faults += 1
        print(f"{len(got)} steps instead of {len(wanted['loss'])}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
