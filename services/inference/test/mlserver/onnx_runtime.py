"""A graph of a pack as an MLServer model: the file of `parameters.uri`, on one CPU thread."""

import numpy
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataTensor

DATATYPES = {"tensor(uint8)": "UINT8", "tensor(float)": "FP32"}


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            self.settings.parameters.uri, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [_metadata(tensor) for tensor in self.session.get_inputs()]
        self.outputs = [_metadata(tensor) for tensor in self.session.get_outputs()]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feed = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        names = [output.name for output in payload.outputs or []] or None
        values = self.session.run(names, feed)
        names = names or [tensor.name for tensor in self.session.get_outputs()]
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output(name, numpy.ascontiguousarray(value))
                for name, value in zip(names, values)
            ],
        )


def _metadata(tensor) -> MetadataTensor:
    return MetadataTensor(
        name=tensor.name,
        datatype=DATATYPES[tensor.type],
        shape=[side if isinstance(side, int) else -1 for side in tensor.shape],
    )
