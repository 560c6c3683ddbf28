"""Which rows splits keep, as `talweg data` tells them: splits.py PROPERTY, in an empty folder."""
import json
import math
import random
import statistics
import subprocess
import sys

MODEL = """
data rows {
  id:    f32
  value: f32 = column("value") |> filled("median") |> standardized
  word:  category = column("word")
%s
}
model Net(value: f32[n], word) -> f32[n] {
  h = embedding(word, 2) |> dense(1)
  w = dense(reshape(value, [n, 1]), 1)
  h[:, 0] + w[:, 0]
}
train Net on rows {
  minimize mean_squared_error(Net(value, word), id)
  optimizer sgd(lr = 0.00001)
  batch 32
  epochs 1
}
"""


def table(count):
    """Each row is a function of its number, so that a longer table begins as a shorter one."""
    rows = []
    for i in range(count):
        chance = random.Random(i)
        value = "" if chance.random() < 0.1 else f"{chance.gauss(i / 50, 3):.3f}"
        rows.append((str(i), value, chance.choice("abcdefgh") + str(i % 97 // 48), f"user{chance.randrange(60)}",
                     chance.choices(["common", "rare", "rarest"], [0.8, 0.15, 0.05])[0], f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"))
    return rows


def write(rows, **splits):
    with open("rows.csv", "w") as file:
        file.write("id,value,word,user,label,day\n")
        file.writelines(",".join(row) + "\n" for row in rows)
    with open("rows.tw", "w") as file:
        file.write(MODEL % "".join(f'  {name} = csv("rows.csv", {options})\n' for name, options in splits.items()))


def run(*command):
    done = subprocess.run(["talweg", *command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr}")
    return done.stdout


def kept(program, split):
    """The rows of a split, by their numbers in the file."""
    lines = [json.loads(line) for line in run("data", program, "--split", split, "--json", "--rows", "1000").splitlines()]
    return [int(line["fields"]["id"]) for line in lines if line["event"] == "record"]


PARTS = {"train": (0, 70), "validation": (70, 85), "test": (85, 100)}


def parts(rows, options):
    """The rows of three parts, which are disjoint, in the order of the file, and all rows together."""
    write(rows, **{name: f"percent = {a}..{b}{options}" for name, (a, b) in PARTS.items()})
    result = {name: kept("rows.tw", name) for name in PARTS}
    assert sorted(sum(result.values(), [])) == list(range(len(rows))), "a row is in no part, or in two"
    assert all(part == sorted(part) for part in result.values()), "rows are in another order"
    return result


def seed():
    rows = table(400)
    first = parts(rows, ", seed = 1")
    assert [len(part) for part in first.values()] == [280, 60, 60]
    assert parts(rows, ", seed = 1") == first, "another run chooses others"
    other = parts(rows, ", seed = 2")
    common = len(set(first["test"]) & set(other["test"]))
    assert common < 20, f"{common} of 60 rows are the same by another seed; 9 would be by chance"
    assert max(abs(statistics.mean(part) - 199.5) for part in first.values()) < 50, "rows are not from all over the file"


def by():
    rows = table(400)
    users = [row[3] for row in rows]
    first = parts(rows, ', by = "user"')
    homes = {user: {name for name in PARTS for row in first[name] if users[row] == user} for user in users}
    assert all(len(home) == 1 for home in homes.values()), "rows of one user are in two parts"
    assert all(len(part) > 10 for part in first.values())
    more = rows + table(500)[400:]
    grown = parts(more, ', by = "user"')
    assert all([row for row in grown[name] if row < 400] == first[name] for name in PARTS), "a row has moved where others came"
    turned = parts([(str(i), *row[1:]) for i, row in enumerate(reversed(rows))], ', by = "user"')
    assert all(sorted(399 - row for row in turned[name]) == first[name] for name in PARTS), "the order of the file tells"
    assert parts(rows, ', by = "user", seed = 5') != first


def stratified():
    rows = table(400)
    labels = [row[4] for row in rows]
    for options in (', stratified = "label"', ', stratified = "label", seed = 3'):
        split = parts(rows, options)
        for label in ("common", "rare", "rarest"):
            count = labels.count(label)
            for name, (a, b) in PARTS.items():
                share = sum(labels[row] == label for row in split[name])
                assert abs(share - count * (b - a) / 100) <= 1, f"{name} has {share} of {count} rows of {label}"


def time():
    rows = table(400)
    day = [row[5] for row in rows]
    split = parts(rows, ', sorted = "day"')
    assert [len(part) for part in split.values()] == [280, 60, 60]
    for earlier, later in (("train", "validation"), ("validation", "test")):
        last, first = max(day[row] for row in split[earlier]), min(day[row] for row in split[later])
        assert last <= first, f"{earlier} ends at {last}, and {later} begins at {first}"


def folds_of(rows, all_rows, options):
    """Trains each of four folds, which part `all_rows` and learn of their own rows; the rows that each leaves out."""
    write(rows, train=options)
    left_out, means = [], set()
    for fold in range(1, 5):
        run("train", "rows.tw", "--fold", f"{fold}/4", "--out", f"fold{fold}", "--quiet")
        train, validation = kept(f"fold{fold}", "train"), kept(f"fold{fold}", "validation")
        assert sorted(train + validation) == all_rows, "a row is in no part, or in two"
        left_out.append(validation)
        with open(f"fold{fold}/last/state.json") as file:
            learned = {of["field"]: of["steps"] for of in json.load(file)["options"]["learned"]}
        values = [float(rows[row][1]) for row in train if rows[row][1]]
        median = statistics.median(values)
        filled = [float(rows[row][1]) if rows[row][1] else median for row in train]
        wanted = [median, statistics.fmean(filled), statistics.pstdev(filled)]
        found = [number for step in learned["value"] for number in step["numbers"]]
        assert len(found) == 3 and all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(found, wanted)), (found, wanted)
        words = [rows[row][2] for row in train]
        assert [word for step in learned["word"] for word in step["words"]] == sorted(set(words), key=lambda word: (-words.count(word), word))
        means.add(found[1])
    assert sorted(sum(left_out, [])) == all_rows, "folds do not part the rows"
    assert len(means) == 4, "folds have not their own statistics"
    return left_out


def folds():
    rows = table(400)
    folds_of(rows, [i for i, row in enumerate(rows) if row[4] != "rarest"], 'where = "label != rarest"')


def folds_by():
    rows = table(400)
    options = 'percent = 0..80, by = "user"'
    write(rows, train=options)
    left_out = folds_of(rows, kept("rows.tw", "train"), options)
    users = [{rows[row][3] for row in of} for of in left_out]
    assert sum(map(len, users)) == len(set.union(*users)), "rows of one user are in two folds"
    assert all(users), "a fold is empty"


def folds_stratified():
    rows = table(400)
    options = 'percent = 0..100, stratified = "label"'
    left_out = folds_of(rows, list(range(400)), options)
    for label in ("common", "rare", "rarest"):
        counts = [sum(rows[row][4] == label for row in of) for of in left_out]
        assert max(counts) - min(counts) <= 1, f"folds have {counts} rows of {label}"


{"seed": seed, "by": by, "stratified": stratified, "time": time, "folds": folds, "folds-by": folds_by, "folds-stratified": folds_stratified}[sys.argv[1]]()
