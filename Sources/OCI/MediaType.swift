/// The names of what descriptors point at: OCI's, which are written, and Docker's, which are read as well.

package enum MediaType {
    package static let manifest = "application/vnd.oci.image.manifest.v1+json"
    package static let index = "application/vnd.oci.image.index.v1+json"
    package static let configuration = "application/vnd.oci.image.config.v1+json"
    package static let plainLayer = "application/vnd.oci.image.layer.v1.tar"
    /// In gzip.
    package static let layer = "application/vnd.oci.image.layer.v1.tar+gzip"
    package static let zstdLayer = "application/vnd.oci.image.layer.v1.tar+zstd"

    package static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    package static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    package static let dockerConfiguration = "application/vnd.docker.container.image.v1+json"
    package static let dockerPlainLayer = "application/vnd.docker.image.rootfs.diff.tar"
    /// In gzip.
    package static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    package static let dockerZstdLayer = "application/vnd.docker.image.rootfs.diff.tar.zstd"

    package static func isManifest(_ type: String) -> Bool { [manifest, dockerManifest].contains(type) }

    /// Whether it is a list of manifests, one for each platform.
    package static func isIndex(_ type: String) -> Bool { [index, dockerManifestList].contains(type) }

    package static func isConfiguration(_ type: String) -> Bool {
        [configuration, dockerConfiguration].contains(type)
    }

    /// OCI's name for the type of a layer.
    ///
    /// nil for one that may not be handed on (foreign, nondistributable), or that nobody specified.
    package static func ociLayer(_ type: String) -> String? {
        switch type {
        case plainLayer, dockerPlainLayer: plainLayer
        case layer, dockerLayer: layer
        case zstdLayer, dockerZstdLayer: zstdLayer
        default: nil
        }
    }
}
