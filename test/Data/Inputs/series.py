"""A series in series.csv, the records that its windows are in records.csv, and a model of each."""
import math

MODEL = """
data series {
  past: f32[6, 2]%s
  sign: u8[3]%s
  next: f32[3, 2]%s
  train = csv("%s.csv", rows = 0..%d)
  test = train(rows = %d..%d)
}
model Net(x: f32[n, t, k]) -> f32[n, 3, k] {
  reshape(reshape(x, [n, t*k]) |> dense(8) |> dropout(0.1) |> tanh |> dense(6), [n, 3, 2])
}
train Net on series {
  weight = 1 + mean[t](float(sign[:, t]))
  minimize mean[n, t, k](weight[n] * (Net(past)[n, t, k] - next[n, t, k])^2)
  metric error = sqrt(mean((Net(past) - next)^2))
  optimizer adam(lr = 0.01)
  batch 16
  epochs 2
}
"""
ROWS, SPLIT, STRIDE = 200, 151, 2

series = [(f"{math.sin(t / 9):.5f}", f"{math.cos(t / 7):.5f}", str(int(math.sin(t / 5) > 0))) for t in range(ROWS)]


GROUPED = [(f"{shop}", f"{math.sin(t / (3 + shop)):.5f}") for shop, rows in ((0, 20), (1, 2), (2, 33), (0, 12)) for t in range(rows)]
BY_GROUP = """
data shops {
  past: f32[4]%s
  next: f32[2]%s
  train = csv("%s.csv", header = %s)
}
model Net(x: f32[n, t]) -> f32[n, 2] {
  dense(x, 2)
}
train Net on shops {
  minimize mean_squared_error(Net(past), next)
  optimizer adam(lr = 0.01)
  batch 4
  epochs 2
}
"""


def write(name, rows):
    with open(name, "w") as file:
        file.writelines(",".join(row) + "\n" for row in rows)


def records(rows):
    """The windows -6..0, -1..2 and 0..3 of each second row that has them."""
    for at in range(6, len(rows) - 2, STRIDE):
        yield ([cell for row in rows[at - 6:at] for cell in row[:2]] + [row[2] for row in rows[at - 1:at + 2]]
               + [cell for row in rows[at:at + 3] for cell in row[:2]])


write("series.csv", series)
write("short.csv", series[:5])
write("future.csv", [(a, b, "") for a, b, _ in series[-6:]])
train, test = list(records(series[:SPLIT])), list(records(series[SPLIT:]))
write("records.csv", train + test)
windows = [f" = column({column}) |> window({rows}, stride = {STRIDE})"
           for column, rows in (("0, 1", "-6..0"), ("2", "-1..2"), ("0, 1", "0..3"))]
with open("windows.tw", "w") as file:
    file.write(MODEL % (*windows, "series", SPLIT, SPLIT, ROWS))
with open("records.tw", "w") as file:
    file.write(MODEL % ("", "", "", "records", len(train), len(train), len(train) + len(test)))


def grouped():
    """The windows -4..0 and 0..2 of each third row of a shop that has them; a shop that comes again is another group."""
    begin = 0
    for end in range(1, len(GROUPED) + 1):
        if end == len(GROUPED) or GROUPED[end][0] != GROUPED[begin][0]:
            for at in range(begin + 4, end - 1, 3):
                yield [value for _, value in GROUPED[at - 4:at + 2]]
            begin = end


write("shops.csv", [("shop", "y"), *GROUPED])
write("each.csv", grouped())
windows = [f' = column("y") |> window({rows}, stride = 3, by = "shop")' for rows in ("-4..0", "0..2")]
with open("shops.tw", "w") as file:
    file.write(BY_GROUP % (*windows, "shops", "true"))
with open("each.tw", "w") as file:
    file.write(BY_GROUP % ("", "", "each", "false"))
