"""adbench-lstm.py TOLERANCE WANTED.json EVENTS.jsonl [MODEL.safetensors]: the objective and every derivative are those of WANTED.json.

They are told by `talweg gradcheck --json --values` in EVENTS.jsonl, or, where there is a MODEL, trained from zeros by one step of sgd(1).
A derivative may be off by TOLERANCE of the greatest one, the objective by TOLERANCE of itself.
"""

import json
import struct
import sys

PARAMETERS = ["Lstm.main_added", "Lstm.extra_added"]


def trained(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    for name in PARAMETERS:
        begin, end = header[name]["data_offsets"]
        yield [-x for x in struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])]


def main(tolerance, wanted, events, *model):
    tolerance = float(tolerance)
    with open(wanted) as f:
        wanted = json.load(f)
    with open(events) as f:
        events = list(map(json.loads, f))
    if model:
        found = trained(*model)
    else:
        told = {event["name"]: dict(zip(event["elements"], event["analytic"])) for event in events if event["event"] == "gradient"}
        found = [[value for _, value in sorted(told[name].items())] for name in PARAMETERS]
    here, there = [x for part in found for x in part], wanted["main"] + wanted["extra"]
    objective = next(event["loss"] for event in events if event["event"] == ("step" if model else "gradcheck"))
    count = (8 * wanted["layers"] + 3) * wanted["bits"]
    if not len(here) == len(there) == count:
        sys.exit(f"{len(here)} derivatives instead of {len(there)}, which are to be {count}")
    off = [abs(objective / wanted["objective"] - 1)]
    off += [abs(x - y) / max(map(abs, there)) for x, y in zip(here, there)]
    print(f"the objective is off by {off[0]:.1e}, {count} derivatives by {max(off[1:]):.1e}")
    return not all(x <= tolerance for x in off)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
