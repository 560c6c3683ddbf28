"""The programs of bench/models/breadth in PyTorch, as a good user of it would write each, in one or several formulations.

In:  a program's name and a folder with init.safetensors and a file for each field (FIELD.idx), which are one batch.
Out: of a formulation, the trainable tensors and the function of nothing that is the loss.
"""
import os

import torch
import torch.nn.functional as F

from torch_models import parameter, read_idx, read_safetensors

CHANNELS_LAST, CHANNELS_FIRST = torch.channels_last, torch.contiguous_format
BOTH = (CHANNELS_LAST, CHANNELS_FIRST)
PROGRAMS = {}


class Batch(dict):
    """A program's fields by name, each read when it is first asked for."""

    def __init__(self, folder):
        self.folder = folder

    def __missing__(self, name):
        values = read_idx(os.path.join(self.folder, name + ".idx"))
        self[name] = values.long() if values.dtype == torch.int32 else values
        return self[name]


class Parameters:
    """Those of init.safetensors, under their names there without the model's; `all` are those that were taken."""

    def __init__(self, folder):
        self.initial = {name[2:]: tensor for name, tensor in read_safetensors(os.path.join(folder, "init.safetensors")).items()}
        self.all = []

    def own(self, tensor, layout=torch.contiguous_format):
        self.all.append(tensor.contiguous(memory_format=layout).clone().requires_grad_())
        return self.all[-1]

    def take(self, name, turned=lambda tensor: tensor):
        return self.own(turned(self.initial[name]))

    def layers(self):
        """The names of those that have a weight, in the file's order."""
        return [name[:-len(".weight")] for name in self.initial if name.endswith(".weight")]

    def linear(self, name):
        """Weights are stored [in, out]; F.linear wants [out, in]."""
        weight, bias = self.own(self.initial[name + ".weight"].t()), self.take(name + ".bias")
        return lambda x: F.linear(x, weight, bias)

    def convolution(self, name, layout, pad=0):
        """Kernels are stored [height, width, in, out]."""
        weight, bias = self.own(self.initial[name + ".weight"].permute(3, 2, 0, 1), layout), self.take(name + ".bias")
        return lambda x: F.conv2d(x, weight, bias, 1, pad)

    def perceptron(self, activation, count):
        layers = [self.linear(f"dense_{i}") for i in range(count)]

        def forward(x):
            for i, layer in enumerate(layers):
                x = layer(activation(x) if i else x)
            return x

        return forward


def formulated(*formulations):
    """Notes a function of parameters, batch and formulation; it returns the function of nothing that is the loss."""

    def note(function):
        PROGRAMS[function.__name__] = function, formulations or (None,)
        return function

    return note


def formulations(name):
    """Of a program; of what is none, one that has no name."""
    return PROGRAMS[name][1] if name in PROGRAMS else (None,)


def program(name, folder, formulation):
    """The trainable tensors, the loss and the batch."""
    parameters, batch = Parameters(folder), Batch(folder)
    loss = PROGRAMS[name][0](parameters, batch, formulation)
    return parameters.all, loss, batch


def image(x, layout):
    """Rows are [height, width, channels]."""
    return x.permute(0, 3, 1, 2).contiguous(memory_format=layout)


@formulated("matmul", "cdist", "broadcast")
def rbf(p, b, how):
    center, gamma, out, x, y = p.take("center"), p.take("gamma"), p.linear("y"), b["x"], b["y"]

    def distances():
        if how == "matmul":
            return torch.addmm((x * x).sum(1, keepdim=True) + (center * center).sum(1), x, center.t(), alpha=-2)
        return torch.cdist(x, center).square() if how == "cdist" else (x[:, None] - center).square().sum(2)

    return lambda: F.mse_loss(out(torch.exp(-gamma * distances()))[:, 0], y)


@formulated("einsum", "bilinear", "two steps")
def bilinear(p, b, how):
    a, x, z, label = p.take("a"), b["x"], b["z"], b["label"]
    if how == "bilinear":
        return lambda: F.cross_entropy(F.bilinear(x, z, a), label)
    if how == "einsum":
        return lambda: F.cross_entropy(torch.einsum("ni,kij,nj->nk", x, a, z), label)
    return lambda: F.cross_entropy(((x @ a) * z).sum(2).t(), label)


@formulated()
def fm(p, b, _):
    bias, w, v, x = p.take("bias"), p.take("w"), p.take("v"), b["x"]
    return lambda: F.mse_loss(x @ w + 0.5 * ((x @ v).square() - x.square() @ v.square()).sum(1) + bias, b["y"])


@formulated()
def triangular(p, b, _):
    layers = [(p.take(f"causal_{i}.weight"), p.take(f"causal_{i}.bias")) for i in range(2)]

    def causal(x, i):
        weight, bias = layers[i]
        return F.linear(x, weight.tril(), bias)

    return lambda: F.mse_loss(causal(torch.tanh(causal(b["x"], 0)), 1), b["x"])


@formulated("one product", "batched", "einsum")
def gmm(p, b, how):
    alpha, mu, q, low, x = p.take("alpha"), p.take("mu"), p.take("q"), p.take("low"), b["x"]
    count, width = mu.shape

    def loss():
        if how == "einsum":
            d = x[:, None] - mu
            squares = (torch.exp(q) * d + torch.einsum("kij,nkj->nki", low.tril(-1), d)).square().sum(2)
        else:
            factor = low.tril(-1) + torch.diag_embed(torch.exp(q))
            if how == "one product":
                w = x @ factor.reshape(count * width, width).t() - (factor @ mu[:, :, None]).reshape(count * width)
                squares = w.view(-1, count, width).square().sum(2)
            else:
                squares = torch.bmm(x - mu[:, None], factor.transpose(1, 2)).square().sum(2).t()
        return -(torch.logsumexp(alpha + q.sum(1) - 0.5 * squares, 1) - torch.logsumexp(alpha, 0)).mean()

    return loss


@formulated()
def conv1d(p, b, _):
    kernels = [(p.take(f"conv1d_{i}.weight", lambda t: t.permute(2, 1, 0)), p.take(f"conv1d_{i}.bias")) for i in range(2)]
    out, x = p.linear("dense_0"), b["x"].transpose(1, 2).contiguous()
    return lambda: F.cross_entropy(out(F.relu(F.conv1d(F.relu(F.conv1d(x, *kernels[0])), *kernels[1])).mean(2)), b["label"])


@formulated(*BOTH)
def depthwise(p, b, layout):
    x = image(b["x"], layout)

    def layer(i):
        deep, deep_bias = p.own(p.initial[f"depthwise_{i}.weight"].permute(2, 0, 1).unsqueeze(1), layout), p.take(f"depthwise_{i}.bias")
        point, point_bias = p.own(p.initial[f"dense_{i}.weight"].t()[:, :, None, None], layout), p.take(f"dense_{i}.bias")
        return lambda x: F.relu(F.conv2d(F.relu(F.conv2d(x, deep, deep_bias, 1, 1, 1, deep.shape[0])), point, point_bias))

    first, second, out = layer(0), layer(1), p.linear("dense_2")
    return lambda: F.cross_entropy(out(second(first(x)).mean((2, 3))), b["label"])


@formulated(*BOTH)
def transposed(p, b, layout):
    first = p.linear("dense_0")

    def layer(i):
        """weight[a, c, u, v] multiplies row i + a + u - 1 of the input for row 2i + a of the output: tap a + 1 - 2(a + u - 1) of 4."""
        weight = p.initial[f"up_{i}.weight"]
        kernel = torch.zeros(weight.shape[4], weight.shape[5], 4, 4)
        for a, u, c, v in torch.cartesian_prod(*[torch.arange(2)] * 4).tolist():
            kernel[:, :, a + 1 - 2 * (a + u - 1), c + 1 - 2 * (c + v - 1)] = weight[a, c, u, v]
        kernel, bias = p.own(kernel, layout), p.take(f"up_{i}.bias")
        return lambda x: F.conv_transpose2d(x, kernel, bias, 2, 1)

    up, wanted = [layer(i) for i in range(3)], image(b["image"], layout)

    def loss():
        x = F.relu(first(b["z"])).view(-1, 4, 4, 128).permute(0, 3, 1, 2)
        x = x.contiguous() if layout == CHANNELS_FIRST else x
        return F.mse_loss(up[2](F.relu(up[1](F.relu(up[0](x))))), wanted)

    return loss


@formulated(*BOTH, "linear")
def pointwise(p, b, layout):
    if layout == "linear":
        weights = [p.own(p.initial[f"conv2d_{i}.weight"][0, 0].t()) for i in range(2)]
        biases, out = [p.take(f"conv2d_{i}.bias") for i in range(2)], p.linear("dense_0")
        layer = lambda x, i: F.relu(F.linear(x, weights[i], biases[i]))
        return lambda: F.cross_entropy(out(layer(layer(b["x"], 0), 1).mean((1, 2))), b["label"])
    first, second = p.convolution("conv2d_0", layout), p.convolution("conv2d_1", layout)
    out, x = p.linear("dense_0"), image(b["x"], layout)
    return lambda: F.cross_entropy(out(F.relu(second(F.relu(first(x)))).mean((2, 3))), b["label"])


@formulated(*BOTH)
def group_norm(p, b, layout):
    convolutions = [p.convolution(f"conv2d_{i}", layout, 1) for i in range(2)]
    norms = [(p.take(f"group_norm_{i}.scale"), p.take(f"group_norm_{i}.shift")) for i in range(2)]
    out, x = p.linear("dense_0"), image(b["x"], layout)
    layer = lambda x, i: F.relu(F.group_norm(convolutions[i](x), 8, *norms[i]))
    return lambda: F.cross_entropy(out(layer(layer(x, 0), 1).mean((2, 3))), b["label"])


@formulated()
def ffn(p, b, _):
    scale, shift, wide, narrow = p.take("layer_norm_0.scale"), p.take("layer_norm_0.shift"), p.linear("dense_0"), p.linear("dense_1")
    return lambda: F.mse_loss(b["x"] + narrow(F.gelu(wide(F.layer_norm(b["x"], (128,), scale, shift)))), b["y"])


def attention(p, b, heads, causal, fused):
    x, y = b["x"], b["y"]
    rows, length, width = x.shape
    weight = p.own(torch.cat([p.initial[f"{one}.weight"].t() for one in "qkv"]))
    bias = p.own(torch.cat([p.initial[f"{one}.bias"] for one in "qkv"]))
    out, hidden = p.linear("dense_0"), torch.ones(length, length).triu(1).bool()

    def loss():
        q, k, v = F.linear(x, weight, bias).view(rows, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        if fused:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        else:
            scores = q @ k.transpose(2, 3) * (width // heads) ** -0.5
            mixed = (scores.masked_fill(hidden, -1e9) if causal else scores).softmax(3) @ v
        return F.mse_loss(out(mixed.transpose(1, 2).reshape(rows, length, width)), y)

    return loss


FUSED = (True, False) if hasattr(F, "scaled_dot_product_attention") else (False,)  # of PyTorch 2


@formulated(*FUSED)
def mha_small(p, b, fused):
    return attention(p, b, 4, True, fused)


@formulated(*FUSED)
def mha_big(p, b, fused):
    return attention(p, b, 8, False, fused)


@formulated(*BOTH)
def squeeze_excite(p, b, layout):
    convolutions = [p.convolution(f"conv2d_{i}", layout, 1) for i in range(2)]
    gates = [(p.linear(f"squeeze_{i}.dense_0"), p.linear(f"squeeze_{i}.dense_1")) for i in range(2)]
    out, x = p.linear("dense_0"), image(b["x"], layout)

    def layer(x, i):
        x = F.relu(convolutions[i](x))
        return x * torch.sigmoid(gates[i][1](F.relu(gates[i][0](x.mean((2, 3))))))[:, :, None, None]

    return lambda: F.cross_entropy(out(layer(layer(x, 0), 1).mean((2, 3))), b["label"])


@formulated()
def batch1(p, b, _):
    forward = p.perceptron(F.relu, 2)
    return lambda: F.mse_loss(forward(b["x"]), b["y"])


@formulated()
def tiny_wide_batch(p, b, _):
    forward = p.perceptron(torch.tanh, 2)
    return lambda: F.mse_loss(forward(b["x"])[:, 0], b["y"])


@formulated()
def wide_softmax(p, b, _):
    forward = p.perceptron(None, 1)
    return lambda: F.cross_entropy(forward(b["x"]), b["label"])


@formulated()
def mdn(p, b, _):
    hidden, logits, means, scales = map(p.linear, ("h", "logpi", "mu", "logsigma"))
    x, y = b["x"], b["y"][:, None]

    def loss():
        h = torch.tanh(hidden(x))
        mean, scale = means(h).view(-1, 16, 8), scales(h).view(-1, 16, 8)
        energy = (0.5 * ((y - mean) * torch.exp(-scale)).square() + scale).sum(2)
        return -torch.logsumexp(F.log_softmax(logits(h), 1) - energy, 1).mean()

    return loss


@formulated()
def contrastive(p, b, _):
    towers = [(p.linear(f"{name}.dense_0"), p.linear(f"{name}.dense_1")) for name in "ab"]
    tower, own = lambda x, i: F.normalize(towers[i][1](F.relu(towers[i][0](x))), dim=1), torch.arange(512)
    return lambda: F.cross_entropy(tower(b["x"], 0) @ tower(b["z"], 1).t() * 10, own)


@formulated("einsum", "steps")
def tensor_train(p, b, how):
    g1, g2, g3, x = p.take("g1"), p.take("g2"), p.take("g3"), b["x"]
    if how == "einsum":
        return lambda: F.mse_loss(torch.einsum("nijk,iar,rjbs,skc->nabc", x, g1, g2, g3), b["y"])

    def loss():
        y = torch.einsum("nijk,skc->nijsc", x, g3)
        y = torch.einsum("nijsc,rjbs->nirbc", y, g2)
        return F.mse_loss(torch.einsum("nirbc,iar->nabc", y, g1), b["y"])

    return loss


@formulated()
def polynomial(p, b, _):
    out, x = p.linear("dense_0"), b["x"]
    return lambda: F.cross_entropy(out((x[:, :, None] * x[:, None]).flatten(1)), b["label"])


@formulated("all inputs at once", "steps")
def rnn(p, b, how):
    inward, across, out, x = p.linear("inward"), p.linear("across"), p.linear("dense_0"), b["x"]

    def loss():
        inputs = None if how == "steps" else inward(x)
        get = lambda t: inward(x[:, t]) if how == "steps" else inputs[:, t]
        h = torch.tanh(get(0))
        for t in range(1, 16):
            h = torch.tanh(get(t) + across(h))
        return F.cross_entropy(out(h), b["label"])

    return loss


@formulated()
def factorisation(p, b, _):
    u, v = p.take("u"), p.take("v")
    return lambda: F.mse_loss((F.embedding(b["user"], u) * F.embedding(b["item"], v)).sum(1), b["y"])


@formulated()
def deep_tiny(p, b, _):
    layers = [p.linear(f"dense_{i}") for i in range(101)]

    def loss():
        x = b["x"]
        for layer in layers[:100]:
            x = x + 0.1 * torch.tanh(layer(x))
        return F.cross_entropy(layers[100](x), b["label"])

    return loss


@formulated()
def physics(p, b, _):
    w1, b1, w2, b2, w3 = map(p.take, ("w1", "b1", "w2", "b2", "w3"))
    t = b["t"][:, None]

    def loss():
        h = torch.tanh(t * w1 + b1)
        dh = (1 - h * h) * w1
        ddh = -2 * h * dh * w1
        a, da, dda = torch.addmm(b2, h, w2), dh @ w2, ddh @ w2
        g = torch.tanh(a)
        return F.mse_loss(((1 - g * g) * (dda - 2 * g * da * da) + g) @ w3, b["f"])

    return loss


@formulated()
def ordinal(p, b, _):
    forward = p.perceptron(F.relu, 2)
    return lambda: F.mse_loss(forward(b["x"]).softmax(1).cumsum(1), b["y"])


@formulated(*BOTH)
def conv_channels_first(p, b, layout):
    kernels = [(p.own(p.initial[f"conv_{i}.weight"], layout), p.take(f"conv_{i}.bias")) for i in range(2)]
    out, x = p.linear("dense_0"), b["x"].contiguous(memory_format=layout)
    layer = lambda x, i: F.relu(F.conv2d(x, *kernels[i], 1, 1))
    return lambda: F.cross_entropy(out(layer(layer(x, 0), 1).mean((2, 3))), b["label"])


@formulated("broadcast", "matmul")
def soft_kmeans(p, b, how):
    mu, logs, alpha, x = p.take("mu"), p.take("logs"), p.take("alpha"), b["x"]

    def loss():
        if how == "broadcast":
            energy = (0.5 * ((x[:, None] - mu) * torch.exp(-logs)).square() + logs).sum(2)
        else:
            inverse = torch.exp(-2 * logs)
            energy = 0.5 * (x.square() @ inverse.t()) - x @ (mu * inverse).t() + (0.5 * mu * mu * inverse + logs).sum(1)
        return -(torch.logsumexp(alpha - energy, 1) - torch.logsumexp(alpha, 0)).mean()

    return loss


@formulated("cdist", "broadcast")
def l1_prototypes(p, b, how):
    c, x = p.take("c"), b["x"]
    return lambda: F.cross_entropy(-(torch.cdist(x, c, 1.0) if how == "cdist" else (x[:, None] - c).abs().sum(2)), b["label"])


@formulated()
def toeplitz(p, b, _):
    weights = [p.take(f"toeplitz_{i}.w") for i in range(2)]
    places = torch.arange(128)[:, None] - torch.arange(128) + 127
    return lambda: F.mse_loss(F.linear(torch.tanh(F.linear(b["x"], weights[0][places])), weights[1][places]), b["y"])


@formulated()
def capsules(p, b, _):
    weight, x = p.take("w", lambda t: t.permute(0, 2, 1, 3).reshape(32, 8, 160)), b["x"]

    def loss():
        u = torch.bmm(x.transpose(0, 1), weight).view(32, -1, 10, 16).permute(1, 0, 2, 3)
        c, routes = torch.full((64, 32, 10), 0.1), 0
        for i in range(3):
            s = torch.einsum("nij,nijd->njd", c, u)
            q = s.square().sum(2)
            v = s * (torch.sqrt(q + 1e-9) / (1 + q))[:, :, None]
            if i < 2:
                routes = routes + torch.einsum("nijd,njd->nij", u, v)
                c = routes.softmax(2)
        return F.cross_entropy(10 * torch.sqrt(v.square().sum(2) + 1e-9), b["label"])

    return loss


@formulated()
def covariance(p, b, _):
    first, second = map(p.linear, p.layers())
    same = torch.eye(128)
    weight = torch.where(same > 0, 1.0, 0.01)
    tower = lambda x: F.batch_norm(second(F.relu(first(x))), None, None, training=True)
    return lambda: ((tower(b["x"]).t() @ tower(b["z"]) / 256 - same).square() * weight).sum()


@formulated()
def lstm(p, b, _):
    inward, across, out, x = p.linear("inward"), p.linear("across"), p.linear("dense_0"), b["x"]

    def loss():
        inputs, h, c = inward(x), torch.zeros(32, 128), torch.zeros(32, 128)
        for t in range(16):
            gates = (inputs[:, t] + across(h)).chunk(4, 1)
            c = torch.sigmoid(gates[1]) * c + torch.sigmoid(gates[0]) * torch.tanh(gates[2])
            h = torch.sigmoid(gates[3]) * torch.tanh(c)
        return F.cross_entropy(out(h), b["label"])

    return loss


@formulated()
def text_cnn(p, b, _):
    table, kernels = p.take("e"), [p.take(f"branch_{i}.weight", lambda t: t.permute(2, 1, 0)) for i in range(3)]
    layers = [p.linear(f"dense_{i}") for i in range(3)]

    def loss():
        h = F.embedding(b["x"], table).transpose(1, 2)
        return F.cross_entropy(sum(layer(F.relu(F.conv1d(h, kernel)).amax(2)) for layer, kernel in zip(layers, kernels)), b["label"])

    return loss


@formulated()
def weight_norm(p, b, _):
    layers = [(p.take(f"normed_{i}.v", lambda t: t.t()), p.take(f"normed_{i}.g")) for i in range(3)]
    normed = lambda x, i: F.linear(x, torch._weight_norm(layers[i][0], layers[i][1][:, None], 0))
    return lambda: F.cross_entropy(normed(F.relu(normed(F.relu(normed(b["x"], 0)), 1)), 2), b["label"])


@formulated()
def kan(p, b, _):
    weight, x, centers = p.take("w", lambda t: t.reshape(512, 64)), b["x"], (torch.arange(8.0) - 3.5) * 0.6
    return lambda: F.cross_entropy(torch.exp(-(x[:, :, None] - centers).square()).flatten(1) @ weight, b["label"])


@formulated()
def causal_linear(p, b, _):
    q, k, v, x = p.linear("q"), p.linear("k"), p.linear("v"), b["x"]
    return lambda: F.mse_loss((q(x) @ k(x).transpose(1, 2) * 0.05).tril() @ v(x), b["y"])
