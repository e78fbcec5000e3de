# Points per second of one device in ONNX Runtime, NumPy and PyTorch: python batch.py FOLDER < question; prints a row each.
import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import importlib.util
import json
import sys
import time

folder = sys.argv[1]
question = json.load(sys.stdin)


def rate(size, run):
    # Time of the processor, since calls may take longer than other programs leave this one alone.
    fastest, begin = float("inf"), time.process_time()
    for _ in range(question["tries"]):
        if time.process_time() - begin > 1:
            break
        start, rounds = time.process_time(), 0
        while time.process_time() - start < question["shortest"]:
            run()
            rounds += 1
        fastest = min(fastest, (time.process_time() - start) / rounds)
    return 1e-6 * size / fastest


def report(program, currents, derivatives):
    """Functions of a number of biases that give functions to time; `currents` gives arrays of id."""
    found, expected = currents(4096)(), question["id"][:4096]
    worst = max(abs(f - e) / max(abs(e), 1e-30) for f, e in zip(map(float, found), expected))
    for size in question["sizes"]:
        one, all_ = rate(size, currents(size)), rate(size, derivatives(size))
        print(f"{program:>22} {size:>8} {one:>14.3f} {all_:>22.3f}", flush=True)
    print(f"{program}: largest relative difference of id at 4096 biases {worst:.1e}", flush=True)


def onnx():
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    for name, dtype in (("f64", np.float64), ("f32", np.float32)):
        session = onnxruntime.InferenceSession(f"{folder}/{name}.onnx", options, ["CPUExecutionProvider"])
        vd, vg, _, vb = np.array(question["biases"], dtype).T
        inputs = {i.name for i in session.get_inputs()}

        def feed(size):
            values = {"vgs": vg, "vds": vd, "vbs": vb, "temperature": np.full(len(vd), 300.15, dtype)}
            return {k: np.ascontiguousarray(v[:size]) for k, v in values.items() if k in inputs}

        def outputs(names, pick):
            def at(size):
                given = feed(size)
                return lambda: pick(session.run(names, given))

            return at

        report(
            f"onnxruntime {name}",
            outputs(["id"], lambda out: out[0]),
            outputs(["id", "gm", "gds", "gmb"], lambda out: out),
        )


def numpy():
    import numpy as np

    spec = importlib.util.spec_from_file_location("device", f"{folder}/device.py")
    device = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(device)
    vd, vg, _, vb = np.array(question["biases"]).T

    def at(pick):
        def of(size):
            return lambda: pick(device.evaluate(device.DEVICES[0], vg[:size], vd[:size], vb[:size]))

        return of

    # One function computes all of it.
    report("numpy", at(lambda point: point["id"]), at(lambda point: point))


def pytorch():
    import torch

    torch.set_num_threads(1)
    network = question["network"]
    double = lambda x: torch.tensor(x, dtype=torch.float64)
    matrix = lambda layer: double(layer["weight"]).reshape(-1, layer["inputs"])
    layers = [(matrix(layer), double(layer["bias"])) for layer in network["layers"]]
    channel = next(h for h in network["heads"] if h["kind"] == "Channel")
    head, center, scale = double(channel["head"]), double(network["center"]), double(network["scale"])
    biases = double(question["biases"])

    def current(volts):
        vd, vg, vs, vb = (network["sign"] * volts).unbind(1)
        if network["symmetric"]:
            a = torch.sqrt((vd - vs) ** 2 + network["smoothing"] ** 2) - network["smoothing"]
            shift = 0.5 * (a - (vd + vs))
            k = network["knee"]
            b = a if k is None else torch.sqrt(k**2 + 2 * k * a) - k
            x = torch.stack([vg + shift, b, vb + shift], 1)
        else:
            x = torch.stack([vg - vs, vd - vs, vb - vs], 1)
        z = (x - center) * scale
        if network["saturation"] is not None:
            z = network["saturation"] * torch.tanh(z / network["saturation"])
        for weight, bias in layers:
            z = torch.tanh(torch.addmm(bias, z, weight.T))
        y = torch.mv(z, head) + channel["constant"]
        return network["sign"] * channel["scale"] * (vd - vs) * torch.exp(y)

    def currents(size):
        given = biases[:size]

        def run():
            with torch.inference_mode():
                return current(given)

        return run

    def derivatives(size):
        given = biases[:size].clone().requires_grad_()

        def run():
            id_ = current(given)
            return id_, torch.autograd.grad(id_.sum(), given)

        return run

    if len(network["heads"]) > 1:
        print("SKIPPED: pytorch: leakage beside the channel current is not in its program")
        return
    report("pytorch", currents, derivatives)


for name, program in (("onnxruntime", onnx), ("numpy", numpy), ("pytorch", pytorch)):
    try:
        program()
    except ImportError as missing:
        print(f"SKIPPED: {name}: {missing}; pip install {name.replace('py', '') if name == 'pytorch' else name}")
