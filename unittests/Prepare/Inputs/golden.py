#!/usr/bin/env python3
"""Writes golden.json: what steps of preparations must give, by their definitions in plain Python.

golden.py > golden.json; tokens take the commands of Debian's package sentencepiece.
"""

import bisect
import datetime
import json
import math
import random
import re
import statistics
import subprocess
import tempfile
import unicodedata
from collections import Counter

random.seed(13)
cases = []


def case(kind, shape, steps, rows, expected, tolerance=0):
    """A field of this type and shape, steps as (name, values, named), rows of cells, and the values of each row."""
    steps = [{"name": name, "values": values, "named": named} for name, values, named in steps]
    cases.append({"type": kind, "shape": shape, "steps": steps, "rows": rows, "expected": expected, "tolerance": tolerance})


def numbers(count, missing=0.0):
    """Cells of all sizes, as text and as numbers."""
    made = [random.choice([random.gauss(0, 1), random.gauss(1e6, 3), random.randrange(5), random.expovariate(1e-3)]) for _ in range(count)]
    return [None if random.random() < missing else random.choice([x, repr(x)]) for x in made]


def columns(rows):
    return [[float(cell) for cell in column if cell is not None] for column in zip(*rows)]


# Mean and deviation of each column's present values.
rows = [numbers(3) for _ in range(150)]
moments = [(statistics.fmean(c), statistics.pstdev(c)) for c in columns(rows)]
case("f64", [3], [("standardized", [], {})], rows,
     [[(float(x) - mean) / deviation for x, (mean, deviation) in zip(row, moments)] for row in rows], 1e-9)

rows = [numbers(2, missing=0.3) for _ in range(100)]
medians = [statistics.median(c) for c in columns(rows)]
case("f64", [4], [("filled", ["median"], {"indicated": True})], rows,
     [[m if x is None else float(x) for x, m in zip(row, medians)] + [float(x is None) for x in row] for row in rows], 1e-9)


# Ranks as scikit-learn's QuantileTransformer has them.
def interpolated(x, points, values):
    """As numpy.interp: points ascend; of equal ones the last counts."""
    at = bisect.bisect_right(points, x) - 1
    if at < 0:
        return values[0]
    if at + 1 == len(points):
        return values[-1]
    return values[at] + (values[at + 1] - values[at]) / (points[at + 1] - points[at]) * (x - points[at])


def ranks(column):
    ordered, count = sorted(column), min(1000, len(column))
    references = [i / (count - 1) for i in range(count)]
    quantiles = []
    for i in range(count):
        place = i * (len(ordered) - 1) / (count - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        quantiles.append(ordered[low] + (ordered[high] - ordered[low]) * (place - low))
    upwards = lambda x: interpolated(x, quantiles, references)
    downwards = lambda x: interpolated(-x, [-q for q in quantiles[::-1]], [-r for r in references[::-1]])
    return lambda x: 0.0 if x <= quantiles[0] else 1.0 if x >= quantiles[-1] else (upwards(x) - downwards(x)) / 2


for count in (50, 1234):
    rows = [numbers(1) for _ in range(count)]
    rank = ranks(columns(rows)[0])
    case("f64", [], [("ranks", [], {})], rows, [[rank(float(row[0]))] for row in rows], 1e-9)

# Words, counts, and weights as scikit-learn's TfidfVectorizer has them.
LETTERS = "the cat sat on a mat and dog ran to see what it was like in summer days of rain".split()
texts = [" ".join(random.choice(LETTERS[:random.randrange(1, 20)]) for _ in range(random.randrange(15))) + random.choice([".", "!", ""])
         for _ in range(60)]


def grams(text, longest):
    words = re.findall(r"\w+", text)
    return [" ".join(words[i:i + n]) for i in range(len(words)) for n in range(1, longest + 1) if i + n <= len(words)]


def ordered(counts, least=1):
    return [word for word, count in sorted(counts.items(), key=lambda of: (-of[1], of[0].encode())) if count >= least]


for longest, size, least in ((1, 10, 1), (2, 40, 3)):
    counts = Counter(gram for text in texts for gram in grams(text, longest))
    words = ordered(counts, least)[:size]
    bags = [[float(Counter(grams(text, longest))[word]) for word in words] + [0.0] * (size - len(words)) for text in texts]
    named = {"least": least, "ngrams": longest}
    case("f64", [size], [("bag", [], named)], [[text] for text in texts], bags)
    with_word = [sum(word in grams(text, longest) for text in texts) for word in words]
    idf = [math.log((1 + len(texts)) / (1 + n)) + 1 for n in with_word]
    weighted = [[x * w for x, w in zip(bag, idf + [0.0] * size)] for bag in bags]
    lengths = [math.sqrt(sum(x * x for x in bag)) or 1.0 for bag in weighted]
    case("f64", [size], [("tf_idf", [], named)], [[text] for text in texts],
         [[x / length for x in bag] for bag, length in zip(weighted, lengths)], 1e-12)

UNICODE = ["Straße und Gässchen", "ＦＵＬＬ ｗｉｄｔｈ ①②", "ﬁne ﬂow ½", "Ångström A\u030angström", "ПРИВЕТ мир", "日本 東京", "it's o’clock", "x_1 + y_2"]
words_of = [re.findall(r"\w+(?:['’]\w+)*", unicodedata.normalize("NFKC", text.lower())) for text in UNICODE]
known = ordered(Counter(word for words in words_of for word in words))
labels = [([known.index(word) + 2 for word in words] + [0] * 4)[:4] for words in words_of]
case("category", [4], [("lower", [], {}), ("normalized", [], {}), ("words", [], {})], [[text] for text in UNICODE], labels)

# Vocabulary and hashes.
cells = [random.choice(UNICODE + LETTERS + ["", None]) for _ in range(250)]
known = ordered(Counter(cell for cell in cells if cell), 5)
case("category", [], [("vocabulary", [], {"least": 5})], [[cell] for cell in cells],
     [[1 if not cell else known.index(cell) + 2 if cell in known else 0] for cell in cells])


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


for count in (2, 100, 2**31 - 1):
    case("category", [], [("hashed", [count], {})], [[cell] for cell in cells],
         [[1 + fnv1a(cell) % (count - 1) if cell else 0] for cell in cells])

# Parts of dates.
PARTS = ["year", "month", "day", "weekday", "hour", "minute", "second", "day_of_year", "week", "unix"]


def parts(time):
    utc = time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)
    return [time.year, time.month, time.day, time.weekday(), time.hour, time.minute, time.second, time.timetuple().tm_yday,
            time.isocalendar()[1], (utc - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds()]


times = [datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=random.randrange(3652059 * 86400)) for _ in range(100)]
times += [datetime.datetime(year, month, day, 23, 59, 59) for year in (1900, 1999, 2000, 2004, 2015, 2020, 2021) for month, day in ((1, 1), (12, 31))]
zones = [random.choice([None, datetime.timezone(datetime.timedelta(minutes=random.randrange(-1439, 1440)))]) for _ in times]
zoned = [time.replace(tzinfo=zone) for time, zone in zip(times, zones)]
case("f64", [10], [("date", PARTS, {})], [[time.isoformat(sep=random.choice("T "))] for time in zoned], [parts(time) for time in zoned])
case("f64", [10], [("date", PARTS, {})], [[parts(time)[-1]] for time in times], [parts(time) for time in times])
late = [time for time in times if time.year >= 1000]
for form in ("%d.%m.%Y %H:%M:%S", "%A, %d %B %Y, %I:%M:%S %p", "%Y-%j %H%M%S", "%a %b %d %H:%M:%S %Y"):
    case("f64", [10], [("date", PARTS, {"format": form})], [[time.strftime(form)] for time in late], [parts(time) for time in late])


def turn(part, time):
    year = 366 if (datetime.date(time.year, 12, 31) - datetime.date(time.year, 1, 1)).days == 365 else 365
    return {"hour": time.hour / 24, "weekday": time.weekday() / 7, "month": (time.month - 1) / 12,
            "day_of_year": (time.timetuple().tm_yday - 1) / year}[part]


CYCLES = ["hour", "weekday", "month", "day_of_year"]
case("f64", [8], [("cycles", CYCLES, {})], [[time.isoformat()] for time in times],
     [[f(2 * math.pi * turn(part, time)) for part in CYCLES for f in (math.sin, math.cos)] for time in times], 1e-12)

# Tokens, by sentencepiece's own commands, of whole texts.
with tempfile.TemporaryDirectory() as folder:
    corpus = [text for text in texts if text]
    with open(f"{folder}/texts", "w", encoding="utf-8") as file:
        file.write("".join(text + "\n" for text in corpus))
    subprocess.run(["spm_train", f"--input={folder}/texts", f"--model_prefix={folder}/m", "--model_type=bpe", "--vocab_size=60", "--pad_id=0",
                    "--unk_id=1", "--bos_id=-1", "--eos_id=-1", "--normalization_rule_name=identity", "--hard_vocab_limit=false",
                    "--minloglevel=3"], check=True)
    tokens = subprocess.run(["spm_encode", f"--model={folder}/m.model", "--output_format=id"], input="\n".join(corpus), text=True,
                            capture_output=True, check=True).stdout.splitlines()
case("category", [30], [("tokens", [60], {})], [[text] for text in corpus],
     [([int(token) for token in line.split()] + [0] * 30)[:30] for line in tokens])

print("[" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "]")
