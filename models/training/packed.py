"""Work files: PACKED/<source>.bin holds pictures (WebP), one after the other, <source>.npz where each starts and what is known of it."""

import os

import cv2
import numpy as np

from places import LIMIT, PACKED


class Packed:
    """A source as it was packed. `arrays`: by name, one entry a picture (other lengths are other things' arrays).

    Of prepare.py: files; landmarks [n, 5, 2] in the packed picture; found_landmarks [n, 5, 2] and found_box [n, 4] in the source's
    picture; score (the teacher's, 0..1); side (of the box, in the packed picture).
    """

    def __init__(self, name):
        self.name = name
        with np.load(f"{PACKED}/{name}.npz") as file:  # each array once: an .npz may not be read from several threads
            self.arrays = {key: file[key] for key in file.files}
        self.at = self.arrays.pop("at")
        self.bytes = np.memmap(f"{PACKED}/{name}.bin", np.uint8, "r")

    def __len__(self):
        return len(self.at) - 1

    def picture(self, i):
        """RGB uint8 [height, width, 3]."""
        return cv2.imdecode(self.bytes[self.at[i] : self.at[i + 1]], cv2.IMREAD_COLOR)[:, :, ::-1]

    def middle(self, i, side=112):
        """The square in the middle: the ArcFace frame without its margin."""
        picture = self.picture(i)
        margin = (picture.shape[0] - side) // 2
        return np.ascontiguousarray(picture[margin : margin + side, margin : margin + side])

    def of(self, indices):
        """The arrays of some pictures."""
        return {key: values[indices] for key, values in self.arrays.items() if len(values) == len(self)}

    def write_arrays(self):
        np.savez(f"{PACKED}/{self.name}.npz", at=self.at, **self.arrays)


class Packer:
    """Writes a source: `add` each picture, then `close` with its arrays."""

    def __init__(self, name):
        os.makedirs(PACKED, exist_ok=True)
        self.name, self.at, self.file = name, [0], open(f"{PACKED}/{name}.bin", "wb")

    def add(self, webp):
        self.file.write(webp)
        self.at.append(self.at[-1] + len(webp))

    def close(self, **arrays):
        self.file.close()
        np.savez(f"{PACKED}/{self.name}.npz", at=np.array(self.at, np.int64), **arrays)
        print(self.name, len(self.at) - 1, "pictures,", self.at[-1], "bytes", flush=True)


def webp(rgb, quality):
    return cv2.imencode(".webp", np.ascontiguousarray(rgb[:, :, ::-1]), [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


def limited(items):
    """For a try-out: LIMIT of them, evenly."""
    if not LIMIT or len(items) <= LIMIT:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, LIMIT).astype(int)]
