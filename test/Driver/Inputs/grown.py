"""grown.py OLD NEW FRESH: in the moment NEW, whose rate was 0, the table has the rows of OLD and behind them those of FRESH; its slots have
the rows of OLD, decayed by one step without a gradient in them or with it, and rows of zeros behind them where no row was looked up."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from tensors import tensors  # noqa: E402

old, new, fresh = (tensors(f"{folder}/model.safetensors")["Old.table"] for folder in sys.argv[1:])
assert old[0] == [3, 2] and new[0] == fresh[0] == [5, 2]
assert new[1][:24] == old[1], "the old rows are kept"
assert new[1][24:] == fresh[1][24:], "the new rows are those of a fresh run"
slots, before = (tensors(f"{folder}/optimizer.safetensors") for folder in (sys.argv[2], sys.argv[1]))
for name in ("Old.table.m", "Old.table.v"):
    assert slots[name][0] == [5, 2] and before[name][0] == [3, 2]
    assert slots[name][1][24:] == bytes(16), f"{name}: what is new begins with zeros"
    assert any(slots[name][1][:24]), name
