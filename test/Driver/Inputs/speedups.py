# In: the event of `talweg bench --profile-svg` on two threads and the picture. Out: what holds of the regions' speed-ups; an error otherwise.
import json
import sys

with open(sys.argv[1]) as file:
    profile = json.load(file)["profile"]
assert profile["speedup"] > 0
words = {"": 1, "alone": 0, "uneven": 1, "small": 1, "memory": 1, "peak": 1, "other": 1}  # whether threads were started
for region in profile["regions"]:
    assert region["speedup"] > 0, region
    assert (region["forks"] > 0) == words[region["limited_by"]] == (region["pieces"] > 0), region
print("every region has its speed-up")
for word, isShared in (("alone", False), ("shared", True)):
    print(f"{word}:", *[f"{region['kind']} {region['what']};" for region in profile["regions"] if (region["forks"] > 0) == isShared])
with open(sys.argv[2]) as file:
    assert "times as fast as on one thread alone" in file.read()
