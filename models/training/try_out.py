"""Runs every command of README.md on stand-ins, a few seconds each: what does not start is found here and not on a rented machine.

CHECKPOINTS=checkpoints python try_out.py FOLDER [TEXT]
FOLDER takes stand-in sources, teachers, packed sources, copies of the checkpoints and a pack. TEXT: only commands that have it in them,
on what is in FOLDER already. Ends with 1 where a command failed.
"""

import os
import shutil
import subprocess
import sys
import time

from places import CHECKPOINTS
from stand_in import build_sources, build_teachers

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = "3"
#: (arguments, environment beside what `run` sets), in the order of README.md; the bare checkpoints have no temperatures.
COMMANDS = [
    ("prepare.py fair fairval utk aaf raf ferp celeba mask lfw", {}),
    ("export.py", {}),
    ("prepare_empty.py", {}),
    ("prepare_scenes.py", {}),
    ("labels.py fair fairval utk aaf raf ferp mask", {}),
    ("prepare_drawn.py", {"PICTURES": "30"}),
    ("quantise.py", {}),
    ("compare.py {pack} {pack}", {}),
    ("operations.py", {}),
    ("evaluate.py", {}),
    ("evaluate_found.py int8", {}),
    ("evaluate_rolls.py int8", {}),
    ("evaluate_lfw.py float32 product 0-0,10-20", {}),
    ("evaluate_lfw.py int8 teacher", {}),
    ("evaluate_lfw_all.py", {}),
    ("evaluate_drawn.py 20", {}),
    ("collage.py {sources}/lfw_deepfunneled {collages} 2", {}),
    ("evaluate_collages.py {collages} int8", {}),
    (f"train_embedder.py {SECONDS}", {}),
    (f"train_attributes.py {SECONDS}", {}),
    (f"train_attributes.py {SECONDS} wider 1.2", {"FROM": "{checkpoints}/attributes.pt"}),
    (f"train_students.py {SECONDS} 1.0 attributes=1.0 wider=1.2", {}),
    (f"train_emotion.py {SECONDS} {SECONDS}", {}),
    (f"train_emotion.py {SECONDS}", {"FORMAT": "first"}),
    (f"train_detector.py {SECONDS}", {}),
    (f"train_detector.py {SECONDS}", {"START_DETECTOR": "{checkpoints}/detector.first.pt", "TINY": "1", "STRIDE": "2"}),
    (f"train_refine.py {SECONDS}", {}),
    (f"train_refine.py {SECONDS}", {"FROM": "{checkpoints}/refine.pt", "FACES": "utk,celeba", "NOTHING": "empty,drawn,drawn"}),
    (f"train_mask.py {SECONDS}", {}),
    ("export.py", {"CHECKPOINTS": "{checkpoints}/bare"}),
    ("temperatures.py", {"CHECKPOINTS": "{checkpoints}/bare"}),
]


def main(folder, text=""):
    folder = os.path.abspath(folder)
    places = {name: f"{folder}/{name}" for name in ("sources", "teachers", "packed", "checkpoints", "pack", "collages")}
    if not text:
        build_sources(places["sources"])
        build_teachers(places["teachers"])
        copy_checkpoints(places["checkpoints"])
    done = [run(*command, places) for command in COMMANDS if text in command[0]]
    print(sum(done), "of", len(done), "commands ran")
    return 0 if all(done) else 1


def copy_checkpoints(folder):
    """And once more without temperatures, as temperatures.py wants them."""
    for to, left_out in ((folder, None), (f"{folder}/bare", shutil.ignore_patterns("heads.json"))):
        shutil.copytree(CHECKPOINTS, to, dirs_exist_ok=True, copy_function=shutil.copyfile, ignore=left_out)


def run(arguments, extra, places):
    """Whether it ended with 0; otherwise its last lines are printed."""
    settings = {name.upper(): place for name, place in places.items()}
    settings.update(BATCH="8", LIMIT="24", START=f"{places['teachers']}/fr_feature.onnx", DETECTOR=f"{places['pack']}/detect/model.onnx")
    settings.update({name: value.format(**places) for name, value in extra.items()})
    command, started = arguments.format(**places).split(), time.time()
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", *command], cwd=HERE, env={**os.environ, **settings}, capture_output=True, text=True
    )
    ok = ended.returncode == 0
    told = " ".join([f"{name}={value}" for name, value in extra.items()] + [arguments])
    print("ok" if ok else "FAILED", told, f"{time.time() - started:.0f} s", flush=True)
    if not ok:
        print(ended.stdout[-500:], ended.stderr[-2500:], flush=True)
    return ok


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
