#!/usr/bin/env python3
"""The first steps of a workload in PyTorch beside Talweg's: torch_agree.py WORKLOAD FOLDER [--threads N] [--steps N]

FOLDER holds the rows, the initial parameters (init.safetensors) and what Talweg has trained of them (run/last/model.safetensors).
Writes one JSON object: the losses; the gradients' norms before clipping, where there is clipping; and for each parameter how far
the two ends lie apart, as a share of the way from the initial values to PyTorch's.
"""
import argparse
import json
import os

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workload")
parser.add_argument("folder")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--steps", type=int, default=20)
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch

from torch_models import read_safetensors
from torch_training import Training

torch.set_num_threads(options.threads)
training = Training(options.workload, options.folder, "sparse" if options.workload in ("W7a", "W7l") else "fused")
losses, norms = [], []
for i in range(options.steps):
    losses.append(training.step(i).item())
    if training.norm is not None:
        norms.append(training.norm.item())
initial = read_safetensors(os.path.join(options.folder, "init.safetensors"))
ours = read_safetensors(os.path.join(options.folder, "run", "last", "model.safetensors"))
differences = {}
for name, theirs in training.named.stored().items():
    apart, way = (theirs - ours[name]).norm().item(), (theirs - initial[name]).norm().item()
    differences[name] = apart / way if way else apart
assert set(differences) == set(initial), set(differences) ^ set(initial)
print(json.dumps(dict(version=torch.__version__.split("+")[0], losses=losses, norms=norms, differences=differences)))
