"""The model repository that Triton serves over the Open Inference Protocol: one folder per model, named as its manifest's id.

    REPOSITORY/<id>/config.pbtxt       names, types and shapes, from the manifest; the batch that the graph was compiled for
    REPOSITORY/<id>/1/model.py         served.py
    REPOSITORY/<id>/1/model.pt         the compiled graph
    PACKS/<target>/detect/manifest.json   the detector's manifest with the one frame size that it was compiled for, and the one variant

What is compiled is always the float32 variant: the compilers know no QDQ, and the checkpoints are float32.
"""

import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.dirname(HERE)
#: The settings by which the services choose packs, and so what is compiled: see models/README.md.
MODEL_PACK = os.environ.get("MODEL_PACK", "compact")
MODEL_PACKS = os.environ.get("MODEL_PACKS", "")
ANALYZER_PACKS = os.environ.get("ANALYZER_PACKS", "")
#: Pixels of the frame that a compiled detector takes; every look at a photo is laid into one.
FRAME_SIDE = 800
#: As in services/inference/src/nodeTypes.ts: chips in a run (batchSizeMax), and NeuronCores of a chip (lanes), one server process each.
TARGETS = {
    "inf2": {"batch": 8, "cores": 2, "runtime": "torch_neuronx"},
    "inf1": {"batch": 4, "cores": 4, "runtime": "torch_neuron"},
}
DATATYPES = {"uint8": "TYPE_UINT8", "float32": "TYPE_FP32"}


def models_in_use():
    """The folder of each model of the packs in use, by its name: detector, look, embedder and analyzers, as the services find them."""
    chosen = dict(item.split("=") for item in items_of(MODEL_PACKS))
    found = {os.path.basename(folder): folder for folder in models_of(folder_of(MODEL_PACK))}
    found.update((name, os.path.join(folder_of(pack), name)) for name, pack in chosen.items())
    for pack in items_of(ANALYZER_PACKS):
        for folder in models_of(folder_of(pack)):
            name = os.path.basename(folder)
            if manifest_in(folder)["task"] != "analyze":
                continue
            if name in found:
                sys.exit(f'{folder}: there is an analyzer "{name}" already, in {found[name]}')
            found[name] = folder
    return found


def items_of(setting):
    return [item.strip() for item in setting.split(",") if item.strip()]


def folder_of(pack):
    """A pack is a name in models, or a path with a slash."""
    return os.path.abspath(pack) if "/" in pack else os.path.join(MODELS, pack)


def models_of(folder):
    """The folders with a manifest in a pack; the pack's own, where it has one."""
    inside = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return [one for one in ([folder] if is_model(folder) else inside) if is_model(one)]


def is_model(folder):
    return os.path.exists(os.path.join(folder, "manifest.json"))


def manifest_in(folder):
    with open(os.path.join(folder, "manifest.json")) as file:
        return json.load(file)


def float32_of(manifest):
    """The manifest with the one variant that is compiled."""
    variants = [variant for variant in manifest["variants"] if variant["precision"] == "float32"]
    if not variants:
        sys.exit(f"{manifest['id']}: has no float32 variant, and nothing else is compiled")
    return {**manifest, "variants": variants}


def compiled_shape(shape, batch):
    """A manifest's shape with every free number fixed."""
    free = {"n": batch, "height": FRAME_SIDE, "width": FRAME_SIDE, "cells": sum((FRAME_SIDE // s) ** 2 for s in (8, 16, 32))}
    return [free[side] if isinstance(side, str) else side for side in shape]


def lay_out(source, target, compiled, repository, packs):
    """Writes the folder of the model in `source`; `compiled` is the traced module."""
    import torch

    manifest = float32_of(manifest_in(source))
    folder = f"{repository}/{manifest['id']}"
    os.makedirs(f"{folder}/1", exist_ok=True)
    with open(f"{folder}/config.pbtxt", "w") as file:
        file.write(config(target, manifest))
    shutil.copy(f"{HERE}/served.py", f"{folder}/1/model.py")
    torch.jit.save(compiled, f"{folder}/1/model.pt")
    if manifest["task"] == "detect":
        write_detector(target, manifest, packs)


def write_detector(target, manifest, packs):
    """The detector's manifest for the stage in front of the server."""
    picture = manifest["inputs"][0]
    fixed = {**picture, "shape": compiled_shape(picture["shape"], TARGETS[target]["batch"])}
    os.makedirs(f"{packs}/{target}/detect", exist_ok=True)
    with open(f"{packs}/{target}/detect/manifest.json", "w") as file:
        json.dump({**manifest, "inputs": [fixed]}, file, indent=2)


def config(target, manifest):
    """`max_batch_size: 0`: the first dimension is part of the shape, and the client fills up short batches."""
    batch, cores, runtime = (TARGETS[target][key] for key in ("batch", "cores", "runtime"))

    def tensors(kind, entries):
        rows = []
        for entry in entries:
            dims = ", ".join(map(str, compiled_shape(entry["shape"], batch)))
            rows.append(f'  {{ name: "{entry["name"]}", data_type: {DATATYPES[entry["dtype"]]}, dims: [ {dims} ] }}')
        return f"{kind} [\n" + ",\n".join(rows) + "\n]\n"

    return (
        f'name: "{manifest["id"]}"\nbackend: "python"\nmax_batch_size: 0\n'
        + tensors("input", manifest["inputs"])
        + tensors("output", manifest["outputs"])
        + f"instance_group [ {{ kind: KIND_CPU, count: {cores} }} ]\n"
        + f'parameters {{ key: "runtime", value: {{ string_value: "{runtime}" }} }}\n'
    )
