#!/usr/bin/env python3
"""Makes test/Std/Inputs/sequences.json with PyTorch: the gradients that the library's layers of sequences must have.

make_sequences.py > sequences.json

Each case is a test of test/Std of its name, the same in Talweg: what a layer gives, times the weights `w` and summed up, differentiated by
every parameter. So the gradient in `w` is the layer's value. Names and layouts are Talweg's (dense weights [in, out]). All in f64; weights
are waves, biases 0.

Needs python3-torch of Debian 13. The tests read the file and need none.
"""

import json
import math

import torch
from torch import nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def wave(*shape):
    count = math.prod(shape)
    return torch.sin(1.7 * torch.arange(count) + 0.3).reshape(shape).requires_grad_()


def zeros(*shape):
    return torch.zeros(shape, requires_grad=True)


class Case:
    """The parameters of a case, by their names; its loss; and so its gradients."""

    def __init__(self):
        self.parameters = {}

    def wave(self, name, *shape):
        return self.parameters.setdefault("F." + name, wave(*shape))

    def zeros(self, name, *shape):
        return self.parameters.setdefault("F." + name, zeros(*shape))

    def gradients(self, loss):
        values = torch.autograd.grad(loss, list(self.parameters.values()))
        return {name: [float(f"{v:.10g}") for v in value.flatten()] for name, value in zip(self.parameters, values)}


def weights(case, path, kind, inputs, hidden):
    """The four tensors of PyTorch's recurrent layer made of the parameters of Talweg's at `path`."""
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[kind]
    inner = () if kind == "rnn" else (gates,)
    w = case.wave(f"{path}.weight", inputs, *inner, hidden).reshape(inputs, -1).T
    u = case.wave(f"{path}.recurrent", hidden, *inner, hidden).reshape(hidden, -1).T
    b = case.zeros(f"{path}.bias", *inner, hidden).reshape(-1)
    c = torch.zeros(gates * hidden)
    if kind == "gru":
        c = torch.cat([c[: 2 * hidden], case.zeros(f"{path}.recurrent_bias", hidden)])
    return [w, u, b, c]


def recurrent(kind, x, first, *directions, lengths=None):
    """What PyTorch's layer gives: all steps, [rows, steps, hidden of both directions], and the list of what is remembered."""
    hidden = directions[0][1].shape[1]
    module = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[kind](x.shape[2], hidden, batch_first=True, bidirectional=len(directions) == 2)
    names = [name for name, _ in module.named_parameters()]
    given = dict(zip(names, [tensor for direction in directions for tensor in direction]))
    packed = x if lengths is None else nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True)
    first = tuple(h[None] for h in first) if kind == "lstm" and first else first[0][None] if first else None
    y, end = torch.func.functional_call(module, given, (packed, first))
    if lengths is not None:
        y = nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0]
    return y, list(end) if kind == "lstm" else [end]


def recurrentCase(kind):
    """One that begins with what is given and gives its ends; one in both directions, of sequences of 4 and 2 steps, and its ends."""
    case, width = Case(), 3
    x, w, v = case.wave("x", 2, 4, 2), case.wave("w", 2, 4, width), case.wave("v", 2, 4, 2 * width)
    first = [case.wave(name, 2, width) for name in (["h", "c"] if kind == "lstm" else ["h"])]
    y, ends = recurrent(kind, x, first, weights(case, "y", kind, 2, width))
    loss = (w * y).sum() + sum((e[0] * first[0]).sum() for e in ends)
    both = [weights(case, path, kind, 2, width) for path in ("forwards", "backwards")]
    y, ends = recurrent(kind, x, [], *both, lengths=[4, 2])
    return case.gradients(loss + (v * y).sum() + sum((e[0] * first[0] + 2 * e[1] * first[0]).sum() for e in ends))


def named(case, path, **parts):
    """PyTorch's parameters by name, of a layer of dense layers: `parts` are the shapes of the weights under Talweg's names."""
    return {part: (case.wave(f"{path}.{part}.weight", *shape).T, case.zeros(f"{path}.{part}.bias", shape[1])) for part, shape in parts.items()}


def attentionParameters(case, path, width, memory):
    """Those of nn.MultiheadAttention; with `memory`, the width of what is attended to, its weights stand by themselves."""
    p = named(case, path, query=(width, width), key=(memory, width), value=(memory, width), out=(width, width))
    own = {"in_proj_weight": torch.cat([p[part][0] for part in ("query", "key", "value")])} if memory == width else {
        f"{part[0]}_proj_weight": p[part][0] for part in ("query", "key", "value")}
    return own | {"in_proj_bias": torch.cat([p[part][1] for part in ("query", "key", "value")]),
                  "out_proj.weight": p["out"][0], "out_proj.bias": p["out"][1]}


def attend():
    """Four heads of queries on two of keys: causal; of the first places alone; where a mask says."""
    case = Case()
    q, k, v = case.wave("q", 2, 3, 4, 2), case.wave("k", 2, 3, 2, 2), case.wave("v", 2, 3, 2, 3)
    w = case.wave("w", 3, 2, 3, 4, 3)
    masks = torch.zeros(3, 2, 1, 3, 3, dtype=torch.bool)
    masks[0, :, 0] = torch.tril(torch.ones(3, 3))
    masks[1, 0], masks[1, 1, :, :, :2] = True, True
    masks[2, :, 0] = torch.tensor([[(n + i + j) % 3 != 0 for j in range(3)] for n in range(2) for i in range(3)]).reshape(2, 3, 3)
    y = [F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), mask, enable_gqa=True) for mask in masks]
    return case.gradients((w * torch.stack(y).transpose(2, 3)).sum())


def attention():
    """nn.MultiheadAttention of x to itself, in rows of 3 and 2 places; and to a memory of another width."""
    case = Case()
    x, m, w, v = case.wave("x", 2, 3, 4), case.wave("m", 2, 2, 3), case.wave("w", 2, 3, 4), case.wave("v", 2, 3, 4)
    behind = torch.tensor([[False, False, False], [False, False, True]])
    y = torch.func.functional_call(nn.MultiheadAttention(4, 2, batch_first=True), attentionParameters(case, "y", 4, 4), (x, x, x, behind))
    z = torch.func.functional_call(nn.MultiheadAttention(4, 2, batch_first=True, kdim=3, vdim=3), attentionParameters(case, "z", 4, 3), (x, m, m))
    return case.gradients((w * y[0]).sum() + (v * z[0]).sum())


def norm(case, path, width):
    return case.parameters.setdefault(f"F.{path}.scale", torch.ones(width, requires_grad=True)), case.zeros(f"{path}.shift", width)


def blockParameters(case, path, width, hidden, attentions):
    """Those of nn.TransformerEncoderLayer, or of the decoder's, whose parts are numbered in their order."""
    names = zip(("self_attn", "multihead_attn"), attentions)
    of = {f"{name}.{key}": value for name, (part, memory) in names
          for key, value in attentionParameters(case, f"{path}.{part}", width, memory).items()}
    for number in range(len(attentions) + 1):
        of[f"norm{number + 1}.weight"], of[f"norm{number + 1}.bias"] = norm(case, f"{path}.layer_norm_{number}", width)
    for number, sizes in enumerate([(width, hidden), (hidden, width)]):
        (weight, bias), = named(case, f"{path}.feed_forward_0", **{f"dense_{number}": sizes}).values()
        of[f"linear{number + 1}.weight"], of[f"linear{number + 1}.bias"] = weight, bias
    return of


def encoderBlock():
    """nn.TransformerEncoderLayer, causal."""
    case = Case()
    x, w = case.wave("x", 2, 3, 4), case.wave("w", 2, 3, 4)
    layer = nn.TransformerEncoderLayer(4, 2, 6, 0, "gelu", batch_first=True, norm_first=True)
    masked = nn.Transformer.generate_square_subsequent_mask(3)
    y = torch.func.functional_call(layer, blockParameters(case, "y", 4, 6, [("attention_0", 4)]), (x, masked))
    return case.gradients((w * y).sum())


def decoderBlock():
    """nn.TransformerDecoderLayer of rows whose memory has 3 and 1 places."""
    case = Case()
    x, m, w = case.wave("x", 2, 2, 4), case.wave("m", 2, 3, 4), case.wave("w", 2, 2, 4)
    layer = nn.TransformerDecoderLayer(4, 2, 6, 0, "gelu", batch_first=True, norm_first=True)
    masked = nn.Transformer.generate_square_subsequent_mask(2)
    behind = torch.tensor([[False, False, False], [False, True, True]])
    y = torch.func.functional_call(layer, blockParameters(case, "y", 4, 6, [("attention_0", 4), ("attention_1", 4)]), (x, m),
                                   {"tgt_mask": masked, "memory_key_padding_mask": behind})
    return case.gradients((w * y).sum())


def positions():
    """The sines and cosines as the paper writes them; turns of pairs as products of complex numbers; a table."""
    case = Case()
    x, q, w, v = case.wave("x", 2, 3, 4), case.wave("q", 2, 3, 2, 4), case.wave("w", 2, 3, 4), case.wave("v", 2, 3, 2, 4)
    table = torch.tensor([[f(t / 10000 ** (2 * i / 4)) for i in range(2) for f in (math.sin, math.cos)] for t in range(3)])
    turns = torch.polar(torch.ones(3, 1, 2), torch.arange(3.0)[:, None, None] * 100 ** (-2 * torch.arange(2.0) / 4))
    turned = torch.complex(q[..., :2], q[..., 2:]) * turns
    y = x + table + case.wave("learned.table", 3, 4)
    return case.gradients((w * y).sum() + (v * torch.cat([turned.real, turned.imag], -1)).sum())


def main():
    cases = {kind: recurrentCase(kind) for kind in ("rnn", "gru", "lstm")}
    cases |= {"attend": attend(), "attention": attention(), "encoder-block": encoderBlock(), "decoder-block": decoderBlock(),
              "positions": positions()}
    print("{")
    for name, gradients in cases.items():
        print(json.dumps(name), ": ", json.dumps(gradients), ",\n" if name != "positions" else "\n}", sep="", end="")
    print()


main()
