"""Heads on one trunk: linear, at different depths or small networks; outputs at different depths of the trunk.

    gummel data convert ihp-sg13g2/ --out ihp.parquet
    python heads.py devices ihp.parquet ihp-sg13g2/lv_nmos --celsius 27 --every 3 --points 31,102
    python heads.py outputs demo130-noisy.parquet demo130/nmos --celsius 27 --points 20,60

Every way is one network of the same code, with inputs x (gate, drain, bulk) and a head per device k and output,

    a = tanh(W1 x + b1)      z = tanh((W2 + d_k) a + b2 + e_k)      u = tanh(V_k z + o_k)      y = h_k . f + c_k + g_k . u

`devices`, drain current alone. linear: f = z. skip: f = (a, z). first: f = a. mlp: f = z with d_k and e_k, else zero.
mlp free: no f, NEURONS private neurons u. mlp beside: f = z and the private neurons. wide: linear with twice the neurons.
Heads h, c are penalised deviations around common ones; d, e, V, o, g are penalised towards zero. One strength serves all
penalties of a way; where devices have neurons of their own, heads are held with a hundredth of it, as in cross_stitch.py.
"from linear" begins with the fit of linear, which these ways contain, and penalises the steps from there, as soft sharing
does in cross_stitch.py.

`outputs`, drain current i = CONDUCTANCE W/L vds exp(y) and bulk current i = 2 floor sinh(y). both: f = z for both. ib deep:
f = a for id, f = z for ib. id deep: the reverse. apart: a trunk per output. successive: the output on the first layer is
fitted alone, then the other one, with the squared distance of W1, b1 from what they were penalised by a second strength
(K. Hashimoto et al., "A joint many-task model: growing a neural network for multiple NLP tasks", 2017; one pass instead of
alternating epochs, and without their label embeddings).

Strengths are chosen by a fifth of the fitted readings. Of STARTS random starts, the same for all ways, the one with the least
cost counts. Solver, residuals of id, weights and draws are those of cross_stitch.py. The error of id is the relative RMS
error over the strong set, that of ib the median relative error where ib is above 100 noise floors, on devices with STRONG
such readings. Needs numpy and polars.
"""

import argparse
from dataclasses import dataclass, replace

import numpy as np

from cross_stitch import (
    CONDUCTANCE,
    STARTS,
    STRENGTHS,
    Readings,
    draw,
    interval,
    judge,
    minimised,
    offset_noise,
    readings,
    steps,
    targets,
)

NEURONS = 4
STRONG = 20
FREE = 1e-8  # penalty of common numbers
HOLDS = (1e4, 1e2, 1.0, 1e-2)  # penalties of the first layer, where fitted successively
PRIVATE = ("v", "o", "g")


@dataclass
class Way:
    """What the heads of every output see, and what else devices or outputs have of their own."""

    sees: tuple
    neurons: int = 0
    layer: bool = False  # a second layer per device
    apart: bool = False  # a trunk per output
    lower: int | None = None  # output that is fitted before the other one
    origin: str | None = None  # way with whose fit this one begins
    wider: int = 1  # so many times the neurons of the others' layers


DEVICES = {
    "linear": Way(("second",)),
    "skip": Way(("both",)),
    "first": Way(("first",)),
    "mlp": Way(("second",), layer=True),
    "mlp free": Way(("none",), neurons=NEURONS),
    "mlp beside": Way(("second",), neurons=NEURONS),
    "wide": Way(("second",), wider=2),
    "skip from linear": Way(("both",), origin="linear"),
    "mlp from linear": Way(("second",), layer=True, origin="linear"),
    "mlp beside from linear": Way(("second",), neurons=NEURONS, origin="linear"),
}
OUTPUTS = {
    "both": Way(("second", "second")),
    "ib deep": Way(("first", "second")),
    "id deep": Way(("second", "first")),
    "ib deep successive": Way(("first", "second"), lower=0),
    "id deep successive": Way(("second", "first"), lower=1),
    "apart": Way(("second", "second"), apart=True),
}


class Network:
    """Trunk and heads of one way: which numbers are whose, and the outputs with their derivatives."""

    def __init__(self, way, devices, width):
        self.way, self.devices, self.currents = way, devices, len(way.sees)
        self.tasks, width = devices * self.currents, width * way.wider
        layers = np.arange(2 * width)
        seen = {"first": layers[:width], "second": layers[width:], "both": layers, "none": layers[:0]}
        self.seen = np.array([seen[name] for name in way.sees])
        self.shapes = {
            "w1": (width, 3), "b1": (width,), "w2": (width, width), "b2": (width,),
            "v": (way.neurons, width), "o": (way.neurons,), "g": (way.neurons,), "h": (self.seen.shape[1] + 1,),
        }  # fmt: skip

    def group(self, name, task):
        """Index and number of those that share a block of numbers: all tasks, an output's, or each its own."""
        if name == "all":
            return np.zeros_like(task), 1
        return (task // self.devices, self.currents) if name == "output" else (task, self.tasks)

    def blocks(self, strength, hold):
        """Free numbers as (name, whose, penalty); `hold` is the penalty of the first layer."""
        trunk = "output" if self.way.apart else "all"
        blocks = [("w1", trunk, hold), ("b1", trunk, hold)]
        if self.way.neurons or {"second", "both"} & set(self.way.sees):
            blocks += [("w2", trunk, FREE), ("b2", trunk, FREE)]
        if self.way.layer:
            blocks += [("w2", "own", strength), ("b2", "own", strength)]
        heads = strength * (0.01 if self.way.layer or self.way.neurons else 1.0)
        blocks += [("h", "output", FREE), ("h", "own", heads)]
        if self.way.neurons:
            blocks += [("v", "own", strength), ("o", "own", strength), ("g", "own", heads)]
        return blocks

    def sizes(self):
        """How many numbers a device has and how many are common."""
        size = {True: 0, False: 0}
        for name, whose, _ in self.blocks(1.0, 1.0):
            count = self.currents if whose == "own" else self.group(whose, np.arange(self.tasks))[1]
            size[whose == "own"] += count * int(np.prod(self.shapes[name]))
        return size[True], size[False]

    def at_random(self, rng):
        """One random trunk for all tasks, private neurons at random, heads at the typical conductance or at no current."""
        p = {name: np.zeros((self.tasks, *shape)) for name, shape in self.shapes.items()}
        for name in ("w1", "w2"):
            p[name][:] = rng.normal(0, 1 / np.sqrt(self.shapes[name][-1]), self.shapes[name])
        p["b1"][:], p["b2"][:] = rng.normal(0, 0.5, self.shapes["b1"]), rng.normal(0, 0.5, self.shapes["b2"])
        p["v"] = rng.normal(0, 1 / np.sqrt(self.shapes["v"][-1]), p["v"].shape)
        p["o"] = rng.normal(0, 0.5, p["o"].shape)
        return p

    def begun(self, p, given):
        """Numbers `p` with the trunk of another network and its heads, which see the second layer."""
        heads = p["h"].copy()
        heads[:, -given["h"].shape[1] :] = given["h"]
        return p | {name: given[name] for name in ("w1", "b1", "w2", "b2")} | {"h": heads}

    def outputs(self, p, d, jacobian=False):
        """y of every reading, and its derivatives over the numbers of the reading's task, by name."""
        p = {name: numbers[d.task] for name, numbers in p.items()}
        times = lambda m, v: np.einsum("nij,nj->ni", m, v)
        back = lambda m, v: np.einsum("nij,ni->nj", m, v)
        outer = lambda u, v: u[:, :, None] * v[:, None, :]
        a = np.tanh(times(p["w1"], d.x) + p["b1"])
        z = np.tanh(times(p["w2"], a) + p["b2"])
        u = np.tanh(times(p["v"], z) + p["o"])
        seen = self.seen[d.task // self.devices]
        f = np.take_along_axis(np.concatenate([a, z], axis=1), seen, axis=1)
        y = (f * p["h"][:, :-1]).sum(1) + p["h"][:, -1] + (u * p["g"]).sum(1)
        if not jacobian:
            return y, None
        layers = np.zeros((len(y), 2 * a.shape[1]))
        np.put_along_axis(layers, seen, p["h"][:, :-1], axis=1)
        by_first, by_second = np.split(layers, 2, axis=1)
        gu = p["g"] * (1 - u * u)
        gz = (by_second + back(p["v"], gu)) * (1 - z * z)
        ga = (by_first + back(p["w2"], gz)) * (1 - a * a)
        parts = {"w1": outer(ga, d.x), "b1": ga, "w2": outer(gz, a), "b2": gz, "v": outer(gu, z), "o": gu, "g": u}
        return y, parts | {"h": np.concatenate([f, np.ones((len(y), 1))], axis=1)}


class Problem:
    """Residuals of a network on readings, over steps from given numbers; private ones count from zero."""

    def __init__(self, net, given, d, strength=1.0, hold=FREE):
        self.net, self.d = net, d
        self.base = given | {name: np.zeros_like(given[name]) for name in PRIVATE}
        self.drain = d.task < net.devices
        self.target, self.weight = targets(d, np.where(self.drain, offset_noise(d), 0.0))
        self.scale = np.log(CONDUCTANCE * d.squares)
        self.blocks, begin, ridge = [], [], []
        for name, whose, penalty in net.blocks(strength, hold):
            count = net.group(whose, np.arange(net.tasks))[1]
            size = count * int(np.prod(net.shapes[name]))
            self.blocks.append((name, whose, count, size))
            begin.append(given[name].ravel() if name in PRIVATE else np.zeros(size))
            ridge.append(np.full(size, penalty))
        self.begin, self.ridge = np.concatenate(begin), np.concatenate(ridge)

    def parameters(self, theta):
        p = dict(self.base)
        for (name, whose, count, _), step in zip(self.blocks, steps(theta, self.blocks)):
            step = step.reshape(count, *self.net.shapes[name])
            p[name] = p[name] + step[self.net.group(whose, np.arange(self.net.tasks))[0]]
        return p

    def residuals(self, theta, jacobian=False):
        d = self.d
        y, parts = self.net.outputs(self.parameters(theta), d, jacobian)
        u = d.vds * np.exp(np.minimum(y + self.scale, 60)) / (2 * d.floor)
        r = self.weight * (np.where(self.drain, np.arcsinh(u), y) - self.target)
        if not jacobian:
            return r, None
        slope = self.weight * np.where(self.drain, u / np.hypot(1, u), 1.0)
        rows, columns = np.arange(len(y)), []
        for name, whose, count, size in self.blocks:
            column = np.zeros((len(y), count, size // count))
            column[rows, self.net.group(whose, d.task)[0]] = parts[name].reshape(len(y), -1)
            columns.append(column.reshape(len(y), size))
        return r, slope[:, None] * np.concatenate(columns, axis=1)


def fitted(net, given, d, strength, hold=FREE):
    """The numbers after a fit and what it minimised."""
    problem = Problem(net, given, d, strength, hold)
    theta, cost = minimised(problem, problem.begin)
    return problem.parameters(theta), cost


def misfit(net, p, d):
    """Sum of squared weighted residuals."""
    problem = Problem(net, p, d)
    r, _ = problem.residuals(problem.begin)
    return r @ r


def successive(net, given, d, strength, holds):
    """The lower output's fit, then, for every hold of the first layer, the other one's, which both outputs judge."""
    first = d.task // net.devices == net.way.lower
    below, above = d.take(first), d.take(~first)
    lower, _ = fitted(net, given, below, strength)
    upper = [fitted(net, lower, above, strength, hold) for hold in holds]
    return [(p, cost + misfit(net, p, below)) for p, cost in upper]


def fits(net, starts, d, strength, holds):
    """Of all starts the best fit, for every hold."""
    if net.way.lower is None:
        tries = [[fitted(net, start, d, strength)] for start in starts]
    else:
        tries = [successive(net, start, d, strength, holds) for start in starts]
    return [min(same, key=lambda t: t[1])[0] for same in zip(*tries)]


def at_random(net, seed):
    """The random starts of a draw."""
    return [net.at_random(np.random.default_rng([seed, k])) for k in range(STARTS)]


def begun(net, seed, origin, strengths, d):
    """The one start from another way's fit to the same readings."""
    given = fits(origin, at_random(origin, seed), d, strengths[0], strengths[1:])[0]
    return [net.begun(at_random(net, seed)[0], given)]


def chosen(net, starts, first, rest, fit):
    """A network's numbers after the fit with the strengths that are best at readings held out, and these strengths."""
    trial = starts(first)
    holds = (FREE,) if net.way.lower is None else HOLDS
    unseen = {}
    for strength in STRENGTHS:
        for hold, p in zip(holds, fits(net, trial, first, strength, holds)):
            unseen[strength, hold] = misfit(net, p, rest)
    strength, hold = min(unseen, key=unseen.get)
    return fits(net, starts(fit), fit, strength, (hold,))[0], (strength, hold)


def bulk_error(net, p, d):
    """Median relative error of a bulk current over its strong readings, by device."""
    y, _ = net.outputs(p, d)
    strong = np.abs(d.i) >= 100 * d.floor
    error = np.abs(2 * d.floor[strong] * np.sinh(y[strong]) / d.i[strong] - 1)
    return np.array([np.median(error[d.task[strong] == t]) for t in np.unique(d.task[strong])])


def stacked(parts, tasks):
    """Readings of several outputs as one, every output with tasks of its own."""
    columns = {name: np.concatenate([getattr(d, name) for d in parts]) for name in Readings.__dataclass_fields__}
    columns["task"] = np.concatenate([d.task + tasks * k for k, d in enumerate(parts)])
    return Readings(**columns)


def well_seen(bulk, tasks):
    """Whether each reading's device has enough strong readings of the bulk current."""
    strong = np.abs(bulk.i) >= 100 * bulk.floor
    return (np.bincount(bulk.task[strong], minlength=tasks) >= STRONG)[bulk.task]


def errors_by_output(net, p, currents, judged, tasks):
    """Errors of every output by device at the judged readings."""
    errors = {"id": judge(net, p, currents[0].take(judged))}
    if len(currents) > 1:
        bulk = currents[1].take(judged[well_seen(currents[1], tasks)[judged]])
        errors["ib"] = bulk_error(net, p, replace(bulk, task=bulk.task + tasks))
    return errors


def compare(ways, currents, tasks, points, args):
    """Errors of all ways as lists over draws, by output and way."""
    found = {}
    for seed in range(args.seeds):
        fit, judged, first, rest = draw(currents[0], tasks, points, seed)
        first, rest, fit = (stacked([d.take(rows) for d in currents], tasks) for rows in (first, rest, fit))
        known = {}
        for name, way in ways.items():
            net = Network(way, tasks, args.width)
            if way.origin is None:
                starts = lambda d: at_random(net, seed)
            else:
                starts = lambda d: begun(net, seed, *known[way.origin], d)
            p, strengths = chosen(net, starts, first, rest, fit)
            known[name] = net, strengths
            errors = errors_by_output(net, p, currents, judged, tasks)
            for output, error in errors.items():
                found.setdefault(output, {}).setdefault(name, []).append(error)
            medians = ", ".join(f"{output} {100 * np.median(error):.2f} %" for output, error in errors.items())
            hold = "" if way.lower is None else f", of the first layer {strengths[1]:g}"
            print(f"  seed {seed} {name}: strength {strengths[0]:g}{hold}, {medians}", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("devices", "outputs"))
    parser.add_argument("table")
    parser.add_argument("family")
    parser.add_argument("--celsius", type=float, default=27.0)
    parser.add_argument("--every", type=int, default=1, help="of so many devices one takes part")
    parser.add_argument("--points", default="31,102", help="fitted readings per device")
    parser.add_argument("--width", type=int, default=8, help="neurons of both layers of the trunk")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", help="these alone, against the first of them; 'from linear' needs linear before it")
    args = parser.parse_args()
    ways, names = (DEVICES, ("id",)) if args.what == "devices" else (OUTPUTS, ("id", "ib"))
    if args.ways:
        ways = {name: ways[name] for name in args.ways.split(",")}
    currents, tasks = readings(args.table, args.family, args.celsius, args.every, names)
    if len(currents) > 1 and not well_seen(currents[1], tasks).any():
        parser.error(f"no device has {STRONG} readings of ib above 100 noise floors; take more with --every 1")
    print(f"{tasks} devices, {len(currents[0].i)} readings")
    reference = next(iter(ways))
    for points in map(int, args.points.split(",")):
        for output, errors in compare(ways, currents, tasks, points, args).items():
            devices = len(errors[reference][0])
            print(f"{points} points per device: error of unseen {output}, median over {devices} devices and draws")
            for name, way in ways.items():
                own, common = Network(way, tasks, args.width).sizes()
                low, high = interval(errors[name], errors[reference])
                print(
                    f"{name:<22} {100 * np.median(errors[name]):>7.2f} %   against {reference} {low:+.0f} to {high:+.0f} %"
                    f"   {own} numbers per device, {common} common"
                )


if __name__ == "__main__":
    main()
