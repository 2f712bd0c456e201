"""A compiled graph in Triton's Python backend. One process per NeuronCore, one batch at a time; names and shapes are config.pbtxt's."""

import importlib
import json
import os

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        # Before the runtime is imported: this process takes one core, whichever is free.
        os.environ.setdefault("NEURON_RT_NUM_CORES", "1")
        importlib.import_module(config["parameters"]["runtime"]["string_value"])
        self.torch = importlib.import_module("torch")
        path = os.path.join(args["model_repository"], args["model_version"], "model.pt")
        self.graph = self.torch.jit.load(path).eval()
        self.input = config["input"][0]["name"]
        self.outputs = [output["name"] for output in config["output"]]

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        try:
            pixels = pb_utils.get_input_tensor_by_name(request, self.input).as_numpy()
            with self.torch.no_grad():
                results = self.graph(self.torch.from_numpy(pixels))
            results = results if isinstance(results, (tuple, list)) else (results,)
            tensors = [pb_utils.Tensor(name, result.numpy()) for name, result in zip(self.outputs, results)]
            return pb_utils.InferenceResponse(output_tensors=tensors)
        except Exception as error:  # one bad request must not end the process that others wait for
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)))
