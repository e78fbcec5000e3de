// Evaluates the embedded model, as the kernel does: same formulas, same order of parts, doubles throughout.
// See crates/kernel/src/spec.rs for the formulas.
"use strict";
const Gummel = (typeof globalThis.Gummel === "object" && globalThis.Gummel) || {};
globalThis.Gummel = Gummel;

(() => {
  const UM = 1e-6;
  const EXP_LIMIT = 700;

  // Covariates in the kernel's order: ln_l ln_w inv_l inv_w tau speed skew.
  const covariates = (p) => [
    Math.log(p.l / UM), Math.log(p.w / UM), (0.13 * UM) / p.l, (0.15 * UM) / p.w,
    (p.temperature - 300.15) / 100, p.speed, p.skew,
  ];

  // The place as bases see it: sizes far from those that were fitted count as nearer, see crates/kernel/src/hull.rs.
  const MARGIN = 0.1823215567939546;
  const ROUNDING = 0.1;
  const seen = (hull, place) => {
    if (!hull) return place;
    const pull = (size, [low, high]) => {
      const u = Math.log(size / UM);
      const [a, b] = [low - MARGIN, high + MARGIN];
      return UM * Math.exp(0.5 * (a + b + Math.hypot(u - a, ROUNDING) - Math.hypot(u - b, ROUNDING)));
    };
    return { ...place, w: pull(place.w, hull.lnW), l: pull(place.l, hull.lnL) };
  };

  const basis = (terms, c) =>
    terms.map((row) => row.reduce((product, n, k) => (n === 0 ? product : product * c[k] ** n), 1));

  const times = (matrix, vector, rows) => {
    const out = new Array(rows).fill(0);
    for (let r = 0; r < rows; r++)
      for (let k = 0; k < vector.length; k++) out[r] += matrix[r * vector.length + k] * vector[k];
    return out;
  };

  // Weights of the corners tt ff ss sf fs at a position, and a device's own deviation there: see crates/model/src/corner_space.rs.
  const weights = ({ speed: s, skew: k }) =>
    [1 - s * s - k * k, 0.5 * s * (s + 1), 0.5 * s * (s - 1), 0.5 * k * (k - 1), 0.5 * k * (k + 1)];
  const deviationAt = (spec, device, place) => {
    const { corners } = spec.devices[device];
    if (!corners) return spec.deviations[device];
    const parts = weights(place).map((weight, i) => [weight, spec.deviations[corners[i]]]);
    return spec.deviations[device].map((branch, b) => branch.map((head, o) =>
      head.map((_, i) => parts.reduce((sum, [weight, d]) => sum + weight * d[b][o][i], 0))));
  };

  const isCharge = (kind) => kind.endsWith("_charge");

  // One device at one place as plain numbers; `device` is an index.
  Gummel.fold = (spec, device, place) => {
    const deviation = deviationAt(spec, device, place);
    const branches = spec.branches.map((branch, b) => {
      const c = covariates(place);
      const near = covariates(seen(branch.hull, place));
      const statics = branch.statics.map(([k, scale]) => c[k] * scale);
      const layers = branch.layers.map((layer, k) => {
        if (k > 0) return layer;
        const weight = [];
        const bias = layer.bias.slice();
        for (let n = 0; n < layer.outputs; n++) {
          const row = n * layer.inputs;
          for (let i = 0; i < 3; i++) weight.push(layer.weight[row + i]);
          for (let i = 3; i < layer.inputs; i++) bias[n] += layer.weight[row + i] * statics[i - 3];
        }
        return { inputs: 3, outputs: layer.outputs, weight, bias };
      });
      const phi = basis(branch.population, near);
      const psi = basis(branch.deviation, near);
      const rows = layers[layers.length - 1].outputs + 1;
      const outputs = branch.outputs.map((output, o) => {
        const head = times(branch.populationHeads[o], phi, rows);
        const own = times(deviation[b][o], psi, rows);
        for (let r = 0; r < rows; r++) head[r] += own[r];
        const constant = head.pop();
        let factor = 1;
        if (output.perGeometry)
          factor = isCharge(output.kind)
            ? (place.w / UM) * (place.l / UM) * place.mult
            : (place.w * place.mult) / place.l;
        return { kind: output.kind, scale: output.scale * factor, head, constant };
      });
      const folded = { ...branch, layers, outputs };
      const zero = trunk(folded, features(folded, [0, 0, 0, 0])).z;
      for (const o of outputs)
        if (o.kind === "gate_charge" || o.kind === "bulk_charge")
          o.constant = -o.head.reduce((sum, h, k) => sum + h * zero[k], 0);
      return folded;
    });
    return { sign: spec.sign, branches };
  };

  // Trunk inputs and their derivatives over (vgs, vds, vbs): rows of three.
  const features = (branch, v) => {
    const { x, dx } = scaled(branch, v);
    const c = branch.saturation;
    if (!c) return { x, dx };
    const t = x.map((x) => Math.tanh(x / c));
    return { x: t.map((t) => c * t), dx: dx.map((row, k) => row.map((d) => d * (1 - t[k] * t[k]))) };
  };

  // The same before inputs saturate.
  const scaled = (branch, [vd, vg, vs, vb]) => {
    const [sg, sd, sb] = branch.scale;
    const [cg, cd, cb] = branch.center;
    const vds = vd - vs;
    if (!branch.symmetric)
      return {
        x: [(vg - vs - cg) * sg, (vds - cd) * sd, (vb - vs - cb) * sb],
        dx: [[sg, 0, 0], [0, sd, 0], [0, 0, sb]],
      };
    const e = branch.smoothing;
    const r = Math.sqrt(vds * vds + e * e);
    const a = r - e;
    const slope = vds / r;
    const shift = 0.5 * (a - (vd + vs));
    const k = branch.knee;
    const p = k ? Math.sqrt(k * k + 2 * k * a) : 0;
    const [b, along] = k ? [p - k, (slope * k) / p] : [a, slope];
    return {
      x: [(vg + shift - cg) * sg, (b - cd) * sd, (vb + shift - cb) * sb],
      dx: [[sg, 0.5 * (slope - 1) * sg, 0], [0, along * sd, 0], [0, 0.5 * (slope - 1) * sb, sb]],
    };
  };

  // Neurons of the last layer and their derivatives over (vgs, vds, vbs).
  const trunk = (branch, { x, dx }) => {
    let z = x;
    let dz = dx;
    for (const layer of branch.layers) {
      const next = new Array(layer.outputs);
      const slopes = new Array(layer.outputs);
      for (let n = 0; n < layer.outputs; n++) {
        let sum = layer.bias[n];
        let [a, b, c] = [0, 0, 0];
        for (let i = 0; i < layer.inputs; i++) {
          const w = layer.weight[n * layer.inputs + i];
          sum += w * z[i];
          a += w * dz[i][0];
          b += w * dz[i][1];
          c += w * dz[i][2];
        }
        const t = Math.tanh(sum);
        const s = 1 - t * t;
        next[n] = t;
        slopes[n] = [s * a, s * b, s * c];
      }
      z = next;
      dz = slopes;
    }
    return { z, dz };
  };

  // A current or charge with its derivatives over (vgs, vds, vbs).
  const physical = (kind, scale, y, dy, vds) => {
    const clamped = Math.max(-EXP_LIMIT, Math.min(EXP_LIMIT, y));
    if (kind === "channel") {
      const g = scale * Math.exp(clamped);
      const i = g * vds;
      return [i, i * dy[0], g + i * dy[1], i * dy[2]];
    }
    if (kind === "gate" || kind === "bulk") {
      const [up, down] = [Math.exp(clamped), Math.exp(-clamped)];
      const cosh = 0.5 * scale * (up + down);
      return [0.5 * scale * (up - down), ...dy.map((d) => cosh * d)];
    }
    if (kind === "channel_charge") {
      const q = scale * vds;
      return [q * y, q * dy[0], scale * y + q * dy[1], q * dy[2]];
    }
    return [scale * y, ...dy.map((d) => scale * d)];
  };

  const combine = (terms) => {
    const out = [0, 0, 0, 0];
    for (const [factor, values] of terms)
      if (values) for (let k = 0; k < 4; k++) out[k] += factor * values[k];
    return out;
  };

  // Everything at terminal voltages [vd, vg, vs, vb] in volts; SI units, currents and charges into the device.
  Gummel.evaluate = (folded, volts) => {
    const s = folded.sign;
    const v = volts.map((x) => s * x);
    const found = {};
    for (const branch of folded.branches) {
      const { z, dz } = trunk(branch, features(branch, v));
      for (const o of branch.outputs) {
        let y = o.constant;
        const dy = [0, 0, 0];
        for (let k = 0; k < z.length; k++) {
          y += o.head[k] * z[k];
          for (let m = 0; m < 3; m++) dy[m] += o.head[k] * dz[k][m];
        }
        found[o.kind] = physical(o.kind, o.scale, y, dy, v[0] - v[2]);
      }
    }
    const share = folded.branches[0].symmetric ? -0.5 : 0;
    const terminals = (channel, gate, bulk) => [
      combine([[1, channel], [share, gate], [share, bulk]]),
      gate || [0, 0, 0, 0],
      combine([[-1, channel], [-1 - share, gate], [-1 - share, bulk]]),
      bulk || [0, 0, 0, 0],
    ];
    const currents = terminals(found.channel, found.gate, found.bulk);
    const charges = terminals(found.channel_charge, found.gate_charge, found.bulk_charge);
    const id = currents[0];
    return {
      id: s * id[0], gm: id[1], gds: id[2], gmb: id[3],
      currents: currents.map((c) => s * c[0]), charges: charges.map((c) => s * c[0]),
    };
  };

  // Largest relative difference from what the kernel computed when the page was written.
  Gummel.distanceFromKernel = (data) => {
    let worst = 0;
    const apart = (here, there) => {
      const scale = Math.max(...there.map(Math.abs), Number.MIN_VALUE);
      here.forEach((h, k) => { worst = Math.max(worst, Math.abs(h - there[k]) / scale || 0); });
    };
    for (const p of data.proof) {
      const point = Gummel.evaluate(Gummel.fold(data.spec, p.device, p.place), p.v);
      apart(point.currents, p.currents);
      apart([point.gm, point.gds, point.gmb], p.slopes);
      apart(point.charges, p.charges);
    }
    return worst;
  };
})();
