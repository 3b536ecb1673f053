"""Says what botocore makes of the situations on standard input: JSON in, JSON out.

`situations`: the credentials, the region and the profile of environments and files. `files`: the sections of files.
`hosts`: the names of AWS's hosts. `signatures`: random requests and how they are signed.
"""
import base64
import datetime
import json
import os
import random
import sys
import tempfile

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.configloader
import botocore.credentials
import botocore.exceptions
import botocore.loaders
import botocore.session
import botocore.tokens

LOADER = botocore.loaders.create_loader()  # reads each service's model once
NAMES = {"s3": "s3", "ecr": "ecr", "codebuild": "codebuild", "codepipeline": "codepipeline", "lambda": "lambda",
         "logs": "logs", "sts": "sts", "cloudformation": "cloudformation", "sso": "sso", "ssoOIDC": "sso-oidc"}


def situation(wanted):
    os.environ.clear()
    os.environ.update(wanted["environment"])
    cache = os.path.expanduser("~/.aws/sso/cache")
    botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = cache
    botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
    try:
        session = botocore.session.Session(profile=wanted.get("profile"))
        session.register_component("data_loader", LOADER)
        if wanted.get("region"):
            session.set_config_variable("region", wanted["region"])
        endpoints = {}
        for name in ("s3", "sts", "logs", "ssoOIDC"):
            client = session.create_client(NAMES[name], aws_access_key_id="a", aws_secret_access_key="b")
            endpoints[name] = client.meta.endpoint_url
        found = session.get_credentials()
        frozen = found.get_frozen_credentials() if found else None
        return {"region": session.get_config_variable("region"), "profile": session.profile or "default",
                "endpoints": endpoints, "method": found.method if found else None,
                "id": frozen.access_key if frozen else None, "secret": frozen.secret_key if frozen else None,
                "token": frozen.token if frozen else None}
    except Exception as problem:  # what botocore says of a mistake is the answer
        return {"problem": f"{type(problem).__name__}: {problem}"}


def file(text):
    """The sections of a file; None where it is refused."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as config:
        config.write(text)
        config.flush()
        try:
            return botocore.configloader.raw_config_parse(config.name)
        except botocore.exceptions.ConfigParseError:
            return None


def host(session, service, region, config):
    client = session.create_client(NAMES[service], region_name=region, config=config,
                                   aws_access_key_id="a", aws_secret_access_key="b")
    model = client.meta.service_model
    operation = model.operation_model("ListBuckets" if service == "s3" else model.operation_names[0])
    context = {"client_config": client.meta.config, "client_region": region, "auth_type": None,
               "has_streaming_input": False, "unsigned_payload": None}
    return client._ruleset_resolver.construct_endpoint(operation, {}, context).url


def hosts(regions):
    session = botocore.session.Session()
    for service in NAMES:
        for region in regions:
            for fips in (False, True):
                for dual in (False, True):
                    config = botocore.config.Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual)
                    try:
                        url = host(session, service, region, config)
                    except Exception:  # there is none
                        continue
                    yield {"service": service, "region": region, "fips": fips, "dual": dual, "url": url}


def text(chance, alphabet, shortest, longest):
    return "".join(chance.choice(alphabet) for _ in range(chance.randint(shortest, longest)))


def signatures(count, seed):
    chance = random.Random(seed)
    plain = "abcXYZ0189-_.~"
    odd = plain + " +/%&=?:;,@!*'()[]$\"<>\\^`{|}~äß€\U0001f600"
    for _ in range(count):
        is_s3 = chance.random() < 0.5
        segments = [text(chance, odd, 0, 8) for _ in range(chance.randint(0, 5))]
        segments += chance.sample(["..", ".", "", "a"], chance.randint(0, 2))
        chance.shuffle(segments)
        path = "/" + "/".join(botocore.compat.quote(segment, safe="-_.~") for segment in segments)
        names = [text(chance, odd, 1, 6) for _ in range(chance.randint(0, 6))]
        pairs = [(name, text(chance, odd, 0, 9)) for name in names for _ in range(chance.randint(1, 2))]
        query = "&".join("=".join(botocore.compat.quote(word, safe="-_.~") for word in pair) for pair in pairs)
        host = chance.choice(["example.amazonaws.com", "127.0.0.1:4566", "b.s3.eu-central-1.amazonaws.com"])
        url = f"http://{host}{path}" + (f"?{query}" if query else "")
        headers = {f"x-{text(chance, 'abcZ9', 1, 5)}": text(chance, plain + "  ,:", 0, 12)
                   for _ in range(chance.randint(0, 5))}
        body = chance.randbytes(chance.randint(0, 60))
        token = text(chance, plain, 4, 30) if chance.random() < 0.5 else None
        moment = datetime.datetime.fromtimestamp(chance.randrange(4_000_000_000), datetime.timezone.utc)
        keys = botocore.credentials.Credentials(text(chance, plain, 8, 20), text(chance, odd, 8, 40), token)
        region, service = chance.choice(["us-east-1", "eu-central-1"]), "s3" if is_s3 else chance.choice(
            ["ecr", "lambda", "codebuild", "sts"])
        method = chance.choice(["GET", "PUT", "POST", "HEAD", "DELETE"])
        request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=dict(headers), data=body)
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True, at=moment: (
            at.replace(tzinfo=None) if remove_tzinfo else at)
        kind = botocore.auth.S3SigV4Auth if is_s3 else botocore.auth.SigV4Auth
        kind(keys, service, region).add_auth(request)
        signed = [[name, value] for name, value in request.headers.items() if name != "Authorization"]
        yield {"method": method, "url": url, "headers": [*signed, ["Host", host]], "ak": keys.access_key,
               "body_b64": base64.b64encode(body).decode(), "sk": keys.secret_key, "token": token, "region": region,
               "service": service, "date": request.context["timestamp"],
               "authorization": request.headers["Authorization"]}


def main():
    wanted = json.load(sys.stdin)
    answer = {}
    if "files" in wanted:
        answer["files"] = [file(text) for text in wanted["files"]]
    if "hosts" in wanted:
        answer["hosts"] = list(hosts(wanted["hosts"]))
    if "signatures" in wanted:
        answer["signatures"] = list(signatures(wanted["signatures"], wanted["seed"]))
    if "situations" in wanted:
        answer["situations"] = [situation(wanted) for wanted in wanted["situations"]]
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
