# keep-ranks.py TUNED CACHE: in the place of what `talweg tune` has kept in CACHE, keeps rank 2 of all plans that it told in TUNED, and 99 of one.
import glob
import hashlib
import json
import os
import sys

plans = json.load(open(sys.argv[1]))["plans"]
assert len(plans) > 1 and all(len(plan["us"]) == 4 for plan in plans)
ranks = {plan["plan"]: 2 for plan in plans}
ranks[plans[0]["plan"]] = 99
(path,) = glob.glob(os.path.join(sys.argv[2], "*.tuned"))
text = json.dumps(ranks).encode()
key = os.path.basename(path).removesuffix(".tuned").encode()
digest = hashlib.sha256(key + b".tuned" + text).hexdigest().encode()
open(path, "wb").write(digest + b" " + text)
