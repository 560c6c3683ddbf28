#!/usr/bin/env python3
"""Predictions by ONNX Runtime: onnx_inference.py WORKLOAD FOLDER [--threads N] [--rows N]

The model is PyTorch's, exported. Writes one JSON object a line: {"event": "first_step"} after the first prediction, {"event":
"ready", …} with the greatest difference to PyTorch's prediction; then, for each line of standard input, which is a number of
seconds, the median time of a prediction in microseconds, measured for so long.
"""
import argparse
import json
import os
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workload", nargs="?")
parser.add_argument("folder", nargs="?")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rows", type=int, default=1)
parser.add_argument("--version", action="store_true", help="only say which ONNX Runtime is there")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import onnx  # what PyTorch exports with
import onnxruntime
import torch

if options.version:
    print(onnxruntime.__version__)
    sys.exit(0)

from torch_models import batches, model


class Model(torch.nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.function = forward

    def forward(self, x):
        return self.function(x)


def main():
    torch.set_num_threads(options.threads)
    trained, forward = model(options.workload, options.folder)
    for tensor in trained.values() if isinstance(trained, dict) else trained:
        tensor.requires_grad_(False)
    x = torch.cat(batches(options.workload, options.folder)[0])[:options.rows].contiguous()
    file = os.path.join(options.folder, options.workload + ".onnx")
    torch.onnx.export(Model(forward), (x,), file, opset_version=17, dynamo=False)

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
    name, row = session.get_inputs()[0].name, x.numpy()
    predict = lambda: session.run(None, {name: row})[0]
    prediction = predict()
    print(json.dumps(dict(event="first_step")), flush=True)
    difference = float((torch.from_numpy(prediction) - forward(x)).abs().max())
    print(json.dumps(dict(event="ready", difference=difference, prediction=prediction[0].ravel().tolist()[:10])), flush=True)
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while len(times) < 20 or time.perf_counter() < end:
            start = time.perf_counter()
            predict()
            times.append(time.perf_counter() - start)
        print(json.dumps(dict(median_us=sorted(times)[len(times) // 2] * 1e6)), flush=True)


main()
