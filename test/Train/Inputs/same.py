# Two runs tell the same numbers in each step and each evaluation, up to rounding. Usage: same.py EVENTS OTHERS NAME…
import sys

from steps import compare, told

events, others = (told(path, "step", "eval") for path in sys.argv[1:3])
compare(events, [{name: event[name] for name in sys.argv[3:] if name in event} for event in others], 2e-6)
