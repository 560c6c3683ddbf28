import math
import random

random.seed(1)
with open("rows.csv", "w") as file:
    print("x,before", *(f"{i},{i - 1}" for i in range(103)), sep="\n", file=file)
with open("series.csv", "w") as file:
    print("x", *(f"{math.sin(i * 0.3) + random.gauss(0, 0.05):.6f}" for i in range(901)), sep="\n", file=file)
