"""Records what the training's code (models/training) makes of five pictures, from the detector's proposal to the chip: reference.json, the
pictures themselves, the crops of both looks and the chips. referencedLooks.onnx.test.ts holds the product to it.

    python reference.py MODELS OUT

MODELS is the repository's folder models; OUT this folder. Recorded with opencv-python 5.0.0, onnxruntime 1.30.0 and numpy 2.4.6."""
import json
import math
import sys

import cv2
import numpy as np
import onnxruntime as ort

MODELS, OUT = sys.argv[1:]
CROP, FIRST, SECOND, UPRIGHT = 96, 1.5, 1.25, 85
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
# photo of the samples, middle and side of the part that is kept, the side that it is scaled to, degrees it is turned by (counterclockwise)
CASES = {
    "upright": ("portrait-1", 248, 342, 480, 120, 0),
    "rolled": ("portrait-2", 248, 342, 480, 120, 35),
    "small": ("portrait-3", 248, 342, 560, 64, -10),
    "shrunk": ("group-4", 766, 545, 330, 310, -15),
    "edge": ("portrait-1", 368, 420, 320, 96, 0),
}


def session(task):
    return ort.InferenceSession(f"{MODELS}/compact/{task}/model.onnx", providers=["CPUExecutionProvider"])


DETECTOR, LOOK = session("detect"), session("refine")


def picture(photo, x, y, side, to, degrees):
    """uint8 [to, to, 3] RGB: the square of a sample around (x, y), turned, scaled by area."""
    rgb = cv2.cvtColor(cv2.imread(f"{MODELS}/samples/photos/{photo}.jpg"), cv2.COLOR_BGR2RGB)
    turn = cv2.getRotationMatrix2D((x, y), degrees, 1)
    turn[:, 2] += side / 2 - np.array([x, y])
    cut = cv2.warpAffine(rgb, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(cut, (to, to), interpolation=cv2.INTER_AREA)


def proposal(rgb):
    """Score, box (x1, y1, x2, y2) and five points of the best row."""
    h, w = rgb.shape[:2]
    padded = np.zeros((1, -(-h // 32) * 32, -(-w // 32) * 32, 3), np.uint8)
    padded[0, :h, :w] = rgb
    rows = DETECTOR.run(None, {"image": padded})[0][0]
    best = rows[rows[:, 0].argmax()]
    return best[0], best[1:5], best[5:].reshape(5, 2)


def similarity(points):
    """2x3, takes the points to the ArcFace frame with the least squared error (Umeyama 1991)."""
    source, target = points - points.mean(0), ARCFACE - ARCFACE.mean(0)
    u, s, v = np.linalg.svd(target.T @ source / 5)
    signs = np.array([1, np.sign(np.linalg.det(u @ v))])
    linear = (s * signs).sum() / source.var(0).sum() * (u @ np.diag(signs) @ v)
    return np.concatenate([linear, (ARCFACE.mean(0) - linear @ points.mean(0))[:, None]], 1)


def crop_matrix(centre, side, angle):
    """2x3: takes the square (its lower edge at `angle`, radians) to the crop, its centre to (48, 48)."""
    c, s = math.cos(angle) * CROP / side, math.sin(angle) * CROP / side
    x, y = centre
    return np.array([[c, s, CROP / 2 - c * x - s * y], [-s, c, CROP / 2 + s * x - c * y]])


def warp(rgb, matrix, side, flags=cv2.INTER_LINEAR):
    """Borders replicated; below half scale the picture is first shrunk by area to twice the square's resolution."""
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale < 0.5:
        f = 2 * scale
        rgb = cv2.resize(rgb, None, fx=f, fy=f, interpolation=cv2.INTER_AREA)
        linear = matrix[:, :2]
        matrix = np.concatenate([linear / f, (matrix[:, 2] + linear @ np.full(2, 0.5 / f - 0.5))[:, None]], 1)
    return cv2.warpAffine(rgb, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def look(rgb, matrix):
    """The crop, its score, and the points in the picture."""
    crop = warp(rgb, matrix, CROP)
    scores, points = LOOK.run(None, {"crop": crop[None]})
    back = cv2.invertAffineTransform(matrix)
    return crop, scores[0], points[0] * CROP @ back[:, :2].T + back[:, 2]


def numbers(values):
    return np.round(np.asarray(values, np.float64), 6).tolist()


def write(name, rgb):
    cv2.imwrite(f"{OUT}/{name}.png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])


recorded, crops, chips = [], [], []
for name, case in CASES.items():
    rgb = picture(*case)
    score, box, proposed = proposal(rgb)
    side, eyes = math.sqrt(np.prod(box[2:] - box[:2])), proposed[1] - proposed[0]
    first = crop_matrix((box[:2] + box[2:]) / 2, side * FIRST, math.atan2(eyes[1], eyes[0]))
    first_crop, first_score, first_points = look(rgb, first)
    fit = similarity(first_points)
    upright = UPRIGHT / math.hypot(fit[0, 0], fit[1, 0])
    assert 0.4 * side < upright < 2.2 * side, name
    second = crop_matrix(first_points.mean(0), upright * SECOND, -math.atan2(fit[1, 0], fit[0, 0]))
    second_crop, second_score, points = look(rgb, second)
    to_chip = similarity(points)
    enlarged = math.hypot(to_chip[0, 0], to_chip[1, 0]) > 1.5
    chip = warp(rgb, to_chip, 112, cv2.INTER_CUBIC if enlarged else cv2.INTER_LINEAR)
    mean = (score + (first_score + second_score) / 2) / 2
    recorded.append({
        "name": name,
        "proposal": {"score": numbers(score), "box": numbers(box), "points": numbers(proposed)},
        "first": {"matrix": numbers(first), "score": numbers(first_score), "points": numbers(first_points)},
        "second": {"matrix": numbers(second), "score": numbers(second_score), "points": numbers(points)},
        "chip": numbers(to_chip),
        "score": numbers(mean),
    })
    print(name, side, [round(math.hypot(m[0, 0], m[1, 0]), 2) for m in (first, second, to_chip)], score, first_score, second_score)
    write(name, rgb)
    crops.append(np.concatenate([first_crop, second_crop], 1))
    chips.append(chip)
write("crops", np.concatenate(crops))
write("chips", np.concatenate(chips))
with open(f"{OUT}/reference.json", "w") as file:
    json.dump({"source": "reference.py, float32", "cases": recorded}, file, indent=1)
