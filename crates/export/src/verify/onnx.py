# Evaluates an ONNX export: python onnx.py FILE OPEN_INPUTS < points; prints tool, heading, a row per point.
import sys
import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
table = np.loadtxt(sys.stdin, ndmin=2)
columns = ["device", "vgs", "vds", "vbs"] + sys.argv[2:]
kinds = {"tensor(double)": np.float64, "tensor(float)": np.float32, "tensor(int64)": np.int64}
feed = {i.name: table[:, columns.index(i.name)].astype(kinds[i.type]) for i in session.get_inputs()}
names = [o.name for o in session.get_outputs()]
results = np.stack([np.asarray(r, dtype=np.float64) for r in session.run(names, feed)], axis=1)
print("tool onnxruntime", onnxruntime.__version__)
print(*names)
for row in results:
    print(*(repr(float(v)) for v in row))
