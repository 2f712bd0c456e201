"""The labels of each source, added to its packed arrays, so that a training machine needs nothing else.

python labels.py SOURCE ...
"""

import csv
import os
import re
import sys

import numpy as np

from packed import Packed
from places import SOURCES
from vocabulary import AGES, RACES

#: FairFace's nine age groups by their names in its csv: a spreadsheet has made dates of two of them.
AGE_BIN_OF = {
    "0-2": 0, "3-9": 1, "03-Sep": 1, "10-19": 2, "Oct-19": 2, "20-29": 3, "30-39": 4,
    "40-49": 5, "50-59": 6, "60-69": 7, "more than 70": 8,
}  # fmt: skip
#: RAF-DB's seven numbers (1: surprise, fear, disgust, happiness, sadness, anger, neutral) as indices into EMOTIONS.
RAF_EMOTION = [5, 2, 1, 3, 4, 0, 6]
#: FER+'s columns in the order of EMOTIONS, and those of the votes for something else.
FER_VOTES = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
FER_OTHER = ["contempt", "unknown", "NF"]
FER_PARTS = ["Training", "PublicTest", "PrivateTest"]
#: All-Age-Faces numbers women first.
AAF_LAST_WOMAN = 7380
MASK_PARTS = ["Train", "Validation", "Test"]
UNKNOWN = -1


def main(names):
    for name in names:
        packed = Packed(name)
        labels = {key: np.asarray(values) for key, values in LABELS[name]([str(path) for path in packed.arrays["files"]]).items()}
        packed.arrays.update(labels)
        packed.write_arrays()
        print(name, len(packed), {key: summary(values) for key, values in labels.items()})


def fairface(split):
    def labels(files):
        rows = rows_of(f"fairface/fairface_label_{split}.csv", "file")
        found = [rows.get(os.path.basename(path)) for path in files]
        return {
            "bin": [AGE_BIN_OF[row["age"]] if row else UNKNOWN for row in found],
            "gender": [int(row["gender"] == "Female") if row else UNKNOWN for row in found],
            "race": [RACES.index(row["race"].replace("Latino Hispanic", "Latino_Hispanic")) if row else UNKNOWN for row in found],
        }

    return labels


def utkface(files):
    """From years_gender_group_date.jpg. Every file whose date ends in 7 is held out: a tenth."""
    matches = [re.match(r"(\d+)_(\d)_(\d)_(\d+)", os.path.basename(path)) for path in files]
    known = [match if match and int(match[1]) < AGES else None for match in matches]
    return {
        "age": [int(match[1]) if match else UNKNOWN for match in known],
        "gender": [int(match[2]) if match else UNKNOWN for match in known],
        "group": [int(match[3]) if match else UNKNOWN for match in known],
        "held": [bool(match) and int(match[4]) % 10 == 7 for match in matches],
    }


def all_age_faces(files):
    """From numberAyears.jpg, as 00000A02.jpg; what its own list calls validation is held out."""
    with open(f"{SOURCES}/aaf/All-Age-Faces Dataset/image sets/val_.txt") as lines:
        held = {line.split()[0] for line in lines if line.strip()}
    names = [os.path.basename(path) for path in files]
    return {
        "age": [int(name[6:8]) for name in names],
        "gender": [int(int(name[:5]) <= AAF_LAST_WOMAN) for name in names],
        "held": [name in held for name in names],
    }


def raf(files):
    rows = {**rows_of("raf/Dataset/train_labels.csv", "image"), **rows_of("raf/Dataset/test_labels.csv", "image")}
    names = [os.path.basename(path) for path in files]
    return {
        "emotion": [RAF_EMOTION[int(rows[name]["label"]) - 1] if name in rows else UNKNOWN for name in names],
        "held": ["test_" in name for name in names],
    }


def ferplus(files):
    rows = rows_of("ferplus/fer2013new.csv", "Image name")
    found = [rows[os.path.basename(path)] for path in files]
    return {
        "votes": np.array([[float(row[key]) for key in FER_VOTES] for row in found], np.float32),
        "other": np.array([sum(float(row[key]) for key in FER_OTHER) for row in found], np.float32),
        "part": [FER_PARTS.index(row["Usage"]) for row in found],
    }


def mask(files):
    return {
        "mask": ["/WithMask/" in path for path in files],
        "part": [MASK_PARTS.index(path.split("/")[-3]) for path in files],
    }


def rows_of(table, key):
    """The rows of a csv by the last part of a column's path."""
    with open(f"{SOURCES}/{table}") as file:
        return {os.path.basename(row[key]): row for row in csv.DictReader(file)}


def summary(values):
    """How often each value occurs; of years and votes the mean."""
    few = values.ndim == 1 and len(np.unique(values)) < 12
    return np.unique(values, return_counts=True)[1].tolist() if few else np.round(values.mean(0), 2).tolist()


LABELS = {
    "fair": fairface("train"),
    "fairval": fairface("val"),
    "utk": utkface,
    "aaf": all_age_faces,
    "raf": raf,
    "ferp": ferplus,
    "mask": mask,
}

if __name__ == "__main__":
    main(sys.argv[1:])
