"""Age, gender, race and emotion of an exported pack on held-out faces, overall and by group; times of the graphs that see one face.

python evaluate.py [PRECISION,PRECISION]
Adds to PACK/figures.json.
"""

import sys

import numpy as np

from figures import by_group, ci95, confusion, graph_of, mean, milliseconds, share, write
from held_out import all_age_faces, calibration_error, covered, fairface, ferplus, interval, raf, utkface
from product import CROP, FILES
from vocabulary import AGE_BINS, AGES, EMOTIONS, GENDERS, RACES, UTK_GROUPS

FAIRFACE, UTKFACE, ALL_AGE_FACES = "FairFace val (5,000 subset)", "UTKFace held-out tenth", "All-Age-Faces held-out"
UTK_AGES = [(0, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100)]
#: FairFace's bin and UTKFace's years from which on a face counts as an adult's.
ADULT_BIN, ADULT_YEARS = 3, 20
SIDES = {"detect": 800, "refine": CROP, "embed": 112, "age": 112, "gender": 112, "race": 112, "attributes": 112, "emotion": 112}
THREADS = 2


def main(precisions):
    fair, utk, aaf = fairface(), utkface(), all_age_faces()
    emotional = {"RAF-DB test": (raf(), "emotion"), "FER+ PrivateTest, majority of seven": (ferplus(), "votes")}
    for precision in precisions:
        measured = {
            "age": age(graph_of("age", precision, THREADS), fair, utk, aaf),
            "gender": gender(graph_of("gender", precision, THREADS), fair, utk),
            "race": race(graph_of("race", precision, THREADS), fair),
            "emotion": {name: emotion(graph_of("emotion", precision, THREADS), *held) for name, held in emotional.items()},
        }
        times = {task: milliseconds(task, precision, side) for task, side in SIDES.items()}
        write({precision: measured, "ms_one_thread": {precision: times}})


def age(graph, fair, utk, aaf):
    of_utk, of_aaf, of_fair = (held.outputs(graph) for held in (utk, aaf, fair))
    years = np.arange(AGES)
    youngest, oldest = interval(of_utk)
    off, off_aaf = np.abs(of_utk @ years - utk["age"]), np.abs(of_aaf @ years - aaf["age"])
    groups = [(utk["age"] >= low) & (utk["age"] <= high) for low, high in UTK_AGES]
    utk_figures = {
        "n": len(utk),
        "mae_years": mean(off),
        "within_5": share(off <= 5),
        "covered_by_80_percent_interval": share(covered(of_utk, utk["age"])[~utk.fitted]),
        "median_width_of_interval_years": float(np.median(oldest - youngest)),
        "mae_by_age": {f"{low}-{high}": [mean(off[own]), int(own.sum())] for (low, high), own in zip(UTK_AGES, groups)},
        "mae_by_race": by_group(off, utk["group"], UTK_GROUPS, mean),
        "mae_by_gender": by_group(off, utk["gender"], GENDERS, mean),
    }
    answer = np.stack([of_fair[:, low : high + 1].sum(1) for low, high in AGE_BINS], 1).argmax(1)
    fair_figures = {
        "n": len(fair),
        "bin9_accuracy": share(answer == fair["bin"]),
        "within_one_bin": share(np.abs(answer - fair["bin"]) <= 1),
        "by_race": by_group(answer == fair["bin"], fair["race"], RACES),
    }
    aaf_figures = {
        "n": len(aaf),
        "mae_years": mean(off_aaf),
        "within_5": share(off_aaf <= 5),
        "covered_by_80_percent_interval": share(covered(of_aaf, aaf["age"])[~aaf.fitted]),
    }
    return {UTKFACE: utk_figures, ALL_AGE_FACES: aaf_figures, FAIRFACE: fair_figures}


def gender(graph, fair, utk):
    probabilities = fair.outputs(graph)
    hits, hits_utk = probabilities.argmax(1) == fair["gender"], utk.outputs(graph).argmax(1) == utk["gender"]
    fair_figures = {
        "n": len(fair),
        "accuracy": share(hits),
        "ci95": ci95(hits),
        "by_race": by_group(hits, fair["race"], RACES),
        "by_gender": by_group(hits, fair["gender"], GENDERS),
        "adults_only": share(hits[fair["bin"] >= ADULT_BIN]),
        "calibration_error": calibration_error(probabilities[~fair.fitted], hits[~fair.fitted]),
    }
    adults = share(hits_utk[utk["age"] >= ADULT_YEARS])
    return {FAIRFACE: fair_figures, UTKFACE: {"n": len(utk), "accuracy": share(hits_utk), "adults_only": adults}}


def race(graph, fair):
    probabilities = fair.outputs(graph)
    answer = probabilities.argmax(1)
    hits = answer == fair["race"]
    figures = {
        "n": len(fair),
        "accuracy7": share(hits),
        "ci95": ci95(hits),
        "recall": by_group(hits, fair["race"], RACES),
        "confusion_rows_true": confusion(fair["race"], answer, len(RACES)),
        "by_gender": by_group(hits, fair["gender"], GENDERS),
        "calibration_error": calibration_error(probabilities[~fair.fitted], hits[~fair.fitted]),
    }
    return {FAIRFACE: figures}


def emotion(graph, held, key):
    """Of FER+'s votes the most frequent is the truth."""
    probabilities, truth = held.outputs(graph), held[key]
    truth, answer = truth.argmax(1) if truth.ndim > 1 else truth, probabilities.argmax(1)
    hits = answer == truth
    return {
        "n": len(held),
        "accuracy": share(hits),
        "ci95": ci95(hits),
        "recall": by_group(hits, truth, EMOTIONS),
        "confusion_rows_true": confusion(truth, answer, len(EMOTIONS)),
        "calibration_error": calibration_error(probabilities[~held.fitted], hits[~held.fitted]),
    }


if __name__ == "__main__":
    main(sys.argv[1].split(",") if len(sys.argv) > 1 else FILES)
