"""Prepared chips with the labels of their data sets, and how the sets are divided into training and held-out parts."""
import csv
import os
import re

import numpy as np

from nets import EMOTIONS, RACES
from places import CHIPS, SOURCES

#: FairFace's nine age groups, in years.
AGE_BINS = [(0, 2), (3, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100)]
#: By the csv's spelling: a spreadsheet has made dates of two of them.
AGE_BIN_OF = {
    "0-2": 0, "3-9": 1, "03-Sep": 1, "10-19": 2, "Oct-19": 2, "20-29": 3, "30-39": 4,
    "40-49": 5, "50-59": 6, "60-69": 7, "more than 70": 8,
}  # fmt: skip
#: UTKFace's five groups (White, Black, Asian, Indian, Other) over FairFace's seven.
UTK_RACE = {0: [0], 1: [1], 2: [3, 4], 3: [5], 4: [2, 6]}
UTK_RACES = ["White", "Black", "Asian", "Indian", "Other"]

#: The teacher's score under which a chip is not used.
SCORE_MIN = 0.4
EMOTION_SCORE_MIN = 0.25


def chips(name):
    """What prepare.py wrote: chips (a memory map), file names, the teacher's scores."""
    meta = np.load(f"{CHIPS}/{name}_meta.npz")
    return np.load(f"{CHIPS}/{name}.npy", mmap_mode="r"), meta["fs"], meta["S"]


def fairface(split):
    """Chips, the indices of those used, and for each of these age bin, gender (0 male, 1 female) and race. `split`: train or val."""
    pictures, files, scores = chips("fair" + split)
    labels = {}
    with open(f"{SOURCES}/fairface/fairface_label_{split}.csv") as table:
        for row in csv.DictReader(table):
            race = RACES.index(row["race"].replace("Latino Hispanic", "Latino_Hispanic"))
            labels[os.path.basename(row["file"])] = AGE_BIN_OF[row["age"]], int(row["gender"] == "Female"), race
    names = [os.path.basename(str(path)) for path in files]
    used = [i for i, name in enumerate(names) if scores[i] >= SCORE_MIN and name in labels]
    return pictures, np.array(used), np.array([labels[names[i]] for i in used])


def utk():
    """Chips, the indices of those used, for each of these age in years, gender and UTK race, and whether it is of the held-out tenth."""
    pictures, files, scores = chips("utk")
    used, labels, held_out = [], [], []
    for i, path in enumerate(files):
        match = re.match(r"(\d+)_(\d)_(\d)_(\d+)", os.path.basename(str(path)))
        if scores[i] < SCORE_MIN or not match or int(match[1]) > 100:
            continue
        used.append(i)
        labels.append((int(match[1]), int(match[2]), int(match[3])))
        held_out.append(int(match[4]) % 10 == 7)
    return pictures, np.array(used), np.array(labels), np.array(held_out)


def fer():
    """Chips, label of each, its part (Training, PublicTest or PrivateTest), and whether the teacher saw a face."""
    pictures, files, scores = chips("fer")
    labels = np.array([EMOTIONS.index(os.path.basename(os.path.dirname(str(path)))) for path in files])
    parts = np.array([os.path.basename(str(path)).split("_")[0] for path in files])
    return pictures, labels, parts, scores > EMOTION_SCORE_MIN
