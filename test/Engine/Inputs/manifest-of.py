"""Shows the manifest that stands in an object file. Argument: the file."""
import json
import sys

contents = open(sys.argv[1], "rb").read()
begin = contents.index(b'{"arenaBytes"')
manifest = json.loads(contents[begin:contents.index(b"\0", begin)])
print("model", manifest["model"], "mode", manifest["mode"], "batch", manifest["batch"])
for field, use in zip(manifest["fields"], manifest["uses"]):
    classes = f" classes {field['classes']}" if field["classes"] else ""
    print("field", field["name"], field["element"], f"{field['shape']}{classes}", "read" if use["read"] else "not read")
for hyper in manifest["hypers"]:
    print("hyper", hyper["name"], hyper["value"])
for variable in manifest["variables"]:
    order = f"in panels of {variable['block']}" if variable["block"] else "in rows"
    print("variable", variable["name"], variable["role"], variable["element"], variable["shape"], "at", variable["offset"], order)
print("columns loss", *manifest["metrics"], *manifest["reports"])
print("arena", manifest["arenaBytes"], "persistent", manifest["persistentBytes"])
