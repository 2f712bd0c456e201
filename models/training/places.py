"""Where everything lies, and what a run may be told: every environment variable that this folder reads."""

import os


def number(name, default, kind=float):
    return kind(os.environ.get(name) or default)


#: The data sets, laid out as README.md says.
SOURCES = os.environ.get("SOURCES", "sources")
#: SCRFD as ONNX, which labels faces and is never shipped, and fr_feature.onnx.
TEACHERS = os.environ.get("TEACHERS", "teachers")
#: Work files: pictures in one file per source, with their points and labels.
PACKED = os.environ.get("PACKED", "packed")
#: Trained states, and what each training measured.
CHECKPOINTS = os.environ.get("CHECKPOINTS", "checkpoints")
#: The exported graphs, one folder per task, and figures.json.
PACK = os.environ.get("PACK", "pack")

#: The MIT-licensed MobileFaceNet that every MobileFaceNet here starts from.
START = os.environ.get("START", f"{TEACHERS}/fr_feature.onnx")
#: The detector whose false alarms prepare_empty.py collects.
DETECTOR = os.environ.get("DETECTOR", f"{PACK}/detect/model.onnx")
#: A checkpoint to go on from; without it a training starts anew.
START_DETECTOR, FROM = os.environ.get("START_DETECTOR"), os.environ.get("FROM")

#: Processes that prepare and evaluate side by side.
PROCESSES = number("PROCESSES", 2, int)
#: For a try-out: so many pictures of each source; 0 takes all.
LIMIT = number("LIMIT", 0, int)
#: Of a training; 0 means its own default.
BATCH, RATE, SEED = number("BATCH", 0, int), number("LR", 0), number("SEED", 0, int)
#: cuda or cpu; without it the first that is there. FORMAT=first keeps channels first in memory.
DEVICE, FORMAT = os.environ.get("DEVICE"), os.environ.get("FORMAT", "last")
#: The second look's lessons: sources of faces, and of what is none (twice: twice as often).
FACES, NOTHING = (os.environ.get(name, default).split(",") for name, default in (("FACES", "fair,utk,celeba"), ("NOTHING", "empty")))
#: The detector's last lessons: small dark faces (TINY=1), and every so-manieth scene only.
TINY, STRIDE = bool(os.environ.get("TINY")), number("STRIDE", 1, int)
#: Of a narrow net's channels, in those of MobileFaceNet.
WIDTH = number("WIDTH", 0.75)
#: Drawings that prepare_drawn.py makes.
PICTURES = number("PICTURES", 5000, int)
