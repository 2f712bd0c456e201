"""Compile the packs in use for AWS Inferentia2 (torch-neuronx) and lay out Triton's model repository.

CHECKPOINTS=checkpoints python compile_inf2.py REPOSITORY PACKS [NAME,NAME,...]
"""

import sys

import torch_neuronx

from examples import graph_and_example
from repository import lay_out, models_in_use


def main(repository, packs, names=None):
    models = models_in_use()
    for name in names.split(",") if names else models:
        graph, example = graph_and_example(models[name], "inf2")
        # Without it matrix products are done in bfloat16, and the answers are no longer the measured ones.
        compiled = torch_neuronx.trace(graph, example, compiler_args=["--auto-cast", "none"])
        lay_out(models[name], "inf2", compiled, repository, packs)
        print(name, "compiled", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
