#!/usr/bin/env python3
"""One workload's training step in PyTorch: torch_step.py WORKLOAD FOLDER [--compile] [--threads N]

FOLDER holds the rows (x.idx, label.idx) and the initial parameters (init.safetensors, as `talweg init` wrote them).
Writes one JSON object a line: {"event": "first_step"} after the first step, {"event": "ready", …} with the losses of the first
and the tenth step; then, for each line of standard input, which is a number of seconds, the median time of a step in
microseconds, measured for so long. Every kind of optimizer that PyTorch has is measured in turn, and the fastest is told.
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
import torch.nn.functional as F

if options.version:
    print(torch.__version__.split("+")[0])
    sys.exit(0)

from torch_models import batches, model

torch.set_num_threads(options.threads)


def make_optimizer(kind, parameters):
    """`kind` is how PyTorch works through the parameters: fused (one kernel) or foreach (an operation at a time, over all)."""
    how = {kind: True}
    if options.workload == "W1":
        return torch.optim.SGD(parameters, 0.05, momentum=0.9, **how)
    if options.workload == "W5":
        return torch.optim.SGD(parameters, 0.1, momentum=0.9, **how)
    if options.workload in ("W3", "W9"):
        return torch.optim.AdamW(parameters, 1e-3, weight_decay=0.01, **how)
    return torch.optim.Adam(parameters, 1e-3, **how)


def build(kind):
    """A function from a batch's number to its loss, and the optimizer."""
    parameters, forward = model(options.workload, options.folder)
    xs, ys = batches(options.workload, options.folder)
    loss = (lambda x, y: F.cross_entropy(forward(x), y)) if ys else (lambda x, y: forward(x))
    if options.compile:
        loss = torch.compile(loss, dynamic=False)
    return (lambda i: loss(xs[i % len(xs)], ys and ys[i % len(ys)])), make_optimizer(kind, parameters)


def say(**event):
    print(json.dumps(event), flush=True)


def peak_memory():
    """This process's own; the usual counter starts from what the parent had."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


class Variant:
    """The workload with one kind of optimizer, from the initial parameters."""

    def __init__(self, kind, first):
        self.kind, self.count = kind, 10
        self.loss_of, self.optimizer = build("foreach" if kind == "compiled" else kind)
        self.update = self.optimizer.step
        if kind == "compiled":
            self.update = torch.compile(self.optimizer.step, dynamic=False)
        self.losses = [self.step(0).item()]
        if first:
            say(event="first_step")
        self.losses += [self.step(i).item() for i in range(1, 10)]

    def step(self, i):
        loss = self.loss_of(i)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.update()
        return loss

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
    if options.compile:
        return ["fused", "compiled"]
    return ["fused", "foreach"] if modern else ["foreach"]


def main():
    variants = [Variant(kinds()[0], True)]
    memory = peak_memory()
    variants += [Variant(kind, False) for kind in kinds()[1:]]
    say(event="ready", first_loss=variants[0].losses[0], tenth_loss=variants[0].losses[9], peak_rss_bytes=memory)
    for line in sys.stdin:
        times = {one.kind: one.median(float(line) / len(variants)) for one in variants}
        say(median_us=min(times.values()), kinds=times)


main()
