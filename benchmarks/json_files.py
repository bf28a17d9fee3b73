"""`json_files.py DIRECTORY COUNT NAMES`: writes so many JSON files of so many names, reads each back, and removes them."""
import json
import os
import sys

directory, count, names = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(count):
    with open(os.path.join(directory, f"{number}.json"), "w") as file:
        json.dump({"number": number, "names": [str(i) for i in range(names)]}, file)
total = 0
for number in range(count):
    path = os.path.join(directory, f"{number}.json")
    with open(path) as file:
        total += json.load(file)["number"]
    os.remove(path)
assert total == count * (count - 1) // 2
