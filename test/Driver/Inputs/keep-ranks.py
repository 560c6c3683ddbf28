# keep-ranks.py TUNED CACHE: in the place of what `talweg tune` has kept in CACHE, keeps rank 1 of all plans that it told in TUNED to be timed, and 99 of
# the last of several.
import glob
import hashlib
import json
import os
import sys

timed = [plan for plan in json.load(open(sys.argv[1]))["plans"] if plan["us"]]
assert timed and all(2 <= len(plan["us"]) <= 4 for plan in timed)
ranks = {plan["plan"]: 1 for plan in timed}
if len(timed) > 1:
    ranks[timed[-1]["plan"]] = 99
(path,) = glob.glob(os.path.join(sys.argv[2], "*.tuned"))
text = json.dumps(ranks).encode()
key = os.path.basename(path).removesuffix(".tuned").encode()
digest = hashlib.sha256(key + b".tuned" + text).hexdigest().encode()
open(path, "wb").write(digest + b" " + text)
