"""Lambda's functions of images: versions, aliases and tags, and updates that take their time."""
import hashlib
import json
import re
import uuid
from datetime import datetime, timezone
from urllib.parse import unquote

from images import INDEXES
from messages import Answer, Refusal

ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
KEPT_FIELDS = ("Role", "Description", "Timeout", "MemorySize", "Environment", "ImageConfig", "EphemeralStorage")


def invalid(text):
    return Refusal(400, "InvalidParameterValueException", text)


class Function:
    def __init__(self, name, arn):
        self.name, self.arn, self.tags, self.versions, self.aliases = name, arn, {}, [], {}
        self.fields, self.image, self.resolved = {"Timeout": 3, "MemorySize": 128, "Description": ""}, None, None
        self.architectures, self.state, self.ends, self.failure, self.before = ["x86_64"], "Pending", 0, None, None
        self.update, self.changed, self.revision = "Successful", None, None

    def touch(self):
        self.revision = str(uuid.uuid4())
        self.changed = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"

    def settle(self, moment):
        """What has ended by now."""
        if moment < self.ends:
            return
        if self.state == "Pending":
            self.state = "Active"
        if self.update == "InProgress":
            self.update = "Failed" if self.failure else "Successful"
            if self.failure and self.before:
                # The function goes on with what it ran before.
                self.image, self.resolved, self.architectures = self.before

    def configuration(self):
        configuration = {
            "FunctionName": self.name, "FunctionArn": self.arn, "PackageType": "Image", "Version": "$LATEST",
            "LastModified": self.changed, "RevisionId": self.revision, "CodeSize": 0, "State": self.state,
            "CodeSha256": hashlib.sha256(self.resolved.partition("@")[2].encode()).hexdigest(),
            "LastUpdateStatus": self.update, "Architectures": list(self.architectures),
            "TracingConfig": {"Mode": "PassThrough"}, **self.fields}
        if self.state == "Pending":
            configuration |= {"StateReasonCode": "Creating", "StateReason": "The function is being created."}
        if self.update == "Failed":
            configuration |= {"LastUpdateStatusReasonCode": self.failure[0], "LastUpdateStatusReason": self.failure[1]}
        return configuration

    def code(self):
        return {"RepositoryType": "ECR", "ImageUri": self.image, "ResolvedImageUri": self.resolved}


class Functions:
    def __init__(self, gate, storage, emulator):
        self.gate, self.storage, self.emulator, self.all = gate, storage, emulator, {}
        self.prefix = f"arn:aws:lambda:{emulator.region}:{emulator.account}:function:"

    def carry_out(self, request):
        """The answer, under the gate's lock."""
        handler = getattr(self, "on_" + request.operation)
        fields = json.loads(request.body or b"{}")
        for function in self.all.values():
            function.settle(self.gate.clock())
        status, value = handler(fields, request, *request.arguments)
        body = b"" if value is None else json.dumps(value).encode()
        return Answer(status, body, [("Content-Type", "application/json")])

    def find(self, name, request=None):
        """By name or ARN; gives the qualifier too, which may stand in it."""
        parts = name.removeprefix(self.prefix).split(":")
        qualifier = parts[1] if len(parts) > 1 else (request.values().get("Qualifier") if request else None)
        if parts[0] not in self.all:
            raise Refusal(404, "ResourceNotFoundException", f"Function not found: {self.prefix}{parts[0]}")
        return self.all[parts[0]], qualifier

    def ready(self, function, revision):
        arn = function.arn
        if function.state == "Pending":
            raise Refusal(409, "ResourceConflictException", "The operation cannot be performed at this time. The "
                          "function is currently in the following state: Pending")
        if function.update == "InProgress":
            raise Refusal(409, "ResourceConflictException", "The operation cannot be performed at this time. An update "
                          f"is in progress for resource: {arn}")
        if revision and revision != function.revision:
            raise Refusal(412, "PreconditionFailedException", "The Revision Id provided does not match the latest "
                          "Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")

    def resolve(self, uri, architectures):
        """The address by digest of an image that Lambda takes."""
        found = re.fullmatch(r"([^/]+)/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?", uri or "")
        if not found or found[1] != self.gate.registry_address:
            raise invalid(f"Source image {uri} is not valid. Provide a valid source image.")
        host, repository, tag, digest = found.groups()
        digest = digest or self.storage.tag(repository, tag or "latest")
        image = self.storage.image(repository, digest) if digest else None
        if image is None or not self.emulator.has_repository(repository):
            raise invalid(f"Source image {uri} does not exist. Provide a valid source image.")
        if image.kind in INDEXES or any("zstd" in layer["mediaType"] for layer in image.content.get("layers", [])):
            raise invalid("The image manifest, config or layer media type for the source image "
                          f"{uri} is not supported.")
        configuration = json.loads(self.storage.blob(image.content["config"]["digest"]) or b"{}")
        if configuration.get("architecture") != ARCHITECTURES[architectures[0]]:
            raise invalid(f"The image's architecture '{configuration.get('architecture')}' does not match the "
                          f"function's architecture '{architectures[0]}'.")
        return f"{host}/{repository}@{digest}"

    def begin_update(self, function):
        function.touch()
        function.failure = self.gate.settings["lambdaFailure"] or None
        function.update, function.ends = "InProgress", self.gate.clock() + self.gate.settings["lambdaUpdate"]

    def on_CreateFunction(self, fields, _):
        name = fields["FunctionName"].removeprefix(self.prefix)
        if name in self.all:
            raise Refusal(409, "ResourceConflictException", f"Function already exist: {name}")
        if fields.get("PackageType") != "Image":
            raise invalid("The rig has functions of PackageType Image only.")
        if not self.emulator.has_role(fields.get("Role")):
            raise invalid("The role defined for the function cannot be assumed by Lambda.")
        function = Function(name, self.prefix + name)
        function.architectures = fields.get("Architectures", function.architectures)
        function.image = fields["Code"].get("ImageUri")
        function.resolved = self.resolve(function.image, function.architectures)
        function.fields |= {key: fields[key] for key in KEPT_FIELDS if key in fields}
        function.tags = dict(fields.get("Tags", {}))
        function.ends = self.gate.clock() + self.gate.settings["lambdaUpdate"]
        function.touch()
        self.all[name] = function
        if fields.get("Publish"):
            return 201, self.publish(function, {})
        return 201, function.configuration()

    def on_UpdateFunctionCode(self, fields, _, name):
        function, _ = self.find(name)
        self.ready(function, fields.get("RevisionId"))
        architectures = fields.get("Architectures", function.architectures)
        resolved = self.resolve(fields.get("ImageUri"), architectures)
        if fields.get("DryRun"):
            return 200, function.configuration()
        function.before = (function.image, function.resolved, function.architectures)
        function.image, function.resolved, function.architectures = fields["ImageUri"], resolved, architectures
        self.begin_update(function)
        return 200, self.publish(function, {}) if fields.get("Publish") else function.configuration()

    def on_UpdateFunctionConfiguration(self, fields, _, name):
        function, _ = self.find(name)
        self.ready(function, fields.get("RevisionId"))
        function.fields |= {key: fields[key] for key in KEPT_FIELDS if key in fields}
        function.before = None
        self.begin_update(function)
        return 200, function.configuration()

    def qualified(self, function, qualifier):
        """Configuration and code of $LATEST, of a version, or of an alias's version."""
        qualifier = function.aliases[qualifier]["FunctionVersion"] if qualifier in function.aliases else qualifier
        if qualifier in (None, "$LATEST"):
            return function.configuration(), function.code()
        for configuration, code in function.versions:
            if configuration["Version"] == qualifier:
                return configuration, code
        raise Refusal(404, "ResourceNotFoundException", f"Function not found: {function.arn}:{qualifier}")

    def on_GetFunction(self, _, request, name):
        function, qualifier = self.find(name, request)
        configuration, code = self.qualified(function, qualifier)
        tags = {"Tags": function.tags} if function.tags else {}
        return 200, {"Configuration": configuration, "Code": code, **tags}

    def on_GetFunctionConfiguration(self, _, request, name):
        return 200, self.qualified(*self.find(name, request))[0]

    def on_ListFunctions(self, _fields, _request):
        return 200, {"Functions": [self.all[name].configuration() for name in sorted(self.all)]}

    def on_DeleteFunction(self, _, request, name):
        function, _ = self.find(name, request)
        del self.all[function.name]
        return 204, None

    def publish(self, function, fields):
        configuration = function.configuration()
        if fields.get("CodeSha256", configuration["CodeSha256"]) != configuration["CodeSha256"]:
            raise invalid(f"CodeSHA256 ({fields['CodeSha256']}) is different from current CodeSHA256 in $LATEST "
                          f"({configuration['CodeSha256']}). Please try again with the CodeSHA256 in $LATEST.")
        if function.versions and function.versions[-1][1] == function.code():
            return function.versions[-1][0]
        number = str(len(function.versions) + 1)
        configuration |= {"Version": number, "FunctionArn": f"{function.arn}:{number}", "State": "Active",
                          "LastUpdateStatus": "Successful", "RevisionId": str(uuid.uuid4()),
                          "Description": fields.get("Description", configuration["Description"])}
        function.versions.append((configuration, function.code()))
        return configuration

    def on_PublishVersion(self, fields, _, name):
        function, _ = self.find(name)
        self.ready(function, fields.get("RevisionId"))
        return 201, self.publish(function, fields)

    def on_ListVersionsByFunction(self, _, request, name):
        function, _ = self.find(name, request)
        return 200, {"Versions": [function.configuration(), *(version for version, _ in function.versions)]}

    def alias(self, name, alias):
        function, _ = self.find(name)
        if alias not in function.aliases:
            raise Refusal(404, "ResourceNotFoundException", f"Cannot find alias arn: {function.arn}:{alias}")
        return function, function.aliases[alias]

    def on_CreateAlias(self, fields, _, name):
        function, _ = self.find(name)
        if fields["Name"] in function.aliases:
            raise Refusal(409, "ResourceConflictException", f"Alias already exists: {function.arn}:{fields['Name']}")
        self.qualified(function, fields["FunctionVersion"])
        function.aliases[fields["Name"]] = {
            "AliasArn": f"{function.arn}:{fields['Name']}", "Name": fields["Name"], "RevisionId": str(uuid.uuid4()),
            "FunctionVersion": fields["FunctionVersion"], "Description": fields.get("Description", "")}
        return 201, function.aliases[fields["Name"]]

    def on_GetAlias(self, _fields, _request, name, alias):
        return 200, self.alias(name, alias)[1]

    def on_ListAliases(self, _fields, _request, name):
        return 200, {"Aliases": list(self.find(name)[0].aliases.values())}

    def on_UpdateAlias(self, fields, _, name, alias):
        function, found = self.alias(name, alias)
        if fields.get("RevisionId") not in (None, found["RevisionId"]):
            raise Refusal(412, "PreconditionFailedException", "The Revision Id provided does not match the latest "
                          "Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
        self.qualified(function, fields.get("FunctionVersion"))
        found |= {key: fields[key] for key in ("FunctionVersion", "Description") if key in fields}
        found["RevisionId"] = str(uuid.uuid4())
        return 200, found

    def on_DeleteAlias(self, _fields, _request, name, alias):
        function, _ = self.alias(name, alias)
        del function.aliases[alias]
        return 204, None

    def on_ListTags(self, _fields, _request, arn):
        return 200, {"Tags": self.find(arn)[0].tags}

    def on_TagResource(self, fields, _, arn):
        self.find(arn)[0].tags.update(fields["Tags"])
        return 204, None

    def on_UntagResource(self, _, request, arn):
        for key in re.findall(r"tagKeys=([^&]*)", request.query):
            self.find(arn)[0].tags.pop(unquote(key), None)
        return 204, None
