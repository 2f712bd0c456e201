"""LEGACY: compile the packs in use for the first AWS Inferentia (torch-neuron, archived by AWS) and lay out Triton's model repository.

CHECKPOINTS=checkpoints python compile_inf1.py REPOSITORY PACKS [NAME,NAME,...]
"""

import sys

import torch_neuron

from examples import graph_and_example
from repository import lay_out, models_in_use


def main(repository, packs, names=None):
    models = models_in_use()
    for name in names.split(",") if names else models:
        graph, example = graph_and_example(models[name], "inf1")
        # What the compiler does not know (bytes to floats, for one) is left to the CPU.
        compiled = torch_neuron.trace(graph, example, compiler_args=["--fast-math", "none"])
        lay_out(models[name], "inf1", compiled, repository, packs)
        print(name, "compiled", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
