"""Temperatures of age, gender, race and emotion, on every second held-out face.

python temperatures.py
Reads graphs that were exported at temperature 1 (without heads.json in CHECKPOINTS). Writes CHECKPOINTS/heads.json, adds to
PACK/figures.json.
"""

import json
import os
import sys

import numpy as np

from figures import graph_of, write
from held_out import all_age_faces, fairface, raf, temperature_of, temperature_that_covers, utkface
from places import CHECKPOINTS

THREADS = 2


def main():
    path = f"{CHECKPOINTS}/heads.json"
    if os.path.exists(path):
        sys.exit(f"{path} is there: the graphs have temperatures already. Take it away, export, and try again.")
    fair, faces = fairface(), raf()
    found = {
        "gender": of_class(fair, "gender", fair["gender"]),
        "race": of_class(fair, "race", fair["race"]),
        "emotion": of_class(faces, "emotion", faces["emotion"]),
        "age": of_age(),
    }
    with open(path, "w") as file:
        json.dump({task: {"temperature": temperature} for task, temperature in found.items()}, file, indent=1)
    write({"temperatures": {task: round(temperature, 3) for task, temperature in found.items()}})


def of_class(held, task, truth):
    probabilities = held.outputs(graph_of(task, "float32", THREADS))
    return temperature_of(probabilities[held.fitted], truth[held.fitted])


def of_age():
    graph, sources = graph_of("age", "float32", THREADS), (utkface(), all_age_faces())
    probabilities = np.concatenate([held.outputs(graph)[held.fitted] for held in sources])
    return temperature_that_covers(probabilities, np.concatenate([held["age"][held.fitted] for held in sources]))


if __name__ == "__main__":
    main()
