"""Drawings without a face: wheels, sockets, letters, patterns. A detector takes some of them for faces."""

import string

import cv2
import numpy as np

#: Width and height in pixels; sizes of the forms.
SIDE, FORM_MIN, FORM_MAX = 320, 8, 120
LETTERS = list(string.digits + string.ascii_uppercase + string.ascii_lowercase)


def drawing(rng):
    """uint8 RGB [320, 320, 3]: a ground and some forms."""
    picture = ground(rng)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(20, 300)), int(rng.integers(20, 300))
        size, kind = int(np.exp(rng.uniform(np.log(FORM_MIN), np.log(FORM_MAX)))), rng.random()
        line = int(rng.integers(1, max(2, size // 6) + 1))
        form = next(form for form, below in FORMS if kind < below)
        form(picture, rng, at, size, line)
    if rng.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 2)))
    return np.clip(picture + rng.normal(0, rng.uniform(0, 12), picture.shape), 0, 255).astype(np.uint8)


def numbered(seed):
    """The drawing of this number, in some size."""
    rng = np.random.default_rng(seed)
    picture, scale = drawing(rng), rng.uniform(0.5, 1.6)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=interpolation)


def ground(rng):
    """One colour, at times darker towards the top, at times with slanted lines."""
    picture = np.full((SIDE, SIDE, 3), colour(rng), np.uint8)
    if rng.random() < 0.3:
        picture = (picture * np.linspace(rng.uniform(0.4, 1), 1, SIDE)[:, None, None]).astype(np.uint8)
    if rng.random() < 0.2:
        for x in range(0, SIDE, int(rng.integers(6, 40))):
            end = int(x + rng.integers(-9, 9)), SIDE
            shade = colour(rng) if rng.random() < 0.1 else (30, 30, 30)
            cv2.line(picture, (x, 0), end, shade, int(rng.integers(1, 5)))
    return picture


def colour(rng):
    values = rng.integers(0, 256, 3) if rng.random() < 0.7 else [rng.integers(0, 256)] * 3
    return tuple(int(value) for value in values)


def share(size, part):
    return max(1, int(size * part))


def wheel(picture, rng, at, size, line):
    """Rings, a hub, spokes."""
    cv2.circle(picture, at, size, colour(rng), -1)
    for ring in np.sort(rng.uniform(0.1, 0.95, int(rng.integers(1, 4))))[::-1]:
        cv2.circle(picture, at, share(size, ring), colour(rng), -1 if rng.random() < 0.7 else line)
    for angle in np.arange(int(rng.choice([0, 3, 5, 6, 8, 12]))) * 2 * np.pi / 6 + rng.uniform(0, 6):
        end = int(at[0] + size * 0.8 * np.cos(angle)), int(at[1] + size * 0.8 * np.sin(angle))
        cv2.line(picture, at, end, colour(rng), line)


def plate(picture, rng, at, size, _):
    """Dots or slots on a square: sockets, buttons, dominoes."""
    x, y = at
    cv2.rectangle(picture, (x - size, y - size), (x + size, y + size), colour(rng), -1)
    holes = colour(rng)
    for _ in range(int(rng.integers(2, 6))):
        hole = int(x + rng.uniform(-0.6, 0.6) * size), int(y + rng.uniform(-0.6, 0.6) * size)
        if rng.random() < 0.6:
            cv2.circle(picture, hole, share(size, 0.12), holes, -1)
        else:
            cv2.rectangle(picture, hole, (hole[0] + share(size, 0.3), hole[1] + share(size, 0.1)), holes, -1)


def word(picture, rng, at, size, line):
    letters = "".join(rng.choice(LETTERS, int(rng.integers(1, 4))))
    cv2.putText(picture, letters, (at[0] - size, at[1]), int(rng.integers(0, 8)), size / 25, colour(rng), line)


def ellipse(picture, rng, at, size, line):
    axes, angle = (size, share(size, rng.uniform(0.3, 1))), float(rng.uniform(0, 180))
    cv2.ellipse(picture, at, axes, angle, 0, 360, colour(rng), -1 if rng.random() < 0.5 else line)


def polygon(picture, rng, at, size, _):
    corners = np.array(at) + rng.integers(-size, size + 1, (int(rng.integers(3, 8)), 2))
    cv2.fillPoly(picture, [corners.astype(np.int32)], colour(rng))


#: How often each form is drawn: up to this share.
FORMS = (wheel, 0.4), (plate, 0.55), (word, 0.75), (ellipse, 0.9), (polygon, 1.0)
