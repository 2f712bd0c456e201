"""The embedder: MobileFaceNet with PReLU teaches itself with ReLU, on FairFace.

python train_embedder.py SECONDS
The net learns, for a damaged view of a face, the embedding that the teacher (both views, the face and its mirror image) has for the whole
one, and how a batch's faces relate to one another. Writes CHECKPOINTS/embedder.pt.
"""

import copy
import sys

import torch
import torch.nn.functional as F

from augment import damage, erase, near_upright, some, view
from bank import Bank
from device import DEVICE, FORMAT, bfloat16, drawn, laid_out, uniform
from mobilefacenet import leak, started
from places import BATCH, SEED
from run import Run, report, save

NAME, FACES_A_STEP, SCORE_MIN = "embedder", BATCH or 512, 0.35
#: Of the batch: a face with up to half of another one mixed in, so a face that nobody has.
MIXED, MIXED_MAX = 0.2, 0.5


def main(seconds):
    torch.manual_seed(SEED)
    faces = Bank("fair", lambda arrays: arrays["score"] > SCORE_MIN).pixels
    print("faces", len(faces), flush=True)
    teacher = started(view(faces[torch.randperm(len(faces), device=DEVICE)[:512]])[0])
    teacher.requires_grad_(False).to(memory_format=FORMAT)
    net = copy.deepcopy(teacher).requires_grad_(True)
    run = Run(net, seconds, 1e-3, NAME, decay=0.02, keep=lambda average: save(average, NAME))
    for part in run:
        leak(run, part)
        seen, wanted = lesson(faces, teacher)
        with bfloat16():
            embedding = net(seen)
        embedding = F.normalize(embedding.float(), dim=1)
        own = (embedding * wanted).sum(1)
        apart = (embedding @ wanted.T - wanted @ wanted.T).pow(2).mean()
        run.step((1 - own).mean() + 4 * apart, len(seen), 1 - own.mean(), apart)
    run.average.leak(0.0)
    save(run.average, NAME)
    report(NAME, {"seen": run.seen})


@torch.no_grad()
def lesson(faces, teacher):
    """Damaged views [n, 3, 112, 112], and the teacher's embeddings [n, 512] of the whole ones."""
    n = FACES_A_STEP
    x, _ = view(faces[drawn(n, len(faces))], *near_upright(n, turn=0.06, zoom=0.05, move=0.025, turn_max=0.25))
    share = torch.where(some(n, MIXED), uniform(n, 1, 1, 1) * MIXED_MAX, 0.0)
    x = laid_out(damage(x * (1 - share) + x.flip(0) * share, small=0.0, blur=0.0, noise=0.0, grey=0.05))
    with torch.autocast(DEVICE, dtype=torch.float16 if DEVICE == "cuda" else torch.bfloat16):
        wanted = teacher(x) + teacher(x.flip(3))
    seen = erase(damage(x, light=0.0, small=0.35, blur=0.2, noise=0.2, grey=0.05), 0.2)
    return laid_out(seen), F.normalize(wanted.float(), dim=1)


if __name__ == "__main__":
    main(float(sys.argv[1]))
