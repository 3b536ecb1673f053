"""Signature Version 4: makes one, and checks the one of a request by what came over the wire, as AWS does.

The rules are AWS's: S3's path is taken as it was sent, any other is normalised and encoded once more; the query is
sorted by its encoded names and values; a header's inner white space is one space.
"""
import base64
import datetime
import hashlib
import hmac
import re
from urllib.parse import quote, unquote_plus

from messages import Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
WINDOW = 15 * 60  # seconds that a client's clock may be off
# By protocol, since each service has its own names for the same: (status, code).
REFUSALS = {
    "missing": {"s3": (403, "AccessDenied"), "query": (403, "MissingAuthenticationToken"),
                "": (400, "MissingAuthenticationTokenException")},
    "malformed": {"s3": (400, "AuthorizationHeaderMalformed"), "query": (400, "IncompleteSignature"),
                  "": (400, "IncompleteSignatureException")},
    "key": {"s3": (403, "InvalidAccessKeyId"), "query": (403, "InvalidClientTokenId"),
            "": (400, "UnrecognizedClientException")},
    "token": {"s3": (400, "InvalidToken"), "query": (403, "InvalidClientTokenId"),
              "": (400, "UnrecognizedClientException")},
    "expired": {"s3": (400, "ExpiredToken"), "query": (403, "ExpiredToken"), "": (400, "ExpiredTokenException")},
    "skew": {"s3": (403, "RequestTimeTooSkewed"), "query": (403, "SignatureDoesNotMatch"),
             "": (400, "InvalidSignatureException")},
    "signature": {"s3": (403, "SignatureDoesNotMatch"), "query": (403, "SignatureDoesNotMatch"),
                  "": (400, "InvalidSignatureException")},
    "scope": {"s3": (400, "AuthorizationHeaderMalformed"), "query": (403, "SignatureDoesNotMatch"),
              "": (400, "InvalidSignatureException")},
}


def refusal(what, request, text):
    status, code = REFUSALS[what].get(request.protocol) or REFUSALS[what][""]
    # Lambda's protocol answers what concerns the caller by 403.
    return Refusal(403 if request.protocol == "lambda" else status, code, text)


def encoded(text, safe=""):
    return quote(text, safe=safe + "-_.~", encoding="latin-1")


def normalised(path):
    """Without dot segments and doubled slashes (RFC 3986, 5.2.4)."""
    parts = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts) + ("/" if path.endswith("/") and parts else "")


def canonical_query(query):
    pairs = [part.partition("=") for part in query.split("&") if part]
    decoded = [(unquote_plus(name, encoding="latin-1"), unquote_plus(value, encoding="latin-1"))
               for name, _, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted((encoded(a), encoded(b)) for a, b in decoded))


def canonical_request(request, signed, payload, service):
    values = {}
    for name, value in request.headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    path = (request.path or "/") if service == "s3" else encoded(normalised(request.path), "/")
    lines = [f"{name}:{','.join(values.get(name, []))}\n" for name in signed]
    return "\n".join([
        request.method, path, canonical_query(request.query), "".join(lines), ";".join(signed), payload])


def digest(data):
    return hashlib.sha256(data).hexdigest()


def signature(secret, date, scope, canonical):
    """`scope`: the day, the region and the service."""
    key = ("AWS4" + secret).encode()
    for part in (*scope, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join([ALGORITHM, date, "/".join(scope) + "/aws4_request", digest(canonical.encode("latin-1"))])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def sign(request, credentials, scope, moment):
    """Adds to the request's headers what signs them all; `credentials`: key, secret and token, `scope`: of service."""
    key, secret, token = credentials
    region, service = scope
    date = moment.strftime("%Y%m%dT%H%M%SZ")
    request.headers += [("X-Amz-Date", date), ("X-Amz-Content-Sha256", digest(request.body))]
    if token:
        request.headers.append(("X-Amz-Security-Token", token))
    signed = sorted({name.lower() for name, _ in request.headers})
    day = (date[:8], region, service)
    made = signature(secret, date, day, canonical_request(request, signed, digest(request.body), service))
    request.headers.append(("Authorization", f"{ALGORITHM} Credential={key}/{'/'.join(day)}/aws4_request, "
                            f"SignedHeaders={';'.join(signed)}, Signature={made}"))


class Credentials:
    """Who may sign: by access key, the secret, and for temporary ones the token and the end."""

    def __init__(self):
        self.known = {}

    def add(self, key, secret, token=None, end=None):
        self.known[key] = (secret, token, end)


class Verifier:
    def __init__(self, credentials, region, clock):
        self.credentials, self.region, self.clock = credentials, region, clock

    def check(self, request):
        """Throws what AWS would answer."""
        parts = self.parts(request)
        key, *day, end = parts["Credential"].split("/")
        if len(day) != 3 or end != "aws4_request":
            raise refusal("malformed", request, "The credential's scope is malformed.")
        secret = self.secret(request, key)
        signed = parts["SignedHeaders"].split(";")
        for name, _ in request.headers:
            if (name.lower() == "host" or name.lower().startswith("x-amz-")) and name.lower() not in signed:
                raise refusal("signature", request, f"'{name.lower()}' must be a 'SignedHeader' in the request.")
        date = self.date(request, day[0])
        payload = self.payload(request)
        canonical = canonical_request(request, signed, payload, day[2])
        if not hmac.compare_digest(signature(secret, date, day, canonical), parts["Signature"]):
            raise refusal("signature", request, "The request signature we calculated does not match the signature you "
                          f"provided. The canonical string should have been\n'{canonical}'")
        self.check_scope(request, day)
        self.check_body(request)

    @staticmethod
    def parts(request):
        text = request.get("authorization", "")
        if not text.startswith(ALGORITHM + " "):
            raise refusal("missing", request, "Missing Authentication Token")
        parts = dict(part.strip().partition("=")[::2] for part in text[len(ALGORITHM):].split(","))
        for name in ("Credential", "SignedHeaders", "Signature"):
            if name not in parts:
                raise refusal("malformed", request, f"Authorization header requires '{name}' parameter.")
        return parts

    def secret(self, request, key):
        if key not in self.credentials.known:
            raise refusal("key", request, "The security token included in the request is invalid.")
        secret, token, end = self.credentials.known[key]
        if request.get("x-amz-security-token") != token:
            raise refusal("token", request, "The security token included in the request is invalid.")
        if end is not None and self.clock() > end:
            raise refusal("expired", request, "The security token included in the request is expired")
        return secret

    def date(self, request, day):
        text = request.get("x-amz-date", "")
        try:
            moment = datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            raise refusal("malformed", request, "Date must be in ISO-8601 'basic format'.") from None
        if not text.startswith(day):
            raise refusal("signature", request, f"Date in Credential scope does not match the date of {text}.")
        off = moment.timestamp() - self.clock()
        if abs(off) > WINDOW:
            if request.protocol == "s3":
                text = "The difference between the request time and the current time is too large."
            elif off < 0:
                text = f"Signature expired: {text} is now earlier than the server's time less 15 min."
            else:
                text = f"Signature not yet current: {text} is still later than the server's time and 15 min."
            raise refusal("skew", request, text)
        return request.get("x-amz-date")

    @staticmethod
    def payload(request):
        """The hash that the client signed."""
        said = request.get("x-amz-content-sha256")
        if said is None and request.protocol == "s3":
            raise Refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        return said or digest(request.body)

    def check_scope(self, request, day):
        # The services that have no region sign for this one.
        regions = {self.region} | ({"us-east-1"} if request.service in ("iam", "sts") else set())
        if day[1] not in regions:
            raise refusal("scope", request, f"Credential should be scoped to a valid region, not '{day[1]}'; "
                          f"expecting '{self.region}'.")
        if day[2] != request.service:
            raise refusal("scope", request, f"Credential should be scoped to correct service: '{request.service}'.")

    @staticmethod
    def check_body(request):
        said = request.get("x-amz-content-sha256", "")
        if re.fullmatch("[0-9a-f]{64}", said):
            if said != digest(request.body):
                code = "XAmzContentSHA256Mismatch" if request.protocol == "s3" else "InvalidSignatureException"
                raise Refusal(400, code, "The provided 'x-amz-content-sha256' header does not match what was computed.")
        elif said and said != "UNSIGNED-PAYLOAD" and not said.startswith("STREAMING-"):
            raise Refusal(400, "InvalidArgument", "x-amz-content-sha256 must be a hash, or a word that is known.")
        checksum = request.get("x-amz-checksum-sha256")
        if checksum and checksum != base64.b64encode(hashlib.sha256(request.body).digest()).decode():
            raise Refusal(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
