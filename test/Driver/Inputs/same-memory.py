"""Fails unless the start of a run tells the sizes that check has told. Arguments: the events of check and of train."""
import json
import sys

check = json.loads(open(sys.argv[1]).readline())
start = json.loads(open(sys.argv[2]).readline())
for name in ("arena_bytes", "persistent_bytes"):
    assert check[name] == start[name] > 0, (name, check[name], start[name])
assert check["memory_bytes"] == check["arena_bytes"] + check["persistent_bytes"], check
