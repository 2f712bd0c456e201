"""Compile the compact pack for AWS Inferentia2 (torch-neuronx) and lay out Triton's model repository.

CHECKPOINTS=checkpoints python compile_inf2.py REPOSITORY PACKS [TASK,TASK,...]
"""
import sys

import torch_neuronx

from examples import graph_and_example
from repository import TASKS, lay_out


def main(repository, packs, tasks=",".join(TASKS)):
    for task in tasks.split(","):
        graph, example = graph_and_example(task, "inf2")
        # Without it matrix products are done in bfloat16, and the answers are no longer the measured ones.
        compiled = torch_neuronx.trace(graph, example, compiler_args=["--auto-cast", "none"])
        lay_out(task, "inf2", compiled, repository, packs)
        print(task, "compiled", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
