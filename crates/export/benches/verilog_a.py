"""Compiles Verilog-A to an OSDI 0.3 library: python verilog_a.py OUT.osdi MODEL.va...

OpenVAF's front end (PyPI: openvaf-py) parses a module, differentiates it and simplifies the result to instructions in
single-assignment form; what it lacks, machine code, a C compiler makes here. Good for the modules that gummel writes:
terminals only, no loops, no limiting, no noise, no operating-point variables, no check of parameter ranges.
"""

import os
import re
import subprocess
import sys

import openvaf_py

OPERATORS = {"add": "+", "sub": "-", "mul": "*", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "eq": "==", "ne": "!="}
INFIX = {kind + name: sign for name, sign in OPERATORS.items() for kind in "fi"} | {"fdiv": "/"}
CALLS = {name: name for name in "sqrt tanh exp pow sin cos tan atan atan2 sinh cosh log10 floor ceil hypot".split()}
CALLS["ln"] = "log"
# What an optimising compiler of Verilog-A may do as well, and OpenVAF does: reassociate, contract, assume no signed zeros.
OPTIONS = (
    "-O3 -march=native -shared -fPIC -w -fno-math-errno -fno-trapping-math -fassociative-math -freciprocal-math"
    " -fno-signed-zeros -ffp-contract=fast"
)

HEADER = """#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#define NONE UINT32_MAX
typedef struct { char **names; double *values; char **names_str; char **values_str; } SimParas;
typedef struct { SimParas paras; double abstime; double *prev_solve, *prev_state, *next_state; uint32_t flags; } SimInfo;
typedef struct { uint32_t flags, num_errors; void *errors; } InitInfo;
typedef struct { uint32_t one, two; } Pair;
typedef struct { Pair nodes; uint32_t react_ptr_off, flags; } Entry;
typedef struct { char *name, *units, *residual_units; uint32_t resist, react, limit_resist, limit_react; bool is_flow; } Node;
typedef struct { char **name; uint32_t num_alias; char *description, *units; uint32_t flags, len; } Param;
typedef struct {
    char *name; uint32_t num_nodes, num_terminals; Node *nodes; uint32_t num_entries; Entry *entries;
    uint32_t num_collapsible; Pair *collapsible; uint32_t collapsed_offset; void *noise; uint32_t num_noise;
    uint32_t num_params, num_instance_params, num_opvars; Param *params; uint32_t node_mapping_offset, pointers_offset;
    uint32_t num_states, state_offset, bound_step_offset, instance_size, model_size; void *functions[14];
} Descriptor;
_Static_assert(sizeof(Descriptor) == 240 && offsetof(Descriptor, functions) == 128, "layout of OSDI 0.3");
const uint32_t OSDI_VERSION_MAJOR = 0, OSDI_VERSION_MINOR = 3;
"""

LOADS = """
static void* M(access)(void *instance, void *model, uint32_t id, uint32_t flags) {
    struct M(model) *m = model;
    struct M(instance) *x = instance;
    if (id == 0) return x ? &x->multiplicity : (void*)0;
    if (id > PARAMS || !m) return (void*)0;
    if (flags & 1) m->given[id - 1] = true;
    return M(is_integer)[id - 1] ? (void*)&m->integer[id - 1] : (void*)&m->real[id - 1];
}
static void M(setup_model)(void *handle, void *model, SimParas *paras, InitInfo *info) {
    struct M(model) *m = model;
    for (int k = 0; k < PARAMS; k++) if (!m->given[k]) { m->real[k] = M(defaults)[k]; m->integer[k] = M(defaults)[k]; }
    *info = (InitInfo){0};
}
static void M(setup_instance)(void *handle, void *instance, void *model, double temperature, uint32_t terminals,
                              SimParas *paras, InitInfo *info) {
    struct M(instance) *x = instance;
    if (x->multiplicity == 0) x->multiplicity = 1;
    x->temperature = temperature;
    M(init)(x, model);
    *info = (InitInfo){0};
}
static uint32_t M(eval)(void *handle, void *instance, void *model, SimInfo *info) {
    struct M(instance) *x = instance;
    double v[NODES];
    for (int k = 0; k < NODES; k++) v[k] = info->prev_solve[x->map[k]];
    M(core)(x, model, v);
    return 0;
}
static void M(load_noise)(void *instance, void *model, double f, double *density) {}
static void M(load_residual_resist)(void *instance, void *model, double *to) {
    struct M(instance) *x = instance;
    for (int k = 0; k < NODES; k++) to[x->map[k]] += x->current[k];
}
static void M(load_residual_react)(void *instance, void *model, double *to) {
    struct M(instance) *x = instance;
    for (int k = 0; k < NODES; k++) to[x->map[k]] += x->charge[k];
}
static void M(load_limit)(void *instance, void *model, double *to) {}
static void M(load_rhs_tran)(void *instance, void *model, double *to, double *at, double alpha) {
    struct M(instance) *x = instance;
    for (int k = 0; k < NODES; k++) to[x->map[k]] -= x->current[k];
    for (int e = 0; e < ENTRIES; e++)
        to[x->map[M(entries)[e].nodes.one]] += (x->g[e] + alpha * x->c[e]) * at[x->map[M(entries)[e].nodes.two]];
}
static void M(load_rhs_dc)(void *instance, void *model, double *to, double *at) { M(load_rhs_tran)(instance, model, to, at, 0); }
static void M(load_jacobian_tran)(void *instance, void *model, double alpha) {
    struct M(instance) *x = instance;
    for (int e = 0; e < ENTRIES; e++) *x->resist[e] += x->g[e] + alpha * x->c[e];
}
static void M(load_jacobian_resist)(void *instance, void *model) { M(load_jacobian_tran)(instance, model, 0); }
static void M(load_jacobian_react)(void *instance, void *model, double alpha) {
    struct M(instance) *x = instance;
    for (int e = 0; e < ENTRIES; e++) if (x->react[e]) *x->react[e] += alpha * x->c[e];
}
"""

FUNCTIONS = (
    "access setup_model setup_instance eval load_noise load_residual_resist load_residual_react load_limit load_limit"
    " load_rhs_dc load_rhs_tran load_jacobian_resist load_jacobian_react load_jacobian_tran"
).split()


def literal(value):
    if value != value:
        return "NAN"
    return {"inf": "INFINITY", "-inf": "-INFINITY"}.get(str(value)) or float(value).hex()


class Body:
    """A function of the front end as statements of C; `inputs` says by index of the parameter what it is."""

    def __init__(self, mir, inputs):
        results = []
        constants = {n: literal(v) for n, v in mir["constants"].items()}
        constants |= {n: str(int(v)) for k in ("int_constants", "bool_constants") for n, v in mir[k].items()}
        parameters = dict(zip(mir["params"], inputs))
        self.name = lambda v: constants.get(v) or parameters.get(v) or v
        instructions = mir["instructions"]
        phis = [i for i in instructions if i["opcode"] == "phi"]
        lines, current = [], None
        for i in instructions:
            if i["block"] != current:
                current = i["block"]
                lines.append(f"{current}:;")
            lines += self.statement(i, phis, results)
        lines.append("end:;")
        self.declared = [f"double {v} = 0;" for v in results]
        self.lines = lines

    def statement(self, i, phis, results):
        code, name = i["opcode"], self.name
        if code == "phi":
            results.append(i["result"])
            return []
        if code in ("br", "jmp"):
            assert not i.get("loop_entry"), "loops are not translated"
            if code == "jmp":
                return [self.go(i["block"], i["destination"], phis)]
            yes, no = (self.go(i["block"], i[k], phis) for k in ("true_block", "false_block"))
            return [f"if ({name(i['condition'])} != 0) {{ {yes} }} else {{ {no} }}"]
        if code == "exit":
            return ["goto end;"]
        a = [name(o) for o in i["operands"]]
        if code in INFIX:
            value = f"{a[0]} {INFIX[code]} {a[1]}"
        elif code in CALLS:
            value = f"{CALLS[code]}({', '.join(a)})"
        elif code in ("fneg", "ineg"):
            value = f"-{a[0]}"
        elif code in ("optbarrier", "ifcast", "bicast", "bfcast"):
            value = a[0]
        elif code == "bnot":
            value = f"!({a[0]})"
        else:
            raise SystemExit(f"verilog_a.py: no translation of the instruction {i}")
        results.append(i["result"])
        return [f"{i['result']} = {value};"]

    def go(self, source, target, phis):
        moves = [
            f"{p['result']} = {self.name(o['value'])};"
            for p in phis
            if p["block"] == target
            for o in p["phi_operands"]
            if o["block"] == source
        ]
        return " ".join(moves + [f"goto {target};"])

    def text(self, head, tail):
        return "\n    ".join([head + " {", *self.declared, *self.lines, *tail]) + "\n}\n"


def voltage(name, nodes):
    ends = [f"v[{nodes.index(n)}]" for n in re.fullmatch(r"V\((.*)\)", name)[1].split(",")]
    return f"({' - '.join(ends)})"


def translate(path):
    (module,) = openvaf_py.compile_va(path)
    system, facts, defaults = module.get_dae_system(), module.get_osdi_descriptor(), module.get_param_defaults()
    nodes, parameters = system["terminals"], facts["params"]
    assert not system["num_internal"] and not system["num_collapsible"], "terminals only"
    order = [p["name"] for p in parameters]

    def source(name, kind):
        if kind == "param":
            k = order.index(name)
            return f"(double)m->integer[{k}]" if parameters[k]["flags"] & 3 == 1 else f"m->real[{k}]"
        if kind == "voltage":
            return voltage(name, nodes)
        return {"temperature": "x->temperature", "sysfun": "x->multiplicity"}.get(kind, "0.0")

    init, mir = module.get_init_mir_instructions(), module.get_mir_instructions()
    cache, jacobian = init["cache_mapping"], system["jacobian"]
    named = [source(*p) for p in zip(module.param_names, module.param_kinds)]
    kept = {c["eval_param"]: f"x->cached[{k}]" for k, c in enumerate(cache)}
    inputs = named + [kept.get(k, "0.0") for k in range(len(named), len(mir["params"]))]
    begin = Body(init, [source(*p) for p in zip(module.init_param_names, module.init_param_kinds)])
    core = Body(mir, inputs)

    def value(body, variable):
        return body.name(variable.replace("mir_", "v"))

    def both(resist, react, of):
        return f"{resist} = {value(core, of['resist_var'])}; {react} = {value(core, of['react_var'])};"

    stores = [both(f"x->current[{k}]", f"x->charge[{k}]", r) for k, r in enumerate(system["residuals"])]
    stores += [both(f"x->g[{k}]", f"x->c[{k}]", e) for k, e in enumerate(jacobian)]
    name = module.name
    text = tables(name, nodes, jacobian, parameters, defaults, len(cache))
    signature = f"static void {name}_{{}}(struct {name}_instance *restrict x, const struct {name}_model *restrict m{{}})"
    cached = [f"x->cached[{k}] = {value(begin, c['init_value'])};" for k, c in enumerate(cache)]
    text += begin.text(signature.format("init", ""), cached)
    text += core.text(signature.format("core", ", const double *restrict v"), stores) + LOADS
    return text, descriptor(name, len(nodes), len(jacobian), len(order))


def tables(name, nodes, jacobian, parameters, defaults, cached):
    """Structures of a module and what describes its nodes, matrix entries and parameters."""

    def rows(form, items):
        return ", ".join(form(k, item) for k, item in enumerate(items))

    def type_of(parameter):
        return parameter["flags"] & 3

    def node(k, n):
        return f'{{"{n}", "V", "A", AT(current[{k}]), AT(charge[{k}]), NONE, NONE, false}}'

    def entry(k, e):
        return f"{{{{{e['row_node_idx']}, {e['col_node_idx']}}}, AT(react[{k}]), 12}}"

    def param(k, p):
        return f'{{{name}_names[{k + 1}], 0, "", "", {type_of(p)}, 0}}'

    return f"""
#undef M
#undef NODES
#undef ENTRIES
#undef PARAMS
#undef AT
#define M(x) {name}_##x
#define NODES {len(nodes)}
#define ENTRIES {len(jacobian)}
#define PARAMS {len(parameters)}
#define AT(field) offsetof(struct {name}_instance, field)
struct {name}_model {{ double real[PARAMS]; int integer[PARAMS]; bool given[PARAMS]; }} __attribute__((aligned(16)));
struct {name}_instance {{
    double *resist[ENTRIES], *react[ENTRIES], current[NODES], charge[NODES], g[ENTRIES], c[ENTRIES];
    double cached[{max(1, cached)}], multiplicity, temperature;
    uint32_t map[NODES], state; bool collapsed[4];
}} __attribute__((aligned(16)));
static const bool {name}_is_integer[] = {{ {rows(lambda _, p: str(int(type_of(p) == 1)), parameters)} }};
static const double {name}_defaults[] = {{ {rows(lambda _, p: literal(defaults.get(p["name"], 0.0)), parameters)} }};
static Node {name}_nodes[] = {{ {rows(node, nodes)} }};
static Entry {name}_entries[] = {{ {rows(entry, jacobian)} }};
static char *{name}_names[][2] = {{ {{"$mfactor", "m"}}, {rows(lambda _, p: f'{{"{p["name"]}", 0}}', parameters)} }};
static Param {name}_params[] = {{ {{{name}_names[0], 1, "", "", 1u << 30, 0}}, {rows(param, parameters)} }};
"""


def descriptor(name, nodes, entries, parameters):
    at = f"offsetof(struct {name}_instance, {{}})".format
    functions = ", ".join(f"{name}_{f}" for f in FUNCTIONS)
    return f"""{{ "{name}", {nodes}, {nodes}, {name}_nodes, {entries}, {name}_entries, 0, 0, {at("collapsed")}, 0, 0,
    {parameters + 1}, 1, 0, {name}_params, {at("map")}, {at("resist")}, 0, {at("state")}, NONE,
    sizeof(struct {name}_instance), sizeof(struct {name}_model), {{ {functions} }} }}"""


def main():
    out, *sources = sys.argv[1:]
    modules = [translate(s) for s in sources]
    text = HEADER + "".join(t for t, _ in modules)
    text += f"const uint32_t OSDI_NUM_DESCRIPTORS = {len(modules)};\n"
    text += "Descriptor OSDI_DESCRIPTORS[] = {\n" + ",\n".join(d for _, d in modules) + "\n};\n"
    with open(out + ".c", "w") as file:
        file.write(text)
    compiler = os.environ.get("CC", "cc").split()
    subprocess.run([*compiler, *OPTIONS.split(), "-o", out, out + ".c", "-lm"], check=True)


main()
