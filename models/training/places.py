"""Where everything lies; each place is an environment variable."""
import os

#: The data sets, laid out as README.md says.
SOURCES = os.environ.get("SOURCES", "sources")
#: SCRFD and EdgeFace-XS as ONNX. They label the training data and are never shipped.
TEACHERS = os.environ.get("TEACHERS", "teachers")
#: Work files: aligned chips, teacher embeddings, labelled scenes.
CHIPS = os.environ.get("CHIPS", "chips")
#: Trained states.
CHECKPOINTS = os.environ.get("CHECKPOINTS", "checkpoints")
#: The exported graphs, one folder per task, and figures.json.
PACK = os.environ.get("PACK", "pack")
#: Threads per process: 2 where one job runs at a time, 1 where jobs run side by side.
THREADS = int(os.environ.get("THREADS", 2))
