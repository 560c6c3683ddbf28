"""grown-rows.py OLD NEW FRESH ROW…: in the moment NEW the table and its slots have changed in each ROW that was read, and nowhere else: old rows are those of OLD to the byte, new
ones those of FRESH with slots of zeros."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from tensors import tensors  # noqa: E402

old, new, fresh = ({**tensors(f"{folder}/model.safetensors"), **tensors(f"{folder}/optimizer.safetensors")} for folder in sys.argv[1:4])
read = {int(row) for row in sys.argv[4:]}


def rows(tensor):
    (count, *_), data = tensor
    return [data[i * len(data) // count:(i + 1) * len(data) // count] for i in range(count)]


tables = [name for name in new if name.startswith("F.table")]
assert len(tables) == 3, tables
for name in tables:
    before = rows(old[name])
    begun = rows(fresh[name]) if name == "F.table" else [bytes(len(before[0]))] * len(rows(new[name]))
    before += begun[len(before):]
    now = rows(new[name])
    assert len(now) == len(before) == 6 and len(rows(old[name])) == 3
    assert {row for row in range(6) if now[row] != before[row]} == read, name
