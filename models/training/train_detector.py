"""Train the detector on mosaics of scenes whose boxes and landmarks come from the teacher.

python train_detector.py [STEPS [OUT]]
"""
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch

from averaged import Averaged
from detection_loss import loss_of, overlap_with
from detector import Detector
from places import CHECKPOINTS, THREADS
from scenes import SIZE, load_scenes, mosaic

BATCH, LEARNING_RATE, SEED = 16, 2e-3, 1
#: Held-out scenes that are looked at while training.
MEASURED = 700


def main(steps=12000, out=f"{CHECKPOINTS}/detector.pt"):
    torch.set_num_threads(THREADS)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    train, held_out = load_scenes()
    print("scenes", len(train), "held out", len(held_out), flush=True)
    net = Detector().to(memory_format=torch.channels_last)
    average = Averaged(net, 0.9995)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.08, final_div_factor=1e3
    )
    painter = ThreadPoolExecutor(1)

    def ahead(step):
        return [painter.submit(mosaic, train, SEED * 10**9 + step * BATCH + i) for i in range(BATCH)]

    started, sums, coming = time.time(), np.zeros(3), ahead(0)
    for step in range(1, steps + 1):
        mosaics = [future.result() for future in coming]
        coming = ahead(step)
        x = torch.from_numpy(np.stack([image for image, *_ in mosaics])).contiguous(memory_format=torch.channels_last)
        net.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            maps = net.maps(x)
        score, box, point = loss_of(net.decode([values.float() for values in maps]), mosaics)
        optimiser.zero_grad(set_to_none=True)
        (2 * score + 2 * box + point).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimiser.step()
        schedule.step()
        average.update(net, step)
        sums += float(score), float(box), float(point)
        if step % 100 == 0:
            parts = " ".join(f"{name} {value / 100:.3f}" for name, value in zip(("score", "box", "landmarks"), sums))
            print(f"step {step}/{steps} {parts} {step * BATCH / (time.time() - started):.1f} img/s", flush=True)
            sums[:] = 0
        if step % 1000 == 0:
            print(f"[{step}]", measure(average.net, held_out), flush=True)
            average.save(out)
    print("final", measure(average.net, held_out), flush=True)
    average.save(out)


@torch.no_grad()
def measure(net, scenes):
    """At score 0.5 on letterboxed scenes, against faces of 8 px or more that the teacher scored 0.6 or more."""
    net.eval()
    found = false = total = 0
    errors = []
    for image, boxes, points in scenes[:MEASURED]:
        picture, scale = letterbox(image)
        answers = faces_in(net, picture)
        truth = [
            (box[:4] * scale, landmarks * scale)
            for box, landmarks in zip(boxes, points)
            if box[4] >= 0.6 and min(box[2] - box[0], box[3] - box[1]) * scale >= 8
        ]
        total += len(truth)
        used = set()
        for answer in answers:
            near = [(float(overlap_with(answer[None, 1:5], box)[0]), n) for n, (box, _) in enumerate(truth) if n not in used]
            if near and max(near)[0] >= 0.5:
                n = max(near)[1]
                used.add(n)
                box, landmarks = truth[n]
                away = np.linalg.norm(answer[5:].reshape(5, 2) - landmarks, axis=1).mean()
                errors.append(away / np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
            elif not any(overlap_with(answer[None, 1:5], box[:4] * scale)[0] >= 0.3 for box in boxes):
                false += 1
        found += len(used)
    error = 100 * np.mean(errors) if errors else float("nan")
    n = min(MEASURED, len(scenes))
    return f"recall {found / max(total, 1):.4f} of {total}, {false} false in {n} scenes, landmarks {error:.2f}% of the face's side away"


def letterbox(image):
    """The image in the upper left of SIZExSIZE, and its scale."""
    scale = SIZE / max(image.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=way)[:SIZE, :SIZE]
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    picture[: small.shape[0], : small.shape[1]] = small
    return picture, scale


def faces_in(net, picture):
    """Rows of Detector.decode with a score over 0.5, suppressed."""
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    rows = net.decode(net.maps(x.contiguous(memory_format=torch.channels_last)))[0].numpy()
    rows = rows[rows[:, 0] > 0]
    kept = []
    for row in rows[np.argsort(-rows[:, 0])][:100]:
        if not kept or overlap_with(np.stack(kept)[:, 1:5], row[1:5]).max() < 0.4:
            kept.append(row)
    return kept


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:3])
