"""reached.py METRIC LEAST EVENTS.jsonl: the last evaluation of the test split reached LEAST."""

import json
import sys


def main(metric, least, events):
    with open(events) as f:
        last = [e for e in map(json.loads, f) if e["event"] == "eval" and e["split"] == "test"][-1]
    print(f"{metric} {last[metric]} of {last['rows']} rows, wanted {least}")
    return 0 if last[metric] >= float(least) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
