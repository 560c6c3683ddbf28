#!/usr/bin/env python3
"""One workload's training step in PyTorch, eager: torch_step.py WORKLOAD FOLDER [--threads N] [--seconds S] [--batch N]

FOLDER holds the rows (x.idx, label.idx) and the initial parameters (init.safetensors, as `talweg init` wrote them).
Prints one JSON object: the median time of a step in microseconds, the losses of the first and the tenth step, the version.
"""
import argparse
import json
import os
import struct
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workload")
parser.add_argument("folder")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--batch", type=int)
parser.add_argument("--version", action="store_true", help="only say whether PyTorch is there, and which")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import numpy as np
import torch
import torch.nn.functional as F

if options.version:
    print(torch.__version__)
    sys.exit(0)
torch.set_num_threads(options.threads)


def read_idx(path):
    """An IDX file: magic (0, 0, type, rank), extents, values; all big-endian."""
    types = {0x08: ">u1", 0x0C: ">i4", 0x0D: ">f4"}
    with open(path, "rb") as file:
        _, _, kind, rank = file.read(4)
        shape = struct.unpack(f">{rank}I", file.read(4 * rank))
        values = np.frombuffer(file.read(), types[kind]).reshape(shape)
    return torch.from_numpy(values.astype(values.dtype.newbyteorder("=")))


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            values = np.frombuffer(data[first:last], "<f4").reshape(entry["shape"])
            tensors[name] = torch.from_numpy(values.copy())
    return tensors


def path(name):
    return os.path.join(options.folder, name)


def parameter(tensor):
    return tensor.contiguous().clone().requires_grad_()


def perceptron(initial, name, layers):
    """Weights are stored [in, out]; F.linear wants [out, in]."""
    weights = [parameter(initial[f"{name}.dense_{i}.weight"].t()) for i in range(layers)]
    biases = [parameter(initial[f"{name}.dense_{i}.bias"]) for i in range(layers)]

    def forward(x):
        for i in range(layers):
            x = F.linear(x, weights[i], biases[i])
            if i + 1 < layers:
                x = F.relu(x)
        return x

    return weights + biases, forward


def convolutional(initial, name):
    """Kernels are stored [height, width, in, out]; images and their flattened rows are [height, width, channels]."""
    get = lambda key: initial[f"{name}.{key}"]
    kernels = [parameter(get(f"conv2d_{i}.weight").permute(3, 2, 0, 1)) for i in range(2)]
    kernel_biases = [parameter(get(f"conv2d_{i}.bias")) for i in range(2)]
    wide = parameter(get("dense_0.weight").reshape(12, 12, 64, 128).permute(3, 2, 0, 1).reshape(128, 9216))
    wide_bias = parameter(get("dense_0.bias"))
    last, last_bias = parameter(get("dense_1.weight").t()), parameter(get("dense_1.bias"))

    def forward(x):
        x = x.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        x = F.relu(F.conv2d(x, kernels[0], kernel_biases[0]))
        x = F.max_pool2d(F.relu(F.conv2d(x, kernels[1], kernel_biases[1])), 2)
        x = F.relu(F.linear(x.flatten(1), wide, wide_bias))
        return F.linear(x, last, last_bias)

    with torch.no_grad():
        for i, kernel in enumerate(kernels):
            kernels[i] = kernel.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
    return kernels + kernel_biases + [wide, wide_bias, last, last_bias], forward


def residual(initial, name):
    """ResNet-20: a convolution, nine blocks of two with a shortcut around each, the mean over the image, a linear layer. A
    normalization follows every convolution; where a block changes the shape, its shortcut has a convolution of its own."""
    parameters = []

    def take(tensor):
        parameters.append(parameter(tensor))
        return parameters[-1]

    def convolution(place, number, stride):
        kernel = initial[f"{place}.convolution_{number}.weight"].permute(3, 2, 0, 1)
        kernel = kernel.contiguous(memory_format=torch.channels_last).clone().requires_grad_()
        parameters.append(kernel)
        get = lambda key: initial[f"{place}.batch_norm_{number}.{key}"]
        scale, shift, mean, variance = take(get("scale")), take(get("shift")), get("mean"), get("var")
        pad = kernel.shape[2] // 2
        return lambda x: F.batch_norm(F.conv2d(x, kernel, None, stride, pad), mean, variance, scale, shift, True)

    def block(number):
        place, stride = f"{name}.block_{number}", 2 if number in (3, 6) else 1
        first, second = convolution(place, 0, stride), convolution(place, 1, 1)
        shortcut = convolution(place, 2, stride) if stride == 2 else lambda x: x
        return lambda x: F.relu(second(F.relu(first(x))) + shortcut(x))

    stem, blocks = convolution(name, 0, 1), [block(i) for i in range(9)]
    last, last_bias = take(initial[f"{name}.dense_0.weight"].t()), take(initial[f"{name}.dense_0.bias"])

    def forward(x):
        x = F.relu(stem(x.permute(0, 3, 1, 2)))  # rows are [height, width, channels]: channels_last as they are
        for one in blocks:
            x = one(x)
        return F.linear(x.mean((2, 3)), last, last_bias)

    return parameters, forward


def linear_form(initial, name):
    weight, slope = parameter(initial[f"{name}.linear_form_0.w"]), initial[f"{name}.linear_form_0.slope"]
    return [weight], lambda x: x * (weight * slope).sum()


def products(initial, name):
    weights = [parameter(initial[f"{name}.product_{i}.w"]) for i in range(2)]

    def loss(x):
        return ((x @ weights[0] @ weights[1] - x) ** 2).mean()

    return weights, loss


def build():
    """The batch, a function from a batch's number to its loss, and the optimizer."""
    initial, name = read_safetensors(path("init.safetensors")), options.workload
    x = read_idx(path("x.idx"))
    if name == "W9":
        parameters, loss = linear_form(initial, name)
        return (lambda i: loss(x[i % len(x), 0])), torch.optim.AdamW(parameters, 1e-3, weight_decay=0.01, foreach=True)
    batch = options.batch or {"W1": 32, "W2": 64, "W3": 128, "W4": 64, "W5": 64, "W10": 1024}[name]
    xs = list(x.split(batch))
    if name == "W10":
        parameters, loss = products(initial, name)
        return (lambda i: loss(xs[i % len(xs)])), torch.optim.SGD(parameters, 0.01, foreach=True)
    ys = list(read_idx(path("label.idx")).long().split(batch))
    if name in ("W4", "W5"):
        parameters, forward = {"W4": convolutional, "W5": residual}[name](initial, name)
    else:
        parameters, forward = perceptron(initial, name, {"W1": 2, "W2": 3, "W3": 3}[name])
    optimizer = {
        "W1": lambda: torch.optim.SGD(parameters, 0.05, momentum=0.9, foreach=True),
        "W5": lambda: torch.optim.SGD(parameters, 0.1, momentum=0.9, foreach=True),
        "W3": lambda: torch.optim.AdamW(parameters, 1e-3, weight_decay=0.01, foreach=True),
    }.get(name, lambda: torch.optim.Adam(parameters, 1e-3, foreach=True))()
    return (lambda i: F.cross_entropy(forward(xs[i % len(xs)]), ys[i % len(ys)])), optimizer


def main():
    loss_of, optimizer = build()

    def step(i):
        loss = loss_of(i)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss

    losses = [step(i).item() for i in range(10)]
    times, i = [], len(losses)
    end = time.perf_counter() + options.seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        step(i)
        times.append(time.perf_counter() - start)
        i += 1
    print(json.dumps({
        "median_us": sorted(times)[len(times) // 2] * 1e6,
        "first_loss": losses[0],
        "tenth_loss": losses[9],
        "version": torch.__version__,
    }))


main()
