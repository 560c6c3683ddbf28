#!/usr/bin/env python3
"""One workload's training step in PyTorch: torch_step.py WORKLOAD FOLDER [--compile] [--threads N]

FOLDER holds the rows (x.idx, label.idx) and the initial parameters (init.safetensors, as `talweg init` wrote them).
Writes one JSON object a line: {"event": "first_step"} after the first step, {"event": "ready", …} with the losses of the first
and the tenth step; then, for each line of standard input, which is a number of seconds, the median time of a step in
microseconds, measured for so long. Every kind of optimizer that PyTorch has, and every formulation of a program of torch_breadth.py, is
measured in turn, and the fastest is told. "kept_bytes" is the least that autograd keeps of a formulation's forward pass.
"""
import argparse
import json
import os
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workload", nargs="?")
parser.add_argument("folder", nargs="?")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--compile", action="store_true", help="by torch.compile")
parser.add_argument("--version", action="store_true", help="only say which PyTorch is there")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch

if options.version:
    print(torch.__version__.split("+")[0])
    sys.exit(0)

from torch_breadth import formulations
from torch_training import Training

torch.set_num_threads(options.threads)


def say(**event):
    print(json.dumps(event), flush=True)


def peak_memory():
    """This process's own; the usual counter starts from what the parent had."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


class Variant(Training):
    """The workload with one kind of optimizer, in one formulation, and its first ten losses."""

    def __init__(self, formulation, kind, first=False):
        super().__init__(options.workload, options.folder, kind, options.compile, formulation)
        self.name, self.count = " ".join(str(one) for one in (formulation, kind) if one is not None), 10
        self.losses = [self.step(0).item()]
        if first:
            say(event="first_step")
        self.losses += [self.step(i).item() for i in range(1, 10)]

    def kept_bytes(self):
        """Of all that a backward pass would read but parameters and rows, each storage counted once."""
        storage = lambda tensor: tensor.untyped_storage() if hasattr(tensor, "untyped_storage") else tensor.storage()
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.detach()) or tensor, lambda tensor: tensor):
            loss = self.loss(self.xs[0], self.ys and self.ys[0])
        given = {storage(tensor).data_ptr() for tensor in [loss, *self.tensors, *self.batch.values()]}
        sizes = {storage(tensor).data_ptr(): storage(tensor).nbytes() for tensor in kept}
        return sum(size for place, size in sizes.items() if place not in given)

    def median(self, seconds):
        """Of a step; for W9, of the update alone, with the last step's gradient."""
        times, end = [], time.perf_counter() + seconds
        while len(times) < 5 or time.perf_counter() < end:
            start = time.perf_counter()
            if options.workload == "W9":
                self.update()
            else:
                self.step(self.count)
            times.append(time.perf_counter() - start)
            self.count += 1
        return sorted(times)[len(times) // 2] * 1e6


def kinds():
    """The kinds of optimizer worth trying: PyTorch 1 has none that is fused on a CPU."""
    modern = int(torch.__version__.split(".")[0]) >= 2
    if options.workload == "W9":
        return ["fused" if modern else "foreach"]
    if options.workload == "W7l":
        return ["sparse"]
    if options.compile:
        return ["fused", "compiled"]
    if options.workload == "W7a":
        return ["sparse", "fused", "foreach"]
    return ["fused", "foreach"] if modern else ["foreach"]


def main():
    first, *others = ((formulation, kind) for formulation in formulations(options.workload) for kind in kinds())
    variants = [Variant(*first, first=True)]
    memory = peak_memory()
    variants += [Variant(*one) for one in others]
    losses = variants[0].losses
    for one in variants:
        assert abs(one.losses[9] - losses[9]) < 1e-2 * max(1, abs(losses[9])), (one.name, one.losses, losses)
    kept = {} if options.compile else dict(kept_bytes=min(one.kept_bytes() for one in variants))
    say(event="ready", first_loss=losses[0], tenth_loss=losses[9], peak_rss_bytes=memory, **kept)
    for line in sys.stdin:
        times = {one.name: one.median(float(line) / len(variants)) for one in variants}
        say(median_us=min(times.values()), kinds=times)


main()
