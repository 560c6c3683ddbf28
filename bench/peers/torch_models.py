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

BATCH = {"W1": 32, "W2": 64, "W3": 128, "W4": 64, "W5": 64, "W6": 12, "W6b": 16, "W7": 1024, "W7a": 1024, "W7l": 1024, "W8": 32}


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


class Named(dict):
    """Trainable tensors under the names of init.safetensors, made when they are first asked for. Weights are stored [in, out];
    F.linear wants [out, in]."""

    def __init__(self, initial):
        self.initial = initial

    def __missing__(self, name):
        self[name] = parameter(self.turned(name, self.initial[name]))
        return self[name]

    @staticmethod
    def turned(name, tensor):
        return tensor.t() if name.endswith(".weight") else tensor

    def stored(self):
        """Their values as Talweg stores them."""
        return {name: self.turned(name, tensor.detach()) for name, tensor in self.items()}


def transformer(initial, name):
    """nanoGPT without biases and dropout; the table of the tokens is also that of the scores."""
    named = Named(initial)
    blocks, heads = {"W6": (4, 4), "W6b": (6, 6)}[name]
    tokens, places = named[f"{name}.tokens"], named[f"{name}.places"]

    def norm(place):
        scale = named[f"{place}.scale"]
        return lambda x: F.layer_norm(x, scale.shape, scale, None, 1e-5)

    def linear(place):
        weight = named[f"{place}.weight"]
        return lambda x: F.linear(x, weight)

    def attention(place):
        projection, last = linear(f"{place}.qkv"), linear(f"{place}.linear_0")

        def forward(x):
            rows, length, width = x.shape
            q, k, v = (part.view(rows, length, heads, width // heads).transpose(1, 2) for part in projection(x).split(width, 2))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return last(y.transpose(1, 2).contiguous().view(rows, length, width))

        return forward

    def block(place):
        before, attend, between = norm(f"{place}.norm_0"), attention(f"{place}.attention_0"), norm(f"{place}.norm_1")
        wide, narrow = linear(f"{place}.linear_0"), linear(f"{place}.linear_1")

        def forward(x):
            x = x + attend(before(x))
            return x + narrow(F.gelu(wide(between(x))))

        return forward

    all_blocks, last_norm = [block(f"{name}.block_{i}") for i in range(blocks)], norm(f"{name}.final")

    def forward(x):
        x = F.embedding(x, tokens) + places
        for one in all_blocks:
            x = one(x)
        return F.linear(last_norm(x), tokens)

    return named, forward


class Gated(Named):
    """Of an LSTM: weights are stored [in, gates, out], biases [gates, out]; it wants [gates * out, in] and [gates * out]."""

    @staticmethod
    def turned(name, tensor):
        if name.endswith((".w", ".u")):
            return tensor.flatten(1).t()
        return tensor.flatten() if name.endswith((".a", ".b")) else Named.turned(name, tensor)

    def stored(self):
        return {name: (tensor.detach().t() if name.endswith((".w", ".u", ".weight")) else tensor.detach()).reshape(self.initial[name].shape)
                for name, tensor in self.items()}


def recurrent(initial, name):
    named = Gated(initial)
    table, weights = named[f"{name}.table"], [named[f"{name}.lstm_0.{one}"] for one in "wuab"]
    last, last_bias = named[f"{name}.dense_0.weight"], named[f"{name}.dense_0.bias"]

    def forward(x):
        zero = torch.zeros(1, x.shape[0], weights[1].shape[1])
        h, _, _ = torch.lstm(F.embedding(x, table), (zero, zero), weights, True, 1, 0.0, True, False, True)
        return F.linear(h, last, last_bias)

    return named, forward


def recommendation(initial, name, sparse):
    named = Named(initial)
    user, item = named[f"{name}.user.table"], named[f"{name}.item.table"]
    hidden, hidden_bias = named[f"{name}.dense_0.weight"], named[f"{name}.dense_0.bias"]
    last, last_bias = named[f"{name}.dense_1.weight"], named[f"{name}.dense_1.bias"]

    def forward(x):
        both = torch.cat([F.embedding(x[:, 0], user, sparse=sparse), F.embedding(x[:, 1], item, sparse=sparse)], 1)
        return F.linear(F.relu(F.linear(both, hidden, hidden_bias)), last, last_bias).squeeze(1)

    return named, forward


def model(name, folder, sparse=False):
    """The trainable tensors, those of newer workloads by name, and the function of a batch; for W9, from a row to the loss.
    `sparse`: the gradients of tables that are looked up are rows."""
    initial = read_safetensors(os.path.join(folder, "init.safetensors"))
    if name == "W9":
        return linear_form(initial, name)
    if name in ("W4", "W5"):
        return {"W4": convolutional, "W5": residual}[name](initial, name)
    if name in ("W6", "W6b"):
        return transformer(initial, name)
    if name == "W8":
        return recurrent(initial, name)
    if name in ("W7", "W7a", "W7l"):
        return recommendation(initial, name, sparse)
    return perceptron(initial, name, {"W1": 2, "W2": 3, "W3": 3}[name])


def batches(name, folder):
    """The rows and the labels, cut into batches; for W9, the rows' numbers."""
    x = read_idx(os.path.join(folder, "x.idx"))
    if name == "W9":
        return list(x[:, 0]), None
    y = read_idx(os.path.join(folder, "label.idx"))
    x, y = (values.long() if values.dtype == torch.int32 else values for values in (x, y))
    return list(x.split(BATCH[name])), list(y.split(BATCH[name]))
