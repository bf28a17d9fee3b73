"""`json_files.py DIRECTORY COUNT`: writes so many small JSON files, reads each back, and removes them."""
import json
import os
import sys

directory, count = sys.argv[1], int(sys.argv[2])
for number in range(count):
    with open(os.path.join(directory, f"{number}.json"), "w") as file:
        json.dump({"number": number, "names": [str(i) for i in range(20)]}, file)
total = 0
for number in range(count):
    path = os.path.join(directory, f"{number}.json")
    with open(path) as file:
        total += json.load(file)["number"]
    os.remove(path)
assert total == count * (count - 1) // 2
