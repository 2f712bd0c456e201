"""Measure an exported pack's chip models on the held-out sets, overall and by group; writes PACK/figures.json.

python evaluate.py [TASK,TASK,...]
"""
import os
import sys

import numpy as np

from figures import by_group, ci95, outputs_of, share, write
from labelled import AGE_BINS, UTK_RACES, chips, fairface, fer, utk
from lfw import fold_accuracies, pairs
from nets import EMOTIONS, RACES
from places import PACK

GENDERS = ["male", "female"]
FAIRFACE, UTKFACE = "FairFace val (5,000 subset)", "UTKFace held-out tenth"
UTK_AGES = [(0, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100)]
#: FairFace's bin and UTKFace's years from which on a face counts as an adult's.
ADULT_BIN, ADULT_YEARS = 3, 20
#: Pairs of LFW's pictures that are drawn to find strangers: false match rates far below what its 3,000 official ones can show.
PAIRS_DRAWN, CHUNK = 8_000_000, 100_000
PICTURES_PAIRED_MAX = 12


def main(tasks):
    measures = {"age": age, "gender": gender, "race": race, "emotion": emotion, "embed": embed}
    write({task: measure() for task, measure in measures.items() if task in tasks})


def age():
    pictures, used, labels = utk_held_out()
    years = outputs_of("age", pictures, used)[0]
    error = np.abs(years - labels[:, 0])
    groups = [(labels[:, 0] >= low) & (labels[:, 0] <= high) for low, high in UTK_AGES]
    utk_figures = {
        "n": len(used),
        "mae_years": mean(error),
        "within_5": share(error <= 5),
        "mae_by_age": {
            f"{low}-{high}": [mean(error[group]), int(group.sum())] for (low, high), group in zip(UTK_AGES, groups)
        },
        "mae_by_race": by_group(error, labels[:, 2], UTK_RACES, mean),
        "mae_by_gender": by_group(error, labels[:, 1], GENDERS, mean),
    }
    pictures, used, labels = fairface("val")
    probabilities = outputs_of("age", pictures, used)[1]
    answer = np.stack([probabilities[:, low : high + 1].sum(1) for low, high in AGE_BINS], 1).argmax(1)
    hits = answer == labels[:, 0]
    fair_figures = {
        "n": len(used),
        "bin9_accuracy": share(hits),
        "within_one_bin": share(np.abs(answer - labels[:, 0]) <= 1),
        "by_race": by_group(hits, labels[:, 2], RACES),
    }
    return {UTKFACE: utk_figures, FAIRFACE: fair_figures}


def gender():
    pictures, used, labels = fairface("val")
    hits = answers("gender", pictures, used) == labels[:, 1]
    fair_figures = {
        "n": len(used),
        "accuracy": share(hits),
        "ci95": ci95(hits),
        "by_race": by_group(hits, labels[:, 2], RACES),
        "by_gender": by_group(hits, labels[:, 1], GENDERS),
        "adults_only": share(hits[labels[:, 0] >= ADULT_BIN]),
    }
    pictures, used, labels = utk_held_out()
    hits = answers("gender", pictures, used) == labels[:, 1]
    adults = share(hits[labels[:, 0] >= ADULT_YEARS])
    return {FAIRFACE: fair_figures, UTKFACE: {"n": len(used), "accuracy": share(hits), "adults_only": adults}}


def race():
    pictures, used, labels = fairface("val")
    answer = answers("race", pictures, used)
    hits = answer == labels[:, 2]
    figures = {
        "n": len(used),
        "accuracy7": share(hits),
        "ci95": ci95(hits),
        "recall": by_group(hits, labels[:, 2], RACES),
        "confusion_rows_true": confusion(labels[:, 2], answer, len(RACES)),
        "by_gender": by_group(hits, labels[:, 1], GENDERS),
    }
    return {FAIRFACE: figures}


def emotion():
    pictures, labels, parts, seen = fer()
    private = parts == "PrivateTest"
    used = np.nonzero(private & seen)[0]
    answer = answers("emotion", pictures, used)
    hits = answer == labels[used]
    figures = {
        "n": len(used),
        "of": int(private.sum()),
        "accuracy": share(hits),
        "ci95": ci95(hits),
        "recall": by_group(hits, labels[used], EMOTIONS),
        "confusion_rows_true": confusion(labels[used], answer, len(EMOTIONS)),
    }
    return {"FER2013 PrivateTest": figures}


def embed():
    pictures, files, _ = chips("lfw")
    embeddings = outputs_of("embed", pictures, np.arange(len(files)))[0]
    people = np.array([str(path).split("/")[-2] for path in files])
    first, second, same = pairs(files)
    folds = fold_accuracies((embeddings[first] * embeddings[second]).sum(1), same)
    rng = np.random.default_rng(0)
    impostor, genuine = impostor_cosines(embeddings, people, rng), genuine_cosines(embeddings, people)
    thresholds = {f"{rate:g}": round(float(impostor[int(rate * len(impostor))]), 4) for rate in (1e-2, 1e-3, 1e-4, 1e-5)}
    slope, intercept = calibration(genuine, rng.choice(impostor, len(genuine)))
    return {
        "LFW 6,000 pairs, 10 folds": {"n": len(same), "accuracy": round(float(folds.mean()), 4), "std": round(float(folds.std()), 4)},
        "LFW all pairs": {
            "genuine": len(genuine),
            "impostor": len(impostor),
            "threshold_at_fmr": thresholds,
            "tmr_at_fmr": {rate: share(genuine > threshold) for rate, threshold in thresholds.items()},
        },
        "LFW identification": identification(embeddings, people),
        "calibration": {"slope": round(float(slope), 4), "intercept": round(float(intercept), 4), "prior": 0.5},
    }


def impostor_cosines(embeddings, people, rng):
    """Of pairs of different people, drawn at random, the most alike first."""
    i, j = rng.integers(0, len(people), PAIRS_DRAWN), rng.integers(0, len(people), PAIRS_DRAWN)
    strangers = people[i] != people[j]
    i, j = i[strangers], j[strangers]
    parts = [(embeddings[i[k : k + CHUNK]] * embeddings[j[k : k + CHUNK]]).sum(1) for k in range(0, len(i), CHUNK)]
    return np.sort(np.concatenate(parts))[::-1]


def genuine_cosines(embeddings, people):
    """Of every two pictures of everybody, at most 12 pictures each."""
    cosines = []
    for person in np.unique(people):
        own = np.nonzero(people == person)[0][:PICTURES_PAIRED_MAX]
        cosines += [embeddings[a] @ embeddings[b] for k, a in enumerate(own) for b in own[k + 1 :]]
    return np.array(cosines)


def identification(embeddings, people):
    """How often a second picture's nearest of everybody's first ones is of the same person."""
    own = [np.nonzero(people == person)[0] for person in np.unique(people)]
    gallery, probe = np.array([pictures[:2] for pictures in own if len(pictures) >= 2]).T
    nearest = (embeddings[probe] @ embeddings[gallery].T).argmax(1)
    return {"gallery": len(gallery), "rank1": share(nearest == np.arange(len(gallery)))}


def calibration(genuine, impostor):
    """Slope and intercept of the logistic regression of "same person" on the cosine, by Newton's method."""
    cosine = np.concatenate([genuine, impostor])
    same = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    slope, intercept = 10.0, -3.0
    for _ in range(500):
        likely = 1 / (1 + np.exp(-(slope * cosine + intercept)))
        error, weight = likely - same, likely * (1 - likely)
        gradient = (error * cosine).mean(), error.mean()
        mixed = (weight * cosine).mean()
        curvature = np.array([[(weight * cosine * cosine).mean(), mixed], [mixed, weight.mean()]]) + 1e-9 * np.eye(2)
        slope, intercept = (slope, intercept) - np.linalg.solve(curvature, gradient)
    return slope, intercept


def utk_held_out():
    pictures, used, labels, held_out = utk()
    return pictures, used[held_out], labels[held_out]


def answers(task, pictures, used):
    return outputs_of(task, pictures, used)[-1].argmax(1)


def confusion(truth, answer, count):
    """Counts, the truth as rows."""
    table = np.zeros((count, count), int)
    np.add.at(table, (truth, answer), 1)
    return table.tolist()


def mean(values):
    return round(float(values.mean()), 2)


if __name__ == "__main__":
    every = [task for task in ("age", "gender", "race", "emotion", "embed") if os.path.exists(f"{PACK}/{task}/model.onnx")]
    main(sys.argv[1].split(",") if len(sys.argv) > 1 else every)
