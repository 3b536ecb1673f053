"""Buildspecs: what is in one, and the shell script that carries out a phase as CodeBuild's agent does."""
import shlex

import yaml

PHASES = ("install", "pre_build", "build", "post_build")

# Before a phase's commands. They are evaluated one by one, so that a broken one does not spoil those before it, and
# not in a function, so that what they declare stays. However the shell ends, the next phase finds where it was.
PROLOGUE = """exec 2>&1
. {state}
export CODEBUILD_BUILD_SUCCEEDING={succeeding}
__imgwatch_say() {{
    local moment=$EPOCHREALTIME
    TZ=UTC printf '[Container] %(%Y/%m/%d %H:%M:%S)T.%s %s\\n' "${{moment%.*}}" "${{moment#*.}}" "$*"
}}
__imgwatch_end() {{
    local status=$?
    [ $status = 0 ] || __imgwatch_say "Command did not exit successfully $__imgwatch_command exit status $status"
    {{ declare -px; printf 'cd -- %q\\n' "$PWD"; }} >{state}
    printf '%s' "$__imgwatch_command" >{last}
}}
trap __imgwatch_end EXIT
"""
COMMAND = """__imgwatch_command={command}
__imgwatch_say "Running command $__imgwatch_command"
eval "$__imgwatch_command" || exit $?
"""


class Malformed(Exception):
    """What is wrong with a buildspec."""


def texts(value, place):
    """A list of commands, which may be one text."""
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or any(not isinstance(each, (str, int, float)) for each in values):
        raise Malformed(f"Expected {place} to be a list of strings")
    return [str(each) for each in values]


class Phase:
    def __init__(self, name, fields):
        if not isinstance(fields, dict):
            raise Malformed(f"Expected phases.{name} to be a map")
        self.commands = texts(fields.get("commands"), f"phases.{name}.commands")
        self.last = texts(fields.get("finally"), f"phases.{name}.finally")
        self.goes_on = fields.get("on-failure") == "CONTINUE"
        self.aborts = fields.get("on-failure") == "ABORT"


class Buildspec:
    def __init__(self, text):
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as problem:
            raise Malformed(str(problem)) from None
        if not isinstance(content, dict):
            raise Malformed("YAML file does not have a map at its root")
        if str(content.get("version")) not in ("0.1", "0.2"):
            raise Malformed(f"unsupported version: {content.get('version')}")
        environment = content.get("env") or {}
        self.variables = {name: str(value) for name, value in (environment.get("variables") or {}).items()}
        self.secret = [f"env.{name}" for name in ("parameter-store", "secrets-manager") if environment.get(name)]
        self.exported = texts(environment.get("exported-variables"), "env.exported-variables")
        phases = content.get("phases") or {}
        for name in phases:
            if name not in PHASES:
                raise Malformed(f"unknown phase: {name}")
        self.phases = {name: Phase(name, fields or {}) for name, fields in phases.items()}
        self.batch = content.get("batch")


class Node:
    """One of a batch's builds."""

    def __init__(self, fields):
        if not isinstance(fields, dict) or not fields.get("identifier"):
            raise Malformed("every build of the build-graph must have an identifier")
        self.identifier = str(fields["identifier"])
        self.after = texts(fields.get("depend-on"), f"depend-on of {self.identifier}")
        self.buildspec, self.may_fail = fields.get("buildspec"), bool(fields.get("ignore-failure"))
        environment = fields.get("env") or {}
        self.variables = {name: str(value) for name, value in (environment.get("variables") or {}).items()}
        names = {"image": "image", "type": "type", "compute-type": "computeType", "privileged-mode": "privilegedMode"}
        self.environment = {names[name]: value for name, value in environment.items() if name in names}


def nodes(spec):
    """The nodes of a build-graph, every one after those that it depends on."""
    graph = (spec.batch or {}).get("build-graph")
    if not isinstance(graph, list) or not graph:
        raise Malformed("the buildspec has no batch.build-graph")
    found = [Node(fields) for fields in graph]
    names = [node.identifier for node in found]
    if len(set(names)) < len(names):
        raise Malformed("identifiers of the build-graph must be unique")
    ordered, known = [], set()
    while len(ordered) < len(found):
        free = [node for node in found if node.identifier not in known and set(node.after) <= known]
        if not free:
            rest = sorted(set(names) - known)
            raise Malformed(f"the build-graph has a cycle, or depends on what it does not have: {', '.join(rest)}")
        ordered += free
        known |= {node.identifier for node in free}
    return ordered


def script(commands, state, last, succeeding):
    quoted = {"state": shlex.quote(state), "last": shlex.quote(last), "succeeding": int(succeeding)}
    return PROLOGUE.format(**quoted) + "".join(COMMAND.format(command=shlex.quote(each)) for each in commands)
