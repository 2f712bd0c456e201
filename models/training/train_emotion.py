"""Emotion, from RAF-DB and FER+: a whole MobileFaceNet, and where a second time is given a narrow one from its opinion and the labels.

python train_emotion.py SECONDS [SECONDS_OF_THE_NARROW_ONE]
Writes CHECKPOINTS/emotion.pt.
"""

import sys

import torch
import torch.nn.functional as F

from augment import damage, erase, near_upright, view
from bank import Bank
from device import DEVICE, bfloat16, laid_out
from graphs import NARROW
from mobilefacenet import leak, started
from nets import Face
from places import BATCH, SEED, WIDTH
from run import Run, report, save
from vocabulary import EMOTIONS

FACES_A_STEP = BATCH or 384
RAF_SCORE_MIN, FER_SCORE_MIN = 0.3, 0.25
#: What a label of RAF-DB is worth; the rest is spread over all. FER+'s votes stay as they were cast, and this is added to each.
LABEL, VOTE = 0.94, 0.05
#: RAF-DB's faces are drawn so much oftener, and rare emotions by this power of how rare they are.
RAF_WEIGHT, RARE = 1.6, 0.35
OPINION, OWN = 1.5, 0.5
TRAINING, TEST = 0, 2


def main(seconds, narrow_seconds=0.0):
    torch.manual_seed(SEED)
    faces = Faces()
    print("train", len(faces.used), "RAF test", int(faces.raf_test.sum()), "FER+ test", int(faces.fer_test.sum()), flush=True)
    net = started(view(faces.pixels[faces.used[:512]])[0], outputs=len(EMOTIONS), dropout=0.3)
    run = Run(net, seconds, 1e-3, "emotion")
    for part in run:
        leak(run, part)
        x, wanted = faces.batch()
        with bfloat16():
            logits = net(laid_out(erase(damage(x, grey=0.4), 0.4)))
        loss = -(wanted * logits.float().log_softmax(1)).sum(1).mean()
        run.step(loss, len(x), loss)
    run.average.leak(0.0)
    if narrow_seconds:
        save(run.average, "emotion-teacher")
        run = narrowed(faces, run.average, narrow_seconds)
    save(run.average, "emotion")
    report("emotion", {**faces.measure(run.average), "seen": run.seen})


def narrowed(faces, teacher, seconds):
    run = Run(Face(WIDTH, NARROW, len(EMOTIONS), dropout=0.1), seconds, 4e-3, "emotion")
    for _ in run:
        x, wanted = faces.batch()
        with torch.no_grad(), bfloat16():
            opinion = teacher(laid_out(damage(x, small=0.0, blur=0.0, noise=0.0, grey=0.1)))
        with bfloat16():
            logits = run.net(laid_out(erase(damage(x, grey=0.4), 0.25)))
        p = logits.float().log_softmax(1)
        by_opinion = F.kl_div(p, opinion.float().softmax(1), reduction="batchmean")
        by_label = -(wanted * p).sum(1).mean()
        run.step(OPINION * by_opinion + OWN * by_label, len(x), by_opinion, by_label)
    return run


class Faces:
    """Both sources as one: pixels, and wanted [n, 7], a distribution over EMOTIONS."""

    def __init__(self):
        raf = Bank("raf", lambda arrays: (arrays["score"] > RAF_SCORE_MIN) & (arrays["emotion"] >= 0))
        fer = Bank("ferp", of_seven)
        votes, label = fer.tensor("votes").float(), raf.tensor("emotion", torch.long)
        by_label = F.one_hot(label, len(EMOTIONS)).float() * LABEL + (1 - LABEL) / len(EMOTIONS)
        self.pixels, self.wanted = torch.cat([raf.pixels, fer.pixels]), torch.cat([by_label, F.normalize(votes + VOTE, p=1, dim=1)])
        self.answer = torch.cat([label, votes.argmax(1)])
        held, part = raf.tensor("held", torch.bool), fer.tensor("part")
        self.raf_test = torch.cat([held, torch.zeros_like(part, dtype=torch.bool)])
        self.fer_test = torch.cat([torch.zeros_like(held), part == TEST])
        self.used = torch.cat([~held, part == TRAINING]).nonzero()[:, 0]
        self.weight = self.weights(len(raf))

    def weights(self, raf_count):
        """How often each face of `used` is drawn."""
        weight = torch.ones(len(self.used), device=DEVICE)
        weight[self.used < raf_count] = RAF_WEIGHT
        emotion = self.wanted[self.used].argmax(1)
        frequency = torch.bincount(emotion, minlength=len(EMOTIONS)).float() / len(self.used)
        return weight * (frequency.mean() / frequency)[emotion] ** RARE

    @torch.no_grad()
    def batch(self):
        """Views [n, 3, 112, 112] that are not damaged yet, and what is wanted of them [n, 7]."""
        indices = self.used[torch.multinomial(self.weight, FACES_A_STEP, replacement=True)]
        moves = near_upright(FACES_A_STEP, turn=0.1, zoom=0.06, move=0.03, turn_max=0.35)
        return view(self.pixels[indices], *moves)[0], self.wanted[indices]

    @torch.no_grad()
    def measure(self, net):
        """Share of right answers; of FER+ the emotion with most votes is right."""

        def accuracy(chosen):
            right = []
            for indices in chosen.nonzero()[:, 0].split(512):
                with bfloat16():
                    right.append(net(laid_out(view(self.pixels[indices])[0])).argmax(1) == self.answer[indices])
            return round(float(torch.cat(right).float().mean()), 4)

        return {"raf": accuracy(self.raf_test), "ferplus": accuracy(self.fer_test)}


def of_seven(arrays):
    """FER+'s faces that the teacher sees, and that were not given to something else than the seven emotions."""
    votes = arrays["votes"].sum(1)
    return (arrays["score"] > FER_SCORE_MIN) & (votes > 0) & (votes >= arrays["other"])


if __name__ == "__main__":
    main(*map(float, sys.argv[1:3]))
