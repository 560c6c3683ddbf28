#!/usr/bin/env python3
"""Trains W4's network on Fashion-MNIST in PyTorch, and tests it after each epoch: torch_fashion.py FOLDER [--compile] [--epochs N]

FOLDER holds the data's four files and the initial parameters (init.safetensors, as `talweg init` wrote them). Writes one JSON
object a line: {"event": "epoch", …} with the share of test images told right, and at last {"event": "end", …}.
"""
import argparse
import gzip
import json
import os

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--compile", action="store_true", help="by torch.compile")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import numpy as np
import torch
import torch.nn.functional as F

from torch_models import model

BATCH = 64


def read(name, header):
    with gzip.open(os.path.join(options.folder, name)) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def load(split):
    images = read(f"{split}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    x = ((images / np.float32(255) - np.float32(0.286)) / np.float32(0.353)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(read(f"{split}-labels-idx1-ubyte.gz", 8).astype(np.int64))


def accuracy(forward, x, y):
    with torch.no_grad():
        right = sum((forward(x[i:i + 1000]).argmax(1) == y[i:i + 1000]).sum().item() for i in range(0, len(x), 1000))
    return right / len(x)


def main():
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    parameters, forward = model("W4", options.folder)
    modern = int(torch.__version__.split(".")[0]) >= 2
    optimizer = torch.optim.Adam(parameters, 1e-3, **({"fused": True} if modern else {"foreach": True}))
    loss_of = lambda x, y: F.cross_entropy(forward(x), y)
    compiled = torch.compile(loss_of, dynamic=False) if options.compile else loss_of
    x, y = load("train")
    test = load("t10k")
    reached = []
    for epoch in range(options.epochs):
        order = torch.randperm(len(x))
        for i in range(0, len(x), BATCH):
            rows = order[i:i + BATCH]
            loss = (compiled if len(rows) == BATCH else loss_of)(x[rows], y[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        reached.append(accuracy(forward, *test))
        print(json.dumps(dict(event="epoch", epoch=epoch + 1, accuracy=reached[-1])), flush=True)
    print(json.dumps(dict(event="end", accuracies=reached)), flush=True)


main()
