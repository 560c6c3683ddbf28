"""Training steps of the workloads in PyTorch: loss, clipping and optimizers beside torch_models.py."""
import torch
import torch.nn.functional as F

from torch_breadth import PROGRAMS, program
from torch_models import batches, model

CLIP = {"W6": 1.0, "W6b": 1.0}


def loss_function(name, forward):
    """The mean loss of a batch, from its rows and labels."""
    if name == "W9":
        return lambda x, y: forward(x)
    if name in ("W6", "W6b", "W8"):
        return lambda x, y: F.cross_entropy(forward(x).flatten(0, 1), y.flatten())
    if name in ("W7", "W7a", "W7l"):
        return lambda x, y: F.binary_cross_entropy_with_logits(forward(x), y)
    return lambda x, y: F.cross_entropy(forward(x), y)


def optimizers(name, parameters, kind):
    """One, or two where sparse gradients need their own."""
    how = {"foreach" if kind == "compiled" else "fused" if kind == "sparse" else kind: True}
    if name in ("batch1", "gmm", "wide_softmax"):
        return [torch.optim.SGD(parameters, {"batch1": 0.01, "gmm": 1e-3, "wide_softmax": 0.1}[name], **how)]
    if name == "W1":
        return [torch.optim.SGD(parameters, 0.05, momentum=0.9, **how)]
    if name == "W5":
        return [torch.optim.SGD(parameters, 0.1, momentum=0.9, **how)]
    if name in ("W3", "W9", "deep_tiny", "ffn", "mha_big", "mha_small"):
        return [torch.optim.AdamW(parameters, 1e-3, weight_decay=0.01, **how)]
    if name in ("W6", "W6b"):
        matrices, others = [one for one in parameters if one.dim() > 1], [one for one in parameters if one.dim() == 1]
        groups = [dict(params=matrices, weight_decay=0.1), dict(params=others, weight_decay=0.0)]
        return [torch.optim.AdamW(groups, 1e-3, betas=(0.9, 0.99), **how)]
    if name == "W7a" and kind == "sparse":
        return [torch.optim.Adagrad(parameters[:2], 0.01), torch.optim.Adagrad(parameters[2:], 0.01, **how)]
    if name == "W7l":
        return [torch.optim.SparseAdam(parameters[:2], 1e-3), torch.optim.Adam(parameters[2:], 1e-3, **how)]
    if name == "W7a":
        return [torch.optim.Adagrad(parameters, 0.01, **how)]
    return [torch.optim.Adam(parameters, 2e-3 if name == "W8" else 1e-3, **how)]


def update_function(parameters, limit, optimizers):
    def update():
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit, foreach=True) if limit else None
        for one in optimizers:
            one.step()
        return norm

    return update


class Training:
    """A workload from its initial parameters.

    `kind` is how PyTorch works through the parameters: "fused" (one kernel), "foreach" (an operation at a time, over all), "compiled"
    (by torch.compile) or "sparse" (gradients of tables are rows). `compiled`: the loss by torch.compile. `formulation`:
    of a program of torch_breadth.py."""

    def __init__(self, name, folder, kind, compiled=False, formulation=None):
        self.named = {}
        if name in PROGRAMS:
            self.tensors, loss, self.batch = program(name, folder, formulation)
            self.xs, self.ys, self.loss = [None], None, lambda x, y: loss()
        else:
            parameters, forward = model(name, folder, kind == "sparse")
            self.named = parameters if isinstance(parameters, dict) else {}
            self.tensors = list(parameters.values()) if self.named else parameters
            self.xs, self.ys = batches(name, folder)
            self.batch = dict(x=self.xs[0], **(dict(y=self.ys[0]) if self.ys else {}))
            self.loss = loss_function(name, forward)
        self.optimizers = optimizers(name, self.tensors, kind)
        self.update = update_function(self.tensors, CLIP.get(name), self.optimizers)
        if compiled:
            self.loss = torch.compile(self.loss, dynamic=False)
        if kind == "compiled":
            self.update = torch.compile(self.update, dynamic=False)

    def step(self, i):
        number = i % len(self.xs)
        loss = self.loss(self.xs[number], self.ys and self.ys[number])
        for one in self.optimizers:
            one.zero_grad(set_to_none=True)
        loss.backward()
        self.norm = self.update()  # of the gradients before they are clipped, if they are
        return loss
