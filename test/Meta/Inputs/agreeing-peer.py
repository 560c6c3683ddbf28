"""A peer that had Talweg's losses and ended elsewhere: agreeing-peer.py SCRIPT WORKLOAD FOLDER ..."""
import json
import os
import sys

with open(os.path.join(sys.argv[3], "run", "log.jsonl")) as file:
    steps = [event for event in map(json.loads, file) if event["event"] == "step"]
differences = {"W7a.user.table": 2e-3, "W7a.item.table": 1e-7}
print(json.dumps(dict(losses=[step["loss"] for step in steps], norms=[], differences=differences)))
