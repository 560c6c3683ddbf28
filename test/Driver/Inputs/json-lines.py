"""json-lines.py EVENT…: succeeds if every line of standard input is one JSON object and these events are among them, in
this order. Prints each object's event and the names of its members."""
import json
import sys

wanted = sys.argv[1:]
for line in sys.stdin:
    members = json.loads(line, parse_constant=lambda name: sys.exit(f"{name} is not JSON"))
    if not isinstance(members, dict):
        sys.exit(f"not an object: {line}")
    print(members["event"], *members)
    if wanted and members["event"] == wanted[0]:
        wanted.pop(0)
if wanted:
    sys.exit(f"missing: {wanted}")
