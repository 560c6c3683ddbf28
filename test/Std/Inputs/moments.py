# moments.py FILE.safetensors NAME LOW HIGH STD: all values of the tensor lie in [LOW, HIGH], reach towards both ends, their mean is
# the middle, and their standard deviation is STD, within what chance allows.
import json
import math
import struct
import sys

path, name = sys.argv[1:3]
low, high, deviation = map(float, sys.argv[3:6])
blob = open(path, "rb").read()
(length,) = struct.unpack("<Q", blob[:8])
begin, end = json.loads(blob[8 : 8 + length])[name]["data_offsets"]
values = struct.unpack(f"<{(end - begin) // 4}f", blob[8 + length + begin : 8 + length + end])
count = len(values)
mean = sum(values) / count
found = math.sqrt(sum((v - mean) ** 2 for v in values) / count)
middle, chance = (low + high) / 2, 5 / math.sqrt(count)
faults = []
if min(values) < low or max(values) > high:
    faults.append(f"values from {min(values)} to {max(values)}")
if min(values) > middle - 1.7 * deviation or max(values) < middle + 1.7 * deviation:
    faults.append(f"values only from {min(values)} to {max(values)}")
if abs(mean - middle) > chance * deviation:
    faults.append(f"mean {mean}, expected {middle}")
if abs(found - deviation) > chance * deviation:
    faults.append(f"standard deviation {found}, expected {deviation}")
if len(set(values)) < count * 0.9:
    faults.append("many values are equal")
sys.exit("; ".join(faults) or 0)
