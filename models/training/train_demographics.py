"""Train age, gender and race on FairFace and UTKFace: one trunk, three heads.

python train_demographics.py [EPOCHS [OUT]]
The sets speak different languages: FairFace knows age bins and seven groups, UTKFace years and five groups. Each is asked in its own.
"""
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from augment import hidden, varied
from averaged import Averaged
from labelled import AGE_BINS, UTK_RACE, fairface, utk
from nets import AGES, RACES, Demographics
from places import CHECKPOINTS, THREADS

BATCH, LEARNING_RATE = 64, 2e-3

YEARS = torch.arange(AGES).float()
#: [9, 101]: which years a FairFace bin holds. [5, 7]: which of FairFace's groups a UTK group holds.
IN_BIN = torch.stack([(YEARS >= low) & (YEARS <= high) for low, high in AGE_BINS]).float()
IN_GROUP = torch.stack([torch.tensor([float(race in UTK_RACE[group]) for race in range(len(RACES))]) for group in UTK_RACE])
#: [101, 101]: a year as a distribution, two years wide.
AROUND = torch.exp(-0.5 * ((YEARS[None] - YEARS[:, None]) / 2.0) ** 2)
AROUND /= AROUND.sum(1, keepdim=True)


def main(epochs=15.0, out=f"{CHECKPOINTS}/demographics.pt"):
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    data = Data()
    net = Demographics().to(memory_format=torch.channels_last)
    average = Averaged(net)
    steps = int(epochs * len(data.items) / BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=5e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.1, final_div_factor=1e3
    )
    started, sums = time.time(), np.zeros(4)
    for step, items in enumerate(data.batches(rng, steps), 1):
        net.train()
        chips, from_utk, labels = data.read(items)
        x = hidden(varied(chips, rng), rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x)
        loss, parts = loss_of([part.float() for part in logits], from_utk, labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        average.update(net, step)
        sums += float(loss.detach()), *parts
        if step % 200 == 0:
            print(f"step {step}/{steps} loss {sums / 200} {step * BATCH / (time.time() - started):.0f} img/s", flush=True)
            sums[:] = 0
        if step % 2000 == 0:
            print(f"[{step}]", data.measure(average.net), flush=True)
            average.save(out)
    print("final", data.measure(average.net), flush=True)
    average.save(out)


def loss_of(logits, from_utk, labels):
    """Labels: age bin or years, gender, race of seven or of five. -> the sum, and its parts for age, gender and race."""
    n, fair = len(from_utk), ~from_utk
    age, race = logits[0].log_softmax(1), logits[2].log_softmax(1)
    gender_loss = F.cross_entropy(logits[1], labels[:, 1], label_smoothing=0.05)
    age_loss = race_loss = 0.0
    if fair.any():
        within = torch.logsumexp(age[fair] + IN_BIN[labels[fair, 0]].log(), 1)
        age_loss = age_loss - within.sum() / n
        race_loss = race_loss + F.cross_entropy(logits[2][fair], labels[fair, 2], label_smoothing=0.05, reduction="sum") / n
    if from_utk.any():
        years = labels[from_utk, 0]
        distribution = -(AROUND[years] * age[from_utk]).sum(1).sum()
        expectation = 0.05 * (age[from_utk].exp() @ YEARS - years).abs().sum()
        age_loss = age_loss + (distribution + expectation) / n
        within = torch.logsumexp(race[from_utk] + IN_GROUP[labels[from_utk, 2]].clamp_min(1e-6).log(), 1)
        race_loss = race_loss - within.sum() / n
    return age_loss + gender_loss + race_loss, (float(age_loss), float(gender_loss), float(race_loss))


class Data:
    """Both sets as one: an item is (set, index into its used chips), set 0 FairFace, 1 UTKFace."""

    def __init__(self):
        self.fair, self.utk, self.validation = fairface("train"), utk(), fairface("val")
        train, self.held_out = (np.nonzero(part)[0] for part in (~self.utk[3], self.utk[3]))
        self.items = np.concatenate(
            [
                np.stack([np.zeros(len(self.fair[1]), int), np.arange(len(self.fair[1]))], 1),
                np.stack([np.ones(len(train), int), train], 1),
            ]
        )
        print("fairface", len(self.fair[1]), "utk", len(train), "held out", len(self.held_out), flush=True)

    def batches(self, rng, steps):
        done = 0
        while True:
            for items in np.array_split(rng.permutation(self.items), len(self.items) // BATCH):
                if done == steps:
                    return
                done += 1
                yield items

    def read(self, items):
        sets = self.fair, self.utk
        chips = np.stack([sets[k][0][sets[k][1][i]] for k, i in items])
        labels = np.stack([sets[k][2][i] for k, i in items])
        return chips, torch.from_numpy(items[:, 0] == 1), torch.from_numpy(labels)

    @torch.no_grad()
    def measure(self, net):
        age, gender, race = predict(net, self.utk[0], self.utk[1][self.held_out])
        truth = torch.from_numpy(self.utk[2][self.held_out])
        error = (age @ YEARS - truth[:, 0]).abs().mean()
        utk_text = f"MAE {error:.2f} gender {share(gender, truth[:, 1])} race5 {share(race @ IN_GROUP.T, truth[:, 2])}"
        age, gender, race = predict(net, self.validation[0], self.validation[1])
        truth = torch.from_numpy(self.validation[2])
        fair_text = f"age bin {share(age @ IN_BIN.T, truth[:, 0])} gender {share(gender, truth[:, 1])} race7 {share(race, truth[:, 2])}"
        return f"UTKFace held out: {utk_text} | FairFace val: {fair_text}"


def predict(net, pictures, indices):
    """Probabilities of age, gender and race."""
    net.eval()
    parts = [[], [], []]
    for k in range(0, len(indices), 128):
        chips = torch.from_numpy(np.stack([pictures[i] for i in indices[k : k + 128]]))
        x = (chips.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        for part, logits in zip(parts, net(x)):
            part.append(logits.softmax(1))
    return [torch.cat(part) for part in parts]


def share(scores, truth):
    return f"{(scores.argmax(1) == truth).float().mean():.4f}"


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *sys.argv[2:3])
