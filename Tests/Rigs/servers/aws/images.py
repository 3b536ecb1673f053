"""The images behind ECR, as docker-registry has them on its disk, and ECR's calls about them; nothing is kept twice."""
import contextlib
import hashlib
import http.client
import json
import os
import shutil

import registry
from messages import Refusal

OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker.distribution."
INDEXES = {OCI + "index.v1+json", DOCKER + "manifest.list.v2+json"}
KINDS = [OCI + "manifest.v1+json", DOCKER + "manifest.v2+json", *sorted(INDEXES)]


def missing(identity):
    return {"imageId": identity, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}


class Image:
    def __init__(self, digest, manifest, pushed):
        self.digest, self.manifest, self.pushed, self.tags = digest, manifest, pushed, []
        self.content = json.loads(manifest)

    @property
    def kind(self):
        said = "index.v1+json" if "manifests" in self.content else "manifest.v1+json"
        return self.content.get("mediaType") or OCI + said

    @property
    def size(self):
        parts = [self.content.get("config", {}), *self.content.get("layers", [])]
        return sum(part.get("size", 0) for part in parts)


class Storage:
    def __init__(self, folder):
        self.registry = registry.Registry(folder, {"deletes": True})
        self.port = self.registry.do_start()
        self.root = self.registry.root + "/docker/registry/v2"

    def stop(self):
        self.registry.do_stop()

    def blob(self, digest):
        name = digest.removeprefix("sha256:")
        with contextlib.suppress(OSError), open(f"{self.root}/blobs/sha256/{name[:2]}/{name}/data", "rb") as file:
            return file.read()
        return None

    def folder(self, repository):
        return f"{self.root}/repositories/{repository}"

    def tag(self, repository, tag):
        """The digest under it; None where there is no such tag."""
        place = f"{self.folder(repository)}/_manifests/tags/{tag}/current/link"
        with contextlib.suppress(OSError), open(place, encoding="ascii") as file:
            return file.read()
        return None

    def tags(self, repository):
        with contextlib.suppress(OSError):
            return sorted(os.listdir(self.folder(repository) + "/_manifests/tags"))
        return []

    def image(self, repository, digest):
        link = f"{self.folder(repository)}/_manifests/revisions/sha256/{digest.removeprefix('sha256:')}/link"
        manifest = self.blob(digest) if os.path.exists(link) else None
        return Image(digest, manifest, os.stat(link).st_mtime) if manifest else None

    def images(self, repository):
        """All of a repository by digest, each with its tags."""
        found = {}
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(self.folder(repository) + "/_manifests/revisions/sha256")):
                if image := self.image(repository, "sha256:" + name):
                    found[image.digest] = image
        for tag in self.tags(repository):
            if (image := found.get(self.tag(repository, tag))) is not None:
                image.tags.append(tag)
        return found

    def remove(self, repository, digest):
        for tag in self.tags(repository):
            if self.tag(repository, tag) == digest:
                self.remove_tag(repository, tag)
        name = digest.removeprefix("sha256:")
        shutil.rmtree(f"{self.folder(repository)}/_manifests/revisions/sha256/{name}", ignore_errors=True)

    def remove_tag(self, repository, tag):
        shutil.rmtree(f"{self.folder(repository)}/_manifests/tags/{tag}", ignore_errors=True)

    def remove_repository(self, repository):
        shutil.rmtree(self.folder(repository), ignore_errors=True)

    def call(self, method, target, headers, body):
        """A request to docker-registry itself: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class ImageCalls:
    """ECR's operations that are about images; the others are moto's."""

    def __init__(self, storage, emulator):
        self.storage, self.emulator = storage, emulator
        self.operations = {
            "DescribeImages": self.describe, "BatchGetImage": self.get, "ListImages": self.list,
            "BatchDeleteImage": self.delete, "PutImage": self.put, "DeleteRepository": self.delete_repository}

    def carry_out(self, operation, fields, request):
        """None where the call shall go on to moto."""
        name = fields.get("repositoryName", "")
        if not self.emulator.has_repository(name):
            raise Refusal(400, "RepositoryNotFoundException", f"The repository with name '{name}' does not exist in "
                          f"the registry with id '{self.emulator.account}'")
        return self.operations[operation](name, fields, request)

    def find(self, images, name):
        """The image that `imageIds` names by digest, by tag, or by both."""
        image = images.get(name["imageDigest"]) if "imageDigest" in name else next(
            (image for image in images.values() if name.get("imageTag") in image.tags), None)
        if image is not None and "imageTag" in name and name["imageTag"] not in image.tags:
            return None
        return image

    def describe(self, name, fields, _):
        images = self.storage.images(name)
        wanted = list(images.values())
        if "imageIds" in fields:
            wanted = []
            for identity in fields["imageIds"]:
                image = self.find(images, identity)
                if image is None:
                    raise Refusal(
                        400, "ImageNotFoundException",
                        f"The image with imageId {{imageDigest:'{identity.get('imageDigest', 'null')}', imageTag:'"
                        f"{identity.get('imageTag', 'null')}'}} does not exist within the repository with name "
                        f"'{name}' in the registry with id '{self.emulator.account}'")
                if image not in wanted:
                    wanted.append(image)
        wanted = [image for image in wanted if is_wanted(image, fields)]
        account = self.emulator.account
        return page(fields, "imageDetails", [{
            "registryId": account, "repositoryName": name, "imageDigest": image.digest, "imageSizeInBytes": image.size,
            "imagePushedAt": image.pushed, "imageManifestMediaType": image.kind,
            "artifactMediaType": image.content.get("config", {}).get("mediaType", image.kind),
            **({"imageTags": image.tags} if image.tags else {})} for image in wanted])

    def get(self, name, fields, _):
        images, found, failures = self.storage.images(name), [], []
        for identity in fields["imageIds"]:
            image = self.find(images, identity)
            if image is None:
                failures.append(missing(identity))
                continue
            tag = identity.get("imageTag") or next(iter(image.tags), None)
            found.append({
                "registryId": self.emulator.account, "repositoryName": name, "imageManifest": image.manifest.decode(),
                "imageManifestMediaType": image.kind,
                "imageId": {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}})
        return {"images": found, "failures": failures}

    def list(self, name, fields, _):
        names = []
        for image in self.storage.images(name).values():
            if is_wanted(image, fields):
                names += [{"imageDigest": image.digest, "imageTag": tag} for tag in image.tags] or [
                    {"imageDigest": image.digest}]
        return page(fields, "imageIds", names)

    def delete(self, name, fields, _):
        images, done, failures = self.storage.images(name), [], []
        for identity in fields["imageIds"]:
            image = self.find(images, identity)
            if image is None:
                failures.append(missing(identity))
                continue
            tag = identity.get("imageTag")
            if "imageDigest" in identity or image.tags == [tag]:
                self.storage.remove(name, image.digest)
                done += [{"imageDigest": image.digest, "imageTag": each} for each in image.tags] or [
                    {"imageDigest": image.digest}]
            else:
                self.storage.remove_tag(name, tag)
                image.tags.remove(tag)
                done.append({"imageDigest": image.digest, "imageTag": tag})
        return {"imageIds": done, "failures": failures}

    def put(self, name, fields, _):
        manifest = fields["imageManifest"].encode()
        image = Image("sha256:" + hashlib.sha256(manifest).hexdigest(), manifest, 0)
        tag = fields.get("imageTag")
        if tag and self.storage.tag(name, tag) == image.digest:
            raise Refusal(400, "ImageAlreadyExistsException", f"Image with digest '{image.digest}' and tag '{tag}' "
                          f"already exists in the repository with name '{name}'")
        if tag and self.is_taken(name, tag):
            raise Refusal(400, "ImageTagAlreadyExistsException", f"The image tag '{tag}' already exists in the "
                          f"'{name}' repository and cannot be overwritten because the tag is immutable.")
        status, _, text = self.storage.call("PUT", f"/v2/{name}/manifests/{tag or image.digest}",
                                            [("Host", "rig"), ("Content-Type", image.kind)], manifest)
        if status != 201:
            raise Refusal(400, "InvalidParameterException", f"Invalid parameter at 'imageManifest': {text.decode()}")
        identity = {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}
        return {"image": {"registryId": self.emulator.account, "repositoryName": name, "imageId": identity,
                          "imageManifest": fields["imageManifest"], "imageManifestMediaType": image.kind}}

    def is_taken(self, name, tag):
        """Whether a push to the tag is refused, for it is there and the repository is immutable."""
        mutability = self.emulator.repository(name).image_tag_mutability or "MUTABLE"
        return mutability.startswith("IMMUTABLE") and self.storage.tag(name, tag) is not None

    def delete_repository(self, name, fields, request):
        if self.storage.images(name) and not fields.get("force"):
            raise Refusal(400, "RepositoryNotEmptyException", f"The repository with name '{name}' in registry with id "
                          f"'{self.emulator.account}' cannot be deleted because it still contains images")
        answer = self.emulator.carry_out(request)
        if answer.status == 200:
            self.storage.remove_repository(name)
        return answer


def is_wanted(image, fields):
    wanted = (fields.get("filter") or {}).get("tagStatus", "ANY")
    return wanted == "ANY" or bool(image.tags) == (wanted == "TAGGED")


def page(fields, name, values):
    """So many as `maxResults` says, and where the next begin."""
    start, count = int(fields.get("nextToken") or 0), fields.get("maxResults") or 100
    more = {"nextToken": str(start + count)} if start + count < len(values) else {}
    return {name: values[start:start + count], **more}
