# orthogonal.py FILE.safetensors NAME: the tensor's columns, along its last dimension, or its rows where there are fewer, have length 1 and stand at right
# angles to each other.
import json
import struct
import sys

path, name = sys.argv[1:3]
blob = open(path, "rb").read()
(length,) = struct.unpack("<Q", blob[:8])
tensor = json.loads(blob[8 : 8 + length])[name]
begin, end = tensor["data_offsets"]
values = struct.unpack(f"<{(end - begin) // 4}f", blob[8 + length + begin : 8 + length + end])
columns = tensor["shape"][-1]
vectors = [values[i : i + columns] for i in range(0, len(values), columns)]
if len(vectors) > columns:
    vectors = list(zip(*vectors))
for i, a in enumerate(vectors):
    for j, b in enumerate(vectors):
        product = sum(x * y for x, y in zip(a, b))
        if abs(product - (i == j)) > 1e-5:
            sys.exit(f"{i} and {j}: {product}")
