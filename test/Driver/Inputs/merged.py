"""merged.py MERGED BASE SAVED: the moment MERGED has the parameters that SAVED holds, and the others of BASE."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from tensors import tensors  # noqa: E402

merged, base, saved = (tensors(f"{folder}/model.safetensors") for folder in sys.argv[1:])
assert saved and len(saved) < len(merged)
for name, tensor in merged.items():
    assert tensor == (saved if name in saved else base)[name], name
