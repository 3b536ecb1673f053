"""The AWS CLI's commands that buildspecs have, in a tenth of the time; whatever else is wanted, the real one does."""
import base64
import datetime
import http.client
import importlib
import json
import os
import re
import sys
import time
from urllib.parse import quote, urlsplit

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from messages import Request  # noqa: E402  (the folder is on the path only now)
from signature import sign  # noqa: E402

ECR, CODEBUILD = "AmazonEC2ContainerRegistry_V20150921", "CodeBuild_20161006"
FUNCTION = {"function-name": ("FunctionName", str)}
# The CLI tries these again, and so they are left to it.
THROTTLED = re.compile("Throttl|TooManyRequests|SlowDown|RequestLimit")


def identities(words):
    return [dict(part.split("=", 1) for part in word.split(",")) for word in words]


def tags(words):
    return dict(part.split("=", 1) for word in words for part in word.split(","))


# By command: the operation, where it goes to, and its options with their fields and kinds.
COMMANDS = {
    "ecr get-login-password": ("GetAuthorizationToken", ECR, {}),
    "ecr describe-images": ("DescribeImages", ECR, {
        "repository-name": ("repositoryName", str), "image-ids": ("imageIds", identities)}),
    "ecr batch-get-image": ("BatchGetImage", ECR, {
        "repository-name": ("repositoryName", str), "image-ids": ("imageIds", identities)}),
    "codebuild batch-get-builds": ("BatchGetBuilds", CODEBUILD, {"ids": ("ids", list)}),
    "lambda get-function": ("GetFunction", ("GET", "", ""), {**FUNCTION, "qualifier": ("Qualifier", str)}),
    "lambda get-function-configuration": ("GetFunctionConfiguration", ("GET", "/configuration", ""), FUNCTION),
    "lambda update-function-code": ("UpdateFunctionCode", ("PUT", "/code", ""), {
        **FUNCTION, "image-uri": ("ImageUri", str), "revision-id": ("RevisionId", str), "publish": ("Publish", bool),
        "architectures": ("Architectures", list)}),
    "lambda publish-version": ("PublishVersion", ("POST", "/versions", ""), {
        **FUNCTION, "description": ("Description", str), "revision-id": ("RevisionId", str),
        "code-sha256": ("CodeSha256", str)}),
    "lambda update-alias": ("UpdateAlias", ("PUT", "/aliases/", "Name"), {
        **FUNCTION, "name": ("Name", str), "function-version": ("FunctionVersion", str),
        "description": ("Description", str), "revision-id": ("RevisionId", str)}),
    "lambda tag-resource": ("TagResource", ("POST", "tags", ""), {
        "resource": ("Resource", str), "tags": ("Tags", tags)}),
    "lambda untag-resource": ("UntagResource", ("DELETE", "tags", ""), {
        "resource": ("Resource", str), "tag-keys": ("tagKeys", list)}),
}
WAITS = {"function-updated": "LastUpdateStatus", "function-updated-v2": "LastUpdateStatus",
         "function-active": "State", "function-active-v2": "State"}
GLOBAL = {"region": ("region", str), "query": ("query", str), "output": ("output", str),
          "no-cli-pager": ("pager", bool)}
COPY = {"only-show-errors": ("quiet", bool), "quiet": ("quiet", bool), "no-progress": ("quiet", bool)}
OBJECT = {"bucket": ("bucket", str), "key": ("key", str), "version-id": ("version", str)}


class Unknown(Exception):
    """The real one shall do it."""


class Failed(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def options(words, known):
    """The fields that the options give, and the words that are none."""
    fields, others, words = {}, [], list(words)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            others.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name not in known:
            raise Unknown(word)
        field, kind = known[name]
        if kind is bool:
            fields[field] = True
        elif kind is str:
            fields[field] = value if equals else words.pop(0)
        else:
            values = [value] if equals else []
            while not equals and words and not words[0].startswith("--"):
                values.append(words.pop(0))
            fields[field] = kind(values)
    return fields, others


def send(service, method, target, headers, body=b""):
    address = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    request = Request(method, target, [("Host", address), *headers], body)
    credentials = tuple(os.environ.get("AWS_" + name) for name in (
        "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    sign(request, credentials, (os.environ["AWS_REGION"], service), datetime.datetime.now(datetime.timezone.utc))
    connection = http.client.HTTPConnection(address, timeout=300)
    try:
        connection.request(method, target, body, dict(request.headers))
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as problem:
        raise Unknown(problem) from None
    if answer.status < 300:
        return data
    found = re.search(rb'"__type": *"([^"]*)|<Code>([^<]*)', data)
    said = (found[1] or found[2]).decode() if found else str(answer.status)
    code = answer.getheader("x-amzn-ErrorType") or said
    if answer.status >= 500 or THROTTLED.search(code):
        raise Unknown(code)
    text = re.search(rb'"message": *"((?:[^"\\]|\\.)*)"|<Message>([^<]*)', data)
    raise Failed(code, (text[1] or text[2] or b"").decode() if text else "")


def call(command, fields):
    operation, place, _ = COMMANDS[command]
    if isinstance(place, str):
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", f"{place}.{operation}")]
        service = "ecr" if place == ECR else "codebuild"
        return json.loads(send(service, "POST", "/", headers, json.dumps(fields).encode()))
    method, rest, last = place
    if rest == "tags":
        target = "/2017-03-31/tags/" + quote(fields.pop("Resource"), safe="")
    else:
        name = quote(fields.pop("FunctionName"), safe="")
        target = f"/2015-03-31/functions/{name}{rest}" + (fields.pop(last) if last else "")
    if "Qualifier" in fields:
        target += "?Qualifier=" + quote(fields.pop("Qualifier"), safe="")
    if "tagKeys" in fields:
        target += "?" + "&".join("tagKeys=" + quote(key, safe="") for key in fields.pop("tagKeys"))
    body = b"" if method in ("GET", "DELETE") else json.dumps(fields).encode()
    data = send("lambda", method, target, [("Content-Type", "application/json")] if body else [], body)
    return json.loads(data) if data else None


def wait(fields, condition):
    """As the CLI waits: until it is so, and no longer than five minutes."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        status = call("lambda get-function-configuration", dict(fields))[WAITS[condition]]
        if status in ("Successful", "Active"):
            return
        if status == "Failed":
            raise Failed("", f"Waiter failed: the function's {WAITS[condition]} is Failed")
        time.sleep(0.1)
    raise Failed("", "Waiter failed: Max attempts exceeded")


def picked(value, query):
    """What a query of JMESPath finds."""
    if not re.fullmatch(r"\w+(\[\d+\]|\.\w+)*", query):
        return library("jmespath").search(query, value)
    # Names and indices need no library.
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", query):
        if value is None:
            return None
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        else:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
    return value


def library(name):
    """One of the real one's, which are not on the path: most commands need none."""
    version = "python{}.{}".format(*sys.version_info)
    root = os.path.dirname(os.path.dirname(sys.executable))
    sys.path.append(os.path.join(root, "lib", version, "site-packages"))
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise Unknown(problem) from None
    finally:
        sys.path.pop()


def show(value, general):
    if general.get("query"):
        value = picked(value, general["query"])
    if general.get("output", "json") == "json":
        if value is not None or general.get("query"):
            print(json.dumps(value, indent=4))
        return
    if isinstance(value, (dict, list)):
        return library("awscli.text").format_text(value, sys.stdout)
    print(value)


def fetch(bucket, key, version, place):
    target = f"/{bucket}/{quote(key, safe='/-_.~')}" + (f"?versionId={quote(version, safe='')}" if version else "")
    data = send("s3", "GET", target, [])
    if place == "-":
        sys.stdout.buffer.write(data)
        return
    if os.path.isdir(place):
        place = os.path.join(place, key.rpartition("/")[2])
    os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
    with open(place, "wb") as file:
        file.write(data)


def run(words):
    command = " ".join(words[:2])
    if command == "s3 cp":
        _, (source, target) = options(words[2:], {**GLOBAL, **COPY})
        if not source.startswith("s3://") or target.startswith("s3://"):
            raise Unknown(command)
        bucket, _, key = source.removeprefix("s3://").partition("/")
        return fetch(bucket, key, None, target)
    if command == "s3api get-object":
        fields, (target,) = options(words[2:], {**GLOBAL, **OBJECT})
        fetch(fields["bucket"], fields["key"], fields.get("version"), target)
        return show({"ContentLength": os.path.getsize(target)}, fields)
    if command == "lambda wait" and words[2] in WAITS:
        return wait(options(words[3:], FUNCTION)[0], words[2])
    if command not in COMMANDS:
        raise Unknown(command)
    fields, others = options(words[2:], {**GLOBAL, **COMMANDS[command][2]})
    general = {name: fields.pop(name) for name, _ in GLOBAL.values() if name in fields}
    if others or general.get("output", "json") not in ("json", "text"):
        raise Unknown(command)
    answer = call(command, fields)
    if command == "ecr get-login-password":
        token = answer["authorizationData"][0]["authorizationToken"]
        return print(base64.b64decode(token).decode().partition(":")[2])
    return show(answer, general)


def main():
    words = sys.argv[1:]
    try:
        run(words)
    except Failed as problem:
        operation = COMMANDS.get(" ".join(words[:2]), ("it",))[0]
        said = f"An error occurred ({problem.code}) when calling the {operation} operation: " if problem.code else ""
        print(f"\n{said}{problem}", file=sys.stderr)
            # As of the second version, which is on CodeBuild, does.
        sys.exit(254 if problem.code else 255)
    except (Unknown, ValueError, KeyError, IndexError, TypeError):
        sys.stdout.flush()
        os.execv(os.path.join(os.path.dirname(sys.executable), "aws"), ["aws", *words])


if __name__ == "__main__":
    main()
