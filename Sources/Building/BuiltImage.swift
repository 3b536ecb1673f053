/// An image that lies in the layout, complete but for a tag.

package import OCI

package struct BuiltImage: Sendable {
    package var manifest: Descriptor
    package var configuration: ImageConfiguration
    /// The lowest one first; an image's base has the same ones at the beginning.
    package var layers: [LayerRecord]
    /// The layers that came with a base from outside: their blobs need not lie in the layout.
    package var externalLayers: Set<Digest> = []
    /// Those of the layers that this assembly made: they were not in the layout, as far as anybody knew.
    package var packedLayers: Set<Digest> = []
    /// What a container of it would see; the bytes lie in its layers.
    package var rootFS: FileTree
}
