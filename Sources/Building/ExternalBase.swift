/// Images from outside the project: what a request says of them, and why one cannot be a base.

internal import OCI

extension Assembler {
    /// The image that a Dockerfile names by a reference; somebody else has fetched it.
    func external(_ reference: String, of request: AssemblyRequest) throws(BuildProblem) -> BuiltImage {
        guard let manifest = request.externals[reference] else {
            throw BuildProblem("base-missing", "the image \(reference) was not fetched", remedy: "fetch it first")
        }
        return try load(manifest, isExternal: true)
    }
}

extension BuildProblem {
    /// A layer that is foreign (its makers forbid to hand it on), encrypted, or in a compression that nobody specified.
    static func layerType(_ layer: Descriptor) -> BuildProblem {
        let isForeign = ["foreign", "nondistributable"].contains { layer.mediaType.contains($0) }
        return BuildProblem(
            "base-layer-unsupported",
            "the base has " + (isForeign ? "a layer that may not be handed on" : "a layer that cannot be read")
                + " (\(layer.digest), \(layer.mediaType))",
            remedy: "start from another image"
        )
    }

    static func layerMissing(_ layer: Digest) -> BuildProblem {
        var problem = BuildProblem(
            "base-layer-missing",
            "the layer \(layer) of a base is not here, and files of it are needed",
            remedy: "fetch the base again"
        )
        problem.missingLayer = layer
        return problem
    }
}
