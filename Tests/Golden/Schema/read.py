"""Reads YAML files and judges them by a JSON schema: the second reader, beside imgwatch's own.

    read.py SCHEMA < FILES        one path a line; prints one JSON object a line

A file that is no YAML gets {"file", "unread"}, any other one {"file", "errors"}.
"""

import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 with its core schema, as editors read it; PyYAML knows 1.1 alone."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        # Keys are texts, as in JSON; `<<` is one like any other.
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def number(loader, node):
    text = node.value.replace(".inf", "inf").replace(".Inf", "inf").replace(".nan", "nan")
    for read in (lambda: int(text, 0 if text[:2] in ("0x", "0o") else 10), lambda: float(text)):
        try:
            return read()
        except ValueError:
            continue
    return node.value


RULES = [
    ("null", r"(?:~|null|Null|NULL|)", lambda loader, node: None),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", lambda loader, node: node.value.lower() == "true"),
    (
        "number",
        r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
        r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
        number,
    ),
]
for name, pattern, construct in RULES:
    tag = "tag:example.invalid,2026:" + name
    Loader.add_implicit_resolver(tag, re.compile(pattern + r"\Z"), None)
    Loader.add_constructor(tag, construct)


def judged(path, validator):
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = yaml.load(file, Loader)
    except (yaml.YAMLError, UnicodeError) as error:
        return {"file": path, "unread": str(error)}
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]
    return {"file": path, "errors": errors}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for line in sys.stdin:
        print(json.dumps(judged(line.rstrip("\n"), validator)))


main()
