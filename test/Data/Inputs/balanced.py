"""`rows` writes rows.csv, 97 rows of which 9 are rare and 3 rarer. `order RUN` prints the row of each step of a run: its loss is the number of its row."""
import json
import sys


def kind(row):
    return "rarest" if row % 30 == 7 else "rare" if row % 10 == 3 else "frequent"


def rows():
    with open("rows.csv", "w") as file:
        file.write("id,kind,group\n")
        file.writelines(f"{row},{kind(row)},{row // 40}\n" for row in range(97))


def order(run):
    steps = [json.loads(line) for line in open(f"{run}/log.jsonl")]
    return [round(step["loss"]) for step in steps if step["event"] == "step"]


def epochs(run, kinds, count=97):
    """All kinds come equally often in each epoch, and the rows of one kind in all epochs, up to one."""
    drawn = order(run)
    assert len(drawn) % count == 0 and drawn, len(drawn)
    members = {k: [row for row in range(97) if kind(row) == k] for k in kinds}
    for begin in range(0, len(drawn), count):
        counts = [sum(kind(row) == k for row in drawn[begin:begin + count]) for k in kinds]
        assert max(counts) - min(counts) <= 1 and sum(counts) == count, counts
        for rows in members.values():
            times = [drawn[:begin + count].count(row) for row in rows if row in drawn]
            assert max(times) - min(times) <= 1, times
    print(len(drawn) // count, "epochs of", counts[0], "or", counts[-1], "each")


if sys.argv[1] == "rows":
    rows()
elif sys.argv[1] == "order":
    print(*order(sys.argv[2]))
else:
    epochs(sys.argv[2], ["frequent", "rare", "rarest"])
