"""every-function.py TW.TD: a model that adds up all elementwise functions of its input, those of the table and pow."""

import re
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    functions = re.findall(r'^def \w+ *: Tw_Function<"(\w+)"', f.read(), re.M)
functions.remove("neg")  # written -x
terms = [f"{function}(x[n, k])" for function in functions] + ["pow(x[n, k], x[n, k])", "(-x[n, k])"]
print(f"""data points {{
  x: f32[64]
}}
model Sum(x: f32[n, 64]) -> f32[n, 64] {{
  param w: f32 = 1
  y[n, k] = w * ({" + ".join(terms)})
}}
train Sum on points {{
  minimize mean(Sum(x))
  optimizer sgd(lr = 0.1)
  batch 4
}}""")
