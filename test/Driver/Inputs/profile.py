# In: the event of `talweg bench --profile-svg` and the picture. Out: what holds of them, one line each; an error otherwise.
import json
import re
import sys
import xml.etree.ElementTree as tree

with open(sys.argv[1]) as file:
    profile = json.load(file)["profile"]
regions = profile["regions"]
print("parts:", *sorted({region["part"] for region in regions}))

for region in regions:
    assert region["us"] > 0 and 0 < region["share"] <= 1 and region["bytes"] > 0, region
    assert (region["flops"] > 0) == (region["kind"] == "product") == (region["gflops"] > 0), region
    assert region["file"].endswith("line.tw") and region["line"] > 0 and region["source"], region
    assert region["expression"] in region["source"], region
    updates = region["part"] == "update" or region["what"].endswith("of the update")
    assert ("variable" in region) == updates, region
assert abs(sum(region["share"] for region in regions) - 1) < 1e-6
assert profile["marked_us"] > 0 and profile["plain_us"] > 0 and profile["steps"] > 0
print("every region has its figures")

svg = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[2]).getroot()
assert root.tag == svg + "svg", root.tag
boxes = root.findall(svg + "g")
tips = [box.find(svg + "title").text for box in boxes]
assert all(float(box.find(svg + "rect").get("width")) > 0 for box in boxes)
assert tips[0].startswith("one step"), tips[0]
for region in regions:
    assert any(re.sub(", [0-9]+ times:", "", tip).split("\n")[0] == f"{region['kind']} {region['what']}" for tip in tips), region
parts = [tip for tip in tips if tip.split()[0] in ("data", "forward", "backward", "update") and "\n" not in tip]
print(f"the picture shows the step, {len(parts)} parts and every region")
