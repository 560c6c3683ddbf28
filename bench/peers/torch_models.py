"""The workloads' models in PyTorch, on the parameters that `talweg init` wrote.

In:  a folder with init.safetensors, x.idx and label.idx.
Out: for each workload its trainable tensors and a function of a batch; the batches.
"""
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

BATCH = {"W1": 32, "W2": 64, "W3": 128, "W4": 64, "W5": 64}


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


def model(name, folder):
    """The trainable tensors and the function of a batch; for W9, from a row to the loss."""
    initial = read_safetensors(os.path.join(folder, "init.safetensors"))
    if name == "W9":
        return linear_form(initial, name)
    if name in ("W4", "W5"):
        return {"W4": convolutional, "W5": residual}[name](initial, name)
    return perceptron(initial, name, {"W1": 2, "W2": 3, "W3": 3}[name])


def batches(name, folder):
    """The rows and the labels, cut into batches; for W9, the rows' numbers."""
    x = read_idx(os.path.join(folder, "x.idx"))
    if name == "W9":
        return list(x[:, 0]), None
    y = read_idx(os.path.join(folder, "label.idx")).long()
    return list(x.split(BATCH[name])), list(y.split(BATCH[name]))
