"""long-sums.py TERMS FOLDER: programs whose loss, or one element of a gradient, is a sum of about TERMS equal terms."""
import json, os, re, struct, subprocess, sys

terms, folder = int(float(sys.argv[1])), sys.argv[2]
each = struct.unpack("f", struct.pack("f", 0.1))[0]
side, taps = int((terms / 8) ** 0.5), 20000
steps = 2 * round(terms ** (1 / 3))
meetings = sum(steps - abs(2 * steps - 2 - i - steps // 2 - (steps - 1)) for i in range(steps)
               if abs(2 * steps - 2 - i - steps // 2 - (steps - 1)) < steps)  # of three such loops, at 2 steps - 2 - steps // 2

PROGRAM = """
data rows {{
  a: f32
  train = csv("rows.csv")
}}
model F(a: f32[n]) -> f32[n] {{
{params}
{body}
  y[n] = a[n] * {result}
}}
train F on rows {{
  minimize mean(F(a))
  optimizer sgd(lr = 1)
  batch 1
  steps 1
}}
"""

# Name, parameters as shape and value, definitions, the result, what it must be; an element of a parameter whose gradient is meant.
CASES = [
    ("plain sum", {"x": ([terms], 0.1)}, "", "mean(x)", each),
    ("product to a scalar", {"x": ([terms], 0.1), "p": ([terms], 1)}, "", f"(sum[i](x[i] * p[i]) / {terms})", each),
    ("product of two loops", {"x": ([1000, terms // 1000], 0.1), "p": ([1000], 1)}, "", "mean[i, j](x[i, j] * p[i])", each),
    ("products to 3", {"x": ([terms, 3], 0.1), "p": ([terms], 1)}, f"s[j] = sum[i](x[i, j] * p[i]) / {terms}", "s[1]", each),
    ("products to 2 x 5", {"x": ([terms, 2], 0.1), "p": ([terms, 5], 1)},
     f"s[j, k] = sum[i](x[i, j] * p[i, k]) / {terms}", "s[1, 1]", each),
    ("row sums", {"x": ([3, terms], 0.1)}, "s[j] = mean[i](x[j, i])", "s[1]", each),
    ("column sums of 3", {"x": ([terms, 3], 0.1)}, "s[j] = mean[i](x[i, j])", "s[1]", each),
    ("column sums of 40", {"x": ([terms // 10, 40], 0.1)}, "s[j] = mean[i](x[i, j])", "s[1]", each),
    ("sums over short loops", {"x": ([terms // 9, 3, 3], 0.1)}, "s[j] = mean[i, k](x[i, j, k])", "s[1]", each),
    ("variance", {"x": ([terms, 2], 0.1), "p": ([2], 0.25)}, "", "mean[i, j]((x[i, j] - p[j])^2)", (each - 0.25) ** 2),
    ("loss", {"x": ([terms, 4], 0.1), "t": ([terms, 4], 0)}, "", "mean_squared_error(x, t)", each**2),
    ("gradient of a kernel", {"x": ([terms, 4], 0.1), "w": ([4, 3], 0)},
     "z[i, k] = sum[j](x[i, j] * w[j, k])", f"(sum[i](z[i, 0]) / {terms})", each, ("w", 0)),
    ("gradient of a scale", {"x": ([terms, 4], 0.1), "w": ([4], 0)},
     "z[i, k] = x[i, k] * (1 + w[k])", f"(sum[i](z[i, 0]) / {terms})", each, ("w", 0)),
    ("convolution", {"x": ([side + 3, side + 3], 0.1), "w": ([side, side], 1)},
     "q[i, j] = sum[u, v](x[i + u, j + v] * w[u, v])", f"(q[1, 1] / {side * side})", each),
    ("convolution's kernel", {"x": ([8, side, side, 1], 0.1), "w": ([3, 3, 1, 2], 0)},
     "q[m, i, j, o] = sum[u, v, c](x[m, i + u, j + v, c] * w[u, v, c, o])",
     f"(sum(q) / {8 * (side - 2) ** 2})", each, ("w", 0)),
    ("convolution's image", {"x": ([2 * taps], 0), "w": ([taps], 0.1)},
     "q[i] = sum[u](x[i + u] * w[u])", f"(sum(q) / {taps})", each, ("x", taps - 1)),
    ("window's image", {"x": ([2 * taps], 0)},
     f"q[i < {taps}] = sum[u < {taps}](x[i + u]) * 0.1", f"(sum(q) / {taps})", each, ("x", taps - 1)),
    ("three windows' image", {"x": ([3 * steps - 2], 0)},
     f"q[i < 1] = sum[u < {steps}, v < {steps}, w < {steps}](x[u + v + w]) * 0.1", f"(q[0] / {meetings})", each,
     ("x", 2 * steps - 2 - steps // 2)),
]


def element(path, name, at):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        begin = json.loads(file.read(size))["F." + name]["data_offsets"][0]
        file.seek(8 + size + begin + 4 * at)
        return struct.unpack("<f", file.read(4))[0]


os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "rows.csv"), "w") as file:
    file.write("1\n")
wrong = 0
for name, params, body, result, want, *gradient in CASES:
    path, out = os.path.join(folder, "sum.tw"), os.path.join(folder, "out")
    lines = [f"  param {p}: f32{shape} = {value}" for p, (shape, value) in params.items()]
    with open(path, "w") as file:
        file.write(PROGRAM.format(params="\n".join(lines), body="  " + body if body else "", result=result))
    run = subprocess.run(["talweg", "train", path, "--replace", "--out", out, "--json", "--log-every", "1"], capture_output=True, text=True)
    losses = re.findall(r'"event":"step".*?"loss":([^,}]*)', run.stdout)
    if run.returncode or not losses:
        sys.exit(f"{name}: {run.stderr}")
    got = float(losses[0])
    if gradient:
        parameter, at = gradient[0]
        got = params[parameter][1] - element(os.path.join(out, "last", "model.safetensors"), parameter, at)
    error = abs(got / want - 1)
    print(f"{name}: {error:.1e}")
    wrong += not error < 1e-5
sys.exit(wrong)
