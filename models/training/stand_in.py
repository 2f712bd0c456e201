"""Stand-ins for data sets and teachers, laid out as README.md says: what is learned from them is worth nothing, but every command runs.

Pictures are the repository's samples; SCRFD's place is taken by our own detector, fr_feature.onnx's by our own embedder.
"""

import csv
import glob
import os

import cv2
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from detector import CELL_VALUES, Detector
from graphs import load
from labels import AAF_LAST_WOMAN, AGE_BIN_OF, FER_OTHER, FER_PARTS, FER_VOTES, MASK_PARTS
from nets import Face, Unit
from vocabulary import EMOTIONS, RACES

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "samples")
PEOPLE, PICTURES_OF_ONE = 12, 4


def build_sources(folder):
    """The data sets, of a few dozen pictures each."""
    portraits = [cv2.imread(path) for path in sorted(glob.glob(f"{SAMPLES}/gallery/*.jpg"))]
    scenes = [cv2.imread(f"{SAMPLES}/photos/{name}.jpg") for name in ("group-4", "portrait-1", "nobody")]
    rng = np.random.default_rng(0)
    for split, some in (("train", portraits), ("val", portraits[:30])):
        fairface(folder, split, some, rng)
    for i, image in enumerate(portraits):
        date = f"2017010{i % 10}"
        write(f"{folder}/utkface/data/UTKFace/unlabeled/{rng.integers(1, 90)}_{i % 2}_{i % 5}_{date}{i % 8}.jpg", image)
        write(f"{folder}/celeba/Celeb/{i:06d}.jpg", cv2.copyMakeBorder(image, *[60] * 4, cv2.BORDER_REPLICATE))
    aaf(folder, portraits)
    raf(folder, portraits)
    ferplus(folder, portraits, rng)
    for i, image in enumerate(portraits):
        write(f"{folder}/mask/Face Mask Dataset/{MASK_PARTS[i % 3]}/{'WithMask' if i % 2 else 'WithoutMask'}/{i}.png", image)
    lfw(folder, portraits)
    scenery(folder, scenes)


def fairface(folder, split, images, rng):
    rows = []
    for i, image in enumerate(images):
        write(f"{folder}/fairface/fair_face/{split}/{i}.jpg", image)
        race = RACES[i % len(RACES)].replace("_", " ")
        rows.append((f"{split}/{i}.jpg", rng.choice(list(AGE_BIN_OF)), ("Male", "Female")[i % 2], race))
    table(f"{folder}/fairface/fairface_label_{split}.csv", ("file", "age", "gender", "race"), rows)


def aaf(folder, images):
    root, names = f"{folder}/aaf/All-Age-Faces Dataset", []
    for i, image in enumerate(images):
        names.append(f"{AAF_LAST_WOMAN - 10 + i:05d}A{10 + i % 70:02d}.jpg")
        write(f"{root}/original images/{names[-1]}", image)
    os.makedirs(f"{root}/image sets", exist_ok=True)
    with open(f"{root}/image sets/val_.txt", "w") as file:
        file.writelines(f"{name} 0\n" for name in names[::4])


def raf(folder, images):
    root, rows = f"{folder}/raf/Dataset", {"train": [], "test": []}
    for i, image in enumerate(images):
        split = "test" if i % 4 == 0 else "train"
        name = f"{split}_{i:05d}_aligned.jpg"
        write(f"{root}/aligned/{split}/{i % 7 + 1}_images/{name}", cv2.resize(image, (100, 100)))
        rows[split].append((name, i % len(EMOTIONS) + 1))
    for split, own in rows.items():
        table(f"{root}/{split}_labels.csv", ("image", "label"), own)


def ferplus(folder, images, rng):
    rows = []
    for i, image in enumerate(images):
        name, grey = f"fer{i:07d}.png", cv2.cvtColor(cv2.resize(image, (48, 48)), cv2.COLOR_BGR2GRAY)
        write(f"{folder}/ferplus/data/FER2013Train/{name}", grey)
        rows.append((FER_PARTS[i % 3], name, *rng.integers(0, 5, len(FER_VOTES)), *[0] * len(FER_OTHER)))
    table(f"{folder}/ferplus/fer2013new.csv", ("Usage", "Image name", *FER_VOTES, *FER_OTHER), rows)


def lfw(folder, images):
    """People of four pictures each, 250x250: one portrait, shifted a little."""
    lines = ["10\t1"]
    for person in range(PEOPLE):
        wide = cv2.copyMakeBorder(images[person], *[60] * 4, cv2.BORDER_REPLICATE)
        for k in range(PICTURES_OF_ONE):
            shift = 35 + 3 * k
            name = f"Person_{person:02d}/Person_{person:02d}_{k + 1:04d}.jpg"
            write(f"{folder}/lfw_deepfunneled/data/lfw-deepfunneled/{name}", wide[shift : shift + 250, 38:288])
        for k in range(1, PICTURES_OF_ONE + 1):
            lines += [f"Person_{person:02d}\t{k}\t{other}" for other in range(k + 1, PICTURES_OF_ONE + 1)]
            lines.append(f"Person_{person:02d}\t{k}\tPerson_{(person + 1) % PEOPLE:02d}\t{k}")
    with open(f"{folder}/lfw_pairs.txt", "w") as file:
        file.write("\n".join(lines))


def scenery(folder, images):
    root = f"{folder}/cmu_all"
    group, portrait, empty = (cv2.resize(image, None, fx=0.5, fy=0.5) for image in images)
    for i in range(6):
        write(f"{root}/proj3/data/scene/{i}.jpg", empty[20 * i :])
        write(f"{root}/proj5/data/BSDS500/images/train/{i}.jpg", empty[:, 20 * i :])
        write(f"{root}/proj4/data/train_non_face_scenes/{i}.jpg", empty[: -20 * i - 1])
    write(f"{root}/proj4/data/test_scenes/test_jpg/group.jpg", group)
    write(f"{root}/proj4/data/test_scenes/test_jpg/portrait.jpg", portrait)
    with open(f"{root}/proj4/data/test_scenes/ground_truth_bboxes.txt", "w") as file:
        file.write("group.jpg 100 100 200 200\nportrait.jpg 150 120 330 330\n")
    if not os.path.exists(f"{folder}/cmu_mit"):
        os.symlink("cmu_all", f"{folder}/cmu_mit")


def write(path, image):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    cv2.imwrite(path, image)


def table(path, columns, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def build_teachers(folder):
    os.makedirs(folder, exist_ok=True)
    faces = torch.zeros(1, 3, 320, 320)
    free = {"images": {2: "height", 3: "width"}}
    for name in ("2.5g", "500m"):
        path = f"{folder}/scrfd_{name}_kps.onnx"
        torch.onnx.export(Scrfd().eval(), faces, path, input_names=["images"], dynamic_axes=free, opset_version=17, dynamo=False)
    torch.onnx.export(Folded().eval(), faces[..., :112, :112], f"{folder}/fr_feature.onnx", opset_version=17, dynamo=False)


class Scrfd(nn.Module):
    """Our detector in SCRFD's layout: float [1, 3, H, W] -> of three levels scores, then boxes, then points, two anchors a cell (the
    second says nothing). SCRFD counts from a cell's corner, ours from its middle."""

    def __init__(self):
        super().__init__()
        self.net = load(Detector(), "detector")
        self.register_buffer("first", torch.tensor([1.0, 0.0]).view(1, 2, 1))
        self.register_buffer("middle", torch.tensor([-0.5, -0.5, 0.5, 0.5]))

    def forward(self, images):
        rows = [values.permute(0, 2, 3, 1).reshape(-1, 1, CELL_VALUES).repeat(1, 2, 1) for values in self.net.maps(images)]
        scores = [(row[..., :1].sigmoid() * self.first).reshape(1, -1, 1) for row in rows]
        boxes = [(F.softplus(row[..., 1:5]) + self.middle).reshape(1, -1, 4) for row in rows]
        points = [(row[..., 5:] + 0.5).reshape(1, -1, 10) for row in rows]
        return *scores, *boxes, *points


class Folded(nn.Module):
    """Our embedder as fr_feature.onnx is: PReLU (its slopes next to nothing), BGR, a convolution at the end, norms folded."""

    def __init__(self):
        super().__init__()
        net = load(Face(), "embedder")
        net.stem[0].conv.weight.data = net.stem[0].conv.weight.data.flip(1)
        with_prelu(net)
        self.body = nn.Sequential(net.stem, net.blocks, net.expand, net.pool)
        self.head = nn.Conv2d(512, 512, 1)
        self.head.weight.data, self.head.bias.data = net.head.weight.data[..., None, None], net.head.bias.data

    def forward(self, face):
        return self.head(self.body(face))


def with_prelu(module):
    """Every unit in it becomes convolution, norm and PReLU."""
    for name, child in module.named_children():
        if isinstance(child, Unit):
            activation = [] if child.linear else [nn.PReLU(len(child.slope))]
            for prelu in activation:
                nn.init.uniform_(prelu.weight, 0, 1e-6)  # all alike would be stored once, under other names
            setattr(module, name, nn.Sequential(child.conv, child.bn, *activation))
        else:
            with_prelu(child)
