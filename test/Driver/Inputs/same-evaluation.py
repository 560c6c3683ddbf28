"""same-evaluation.py RUN TOLD: the last evaluation among the events of a run is the one that eval has told."""
import json
import sys

told = [[json.loads(line) for line in open(path) if '"event":"eval"' in line][-1] for path in sys.argv[1:]]
first, second = ({key: event[key] for key in ("split", "rows", "loss")} for event in told)
sys.exit(0 if first == second else f"{first} is not {second}")
