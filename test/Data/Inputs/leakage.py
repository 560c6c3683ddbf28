"""Nothing is learned of what does not train: leakage.py FOLDER.

A run learns numbers, ranks, categories, words and bags of the rows of its training split. Then the rows of validation and test are put in
another order, and are others. What has been learned and the parameters must be equal to the byte. A changed training row, and another fold,
must change what is learned, or this test would see nothing.
"""

import json
import os
import random
import shutil
import subprocess
import sys

MODEL = """
data rows {
  train      = csv("rows.csv", SPLITS_TRAIN)
  validation = train(SPLITS_VALIDATION)
  test       = train(SPLITS_TEST)
  number: f32      = column("number") |> filled("median") |> standardized
  scale:  f32      = column("number") |> filled("mean") |> scaled(0, 1)
  rank:   f32      = column("number") |> filled(0) |> ranks
  kind:   category = column("kind")
  often:  category = column("kind") |> vocabulary(least = 5)
  word:   category[4] = column("text") |> words
  bag:    f32[5]   = column("text") |> tf_idf
  label:  class[2] = column("label")
}
model Net(number: f32[n], scale: f32[n], rank: f32[n], kind, often, word, bag: f32[n, k]) -> f32[n, 2] {
  w = embedding(word, 2)
  m[n, i] = mean[t](w[n, t, i])
  concat(stack(number, scale, rank), embedding(kind, 2), embedding(often, 2), m, bag) |> dense(2)
}
train Net on rows {
  minimize cross_entropy(Net(number, scale, rank, kind, often, word, bag), label)
  optimizer adam(lr = 0.01)
  batch 8
  epochs 2
}
"""
SPLITS = {
    "by number": ("rows = 0..60", "rows = 60..80", "rows = 80..100"),
    "by value": ('where = "part = train"', 'where = "part = validation"', 'where = "part = test"'),
}


def rows(seed, first, last):
    chance = random.Random(seed)
    words = [f"w{seed}", "a", "b", "c", "d", "e", "f"]
    kinds = [f"k{seed}", "x", "y", "z"]
    result = []
    for i in range(first, last):
        number = "" if chance.random() < 0.1 else f"{chance.gauss(seed, 1 + seed):.4f}"
        text = " ".join(chance.choices(words, k=chance.randint(1, 6)))
        part = "train" if i < 60 else "validation" if i < 80 else "test"
        result.append(f"{number},{chance.choice(kinds)},{text},{chance.randint(0, 1)},{part}")
    return result


def run(folder, name, table, *options):
    with open(os.path.join(folder, "rows.csv"), "w") as file:
        file.write("\n".join(["number,kind,text,label,part", *table]) + "\n")
    done = subprocess.run(["talweg", "train", "leakage.tw", "--quiet", "--out", name, *options], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name}: {done.stderr}")
    last = os.path.join(folder, name, "last")
    with open(os.path.join(last, "state.json")) as file:
        learned = json.dumps(json.load(file)["options"]["learned"])
    with open(os.path.join(last, "model.safetensors"), "rb") as file:
        return learned, file.read()


def main(folder):
    shutil.rmtree(folder, ignore_errors=True)
    train, others = rows(1, 0, 60), rows(2, 60, 100)
    permuted = random.Random(3).sample(others[:20], 20) + random.Random(4).sample(others[20:], 20)
    for number, (kind, splits) in enumerate(SPLITS.items()):
        here = os.path.join(folder, str(number))
        os.makedirs(here)
        text = MODEL
        for name, split in zip(("TRAIN", "VALIDATION", "TEST"), splits):
            text = text.replace("SPLITS_" + name, split)
        with open(os.path.join(here, "leakage.tw"), "w") as file:
            file.write(text)
        first = run(here, "first", train + others)
        assert len(first[0]) > 100, f"{kind}: little is learned: {first[0]}"
        for name, table in {"permuted": train + permuted, "changed": train + rows(5, 60, 100)}.items():
            learned, parameters = run(here, name, table)
            assert learned == first[0], f"{kind}: what is learned differs where other splits are {name}"
            assert parameters == first[1], f"{kind}: parameters differ where other splits are {name}"
        assert run(here, "other", rows(6, 0, 60) + others)[0] != first[0], f"{kind}: nothing is learned of the training split"
        folds = [run(here, f"fold{i}", train + others, "--fold", f"{i}/3")[0] for i in (1, 2, 3)]
        assert len(set(folds + [first[0]])) == 4, f"{kind}: folds have not their own statistics"
        again = run(here, "fold-again", train + rows(5, 60, 100), "--fold", "1/3")[0]
        assert again == folds[0], f"{kind}: a fold learns of what is not in it"
    print("nothing leaks")


if __name__ == "__main__":
    main(sys.argv[1])
