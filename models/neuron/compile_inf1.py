"""LEGACY: compile the compact pack for the first AWS Inferentia (torch-neuron, archived by AWS) and lay out Triton's model repository.

CHECKPOINTS=checkpoints python compile_inf1.py REPOSITORY PACKS [TASK,TASK,...]
"""
import sys

import torch_neuron

from examples import graph_and_example
from repository import TASKS, lay_out


def main(repository, packs, tasks=",".join(TASKS)):
    for task in tasks.split(","):
        graph, example = graph_and_example(task, "inf1")
        # What the compiler does not know (bytes to floats, for one) is left to the CPU.
        compiled = torch_neuron.trace(graph, example, compiler_args=["--fast-math", "none"])
        lay_out(task, "inf1", compiled, repository, packs)
        print(task, "compiled", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
