"""grown.py OLD NEW FRESH: in the moment NEW, whose rate was 0, the table has the rows of OLD and behind them those of FRESH; its slots have
the rows of OLD, decayed by one step without a gradient in them or with it, and rows of zeros behind them where no row was looked up."""
import json
import struct
import sys


def tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8:8 + length]), data[8 + length:]
    header.pop("__metadata__", None)
    return {name: (entry["shape"], body[slice(*entry["data_offsets"])]) for name, entry in header.items()}


old, new, fresh = (tensors(f"{folder}/model.safetensors")["Old.table"] for folder in sys.argv[1:])
assert old[0] == [3, 2] and new[0] == fresh[0] == [5, 2]
assert new[1][:24] == old[1], "the old rows are kept"
assert new[1][24:] == fresh[1][24:], "the new rows are those of a fresh run"
slots, before = (tensors(f"{folder}/optimizer.safetensors") for folder in (sys.argv[2], sys.argv[1]))
for name in ("Old.table.m", "Old.table.v"):
    assert slots[name][0] == [5, 2] and before[name][0] == [3, 2]
    assert slots[name][1][24:] == bytes(16), f"{name}: what is new begins with zeros"
    assert any(slots[name][1][:24]), name
