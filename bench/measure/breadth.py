"""Programs as people write them: `bench/run breadth`. Each is a file of bench/models/breadth and a function of bench/peers/torch_breadth.py.

All rows are one batch. A field is FIELD.idx, of the type that the program says: normal numbers, classes and tokens uniform.
"""


def program(batch, goals=None, model=None, settings=None, **fields):
    """`model`: the file, and the peers' name of it, if not the program's own; `settings`: its configuration."""
    return dict(batch=batch, batches=1, fields=fields, model=model, settings=settings or {}, goals=goals or dict(pytorch=1, kept=3))


def mixture(dimensions, components):
    """ADBench's Gaussian mixture: one gradient of 1,000 points."""
    return program(1000, dict(pytorch=3, c=1, kept=3), "gmm", dict(D=dimensions, K=components), x=f"f32[{dimensions}]")


PROGRAMS = {
    "batch1": program(1, x="f32[512]", y="f32[512]"),
    "bilinear": program(128, x="f32[64]", z="f32[64]", label="class[32]"),
    "capsules": program(64, x="f32[32, 8]", label="class[10]"),
    "causal_linear": program(8, x="f32[128, 64]", y="f32[128, 64]"),
    "contrastive": program(512, x="f32[128]", z="f32[128]"),
    "conv1d": program(32, x="f32[128, 32]", label="class[10]"),
    "conv_channels_first": program(16, x="f32[16, 16, 16]", label="class[10]"),
    "covariance": program(256, x="f32[128]", z="f32[128]"),
    "deep_tiny": program(32, x="f32[16]", label="class[10]"),
    "depthwise": program(16, x="f32[32, 32, 32]", label="class[10]"),
    "factorisation": program(256, user="class[2000]", item="class[2000]", y="f32"),
    "ffn": program(8, x="f32[64, 128]", y="f32[64, 128]"),
    "fm": program(512, x="f32[200]", y="f32"),
    "group_norm": program(8, x="f32[32, 32, 16]", label="class[10]"),
    "kan": program(256, x="f32[64]", label="class[64]"),
    "l1_prototypes": program(256, x="f32[64]", label="class[128]"),
    "lstm": program(32, x="f32[16, 32]", label="class[10]"),
    "mdn": program(512, x="f32[32]", y="f32[8]"),
    "mha_big": program(4, x="f32[256, 512]", y="f32[256, 512]"),
    "mha_small": program(12, x="f32[64, 128]", y="f32[64, 128]"),
    "ordinal": program(256, x="f32[64]", y="f32[128]"),
    "physics": program(1024, t="f32", f="f32"),
    "pointwise": program(16, x="f32[16, 16, 64]", label="class[10]"),
    "polynomial": program(256, x="f32[32]", label="class[64]"),
    "rbf": program(256, x="f32[16]", y="f32"),
    "rnn": program(64, x="f32[16, 32]", label="class[10]"),
    "soft_kmeans": program(512, x="f32[32]"),
    "squeeze_excite": program(16, x="f32[16, 16, 32]", label="class[10]"),
    "tensor_train": program(64, x="f32[8, 8, 8]", y="f32[8, 8, 8]"),
    "text_cnn": program(16, x="i32[64]", label="class[10]"),
    "tiny_wide_batch": program(4096, x="f32[16]", y="f32"),
    "toeplitz": program(128, x="f32[128]", y="f32[128]"),
    "transposed": program(16, z="f32[64]", image="f32[32, 32, 1]"),
    "triangular": program(256, x="f32[256]"),
    "weight_norm": program(128, x="f32[256]", label="class[10]"),
    "wide_softmax": program(64, x="f32[128]", label="class[10000]"),
    "gmm_d10_K25": mixture(10, 25),
    "gmm_d20_K50": mixture(20, 50),
    "gmm_d64_K100": mixture(64, 100),
}
