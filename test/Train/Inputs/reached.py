"""reached.py METRIC at-least|at-most BOUND EVENTS.jsonl: the last evaluation of the test split keeps the bound."""

import json
import sys


def main(metric, side, bound, events):
    with open(events) as f:
        last = [e for e in map(json.loads, f) if e["event"] == "eval" and e["split"] == "test"][-1]
    print(f"{metric} {last[metric]} of {last['rows']} rows, wanted {side} {bound}")
    kept = {"at-least": last[metric] >= float(bound), "at-most": last[metric] <= float(bound)}
    return 0 if kept[side] else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
