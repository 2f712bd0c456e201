"""Labelled Faces in the Wild: its 6,000 pairs and their protocol. Held out: no model may be trained on it."""
import numpy as np

from places import SOURCES


def pairs(files):
    """Indices into `files` of both pictures of each pair, and whether they show the same person."""
    at = {str(path).split("lfw-deepfunneled/")[-1]: i for i, path in enumerate(files)}

    def index(person, number):
        return at[f"{person}/{person}_{int(number):04d}.jpg"]

    first, second, same = [], [], []
    with open(f"{SOURCES}/lfw_pairs.txt") as lines:
        for line in lines.read().strip().split("\n")[1:]:
            fields = line.split("\t")
            first.append(index(fields[0], fields[1]))
            second.append(index(fields[0], fields[2]) if len(fields) == 3 else index(fields[2], fields[3]))
            same.append(len(fields) == 3)
    return np.array(first), np.array(second), np.array(same)


def fold_accuracies(similarities, same, step=0.001):
    """Accuracy on each tenth, with the threshold that is best on the other nine."""
    thresholds, fold = np.arange(-0.2, 1, step), np.arange(len(similarities)) // 600
    accuracies = []
    for tenth in range(10):
        others = fold != tenth
        best = thresholds[np.argmax([((similarities[others] > t) == same[others]).mean() for t in thresholds])]
        accuracies.append(((similarities[~others] > best) == same[~others]).mean())
    return np.array(accuracies)
