/// Which images stay in a store.

import Dockerfile
import Foundation
import OCI
import Project
import State
import Testing

@testable import imgwatch

@Suite struct StoreCleaningTests {
    @Test func `what is in use stays, and the newest of each image`() throws {
        let folder = try TemporaryFolder()
        let root = folder.path("project")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try "images: { web: { platforms: [linux/amd64, linux/arm64] }, api: { platforms: linux/amd64 } }\n".write(
            toFile: root + "/.imgwatch",
            atomically: true,
            encoding: .utf8
        )
        try "FROM debian:12\n".write(toFile: root + "/Dockerfile", atomically: true, encoding: .utf8)
        let project = try Loader.load(file: root + "/.imgwatch", environment: [:], bases: [:]).project
        let environment = ["XDG_STATE_HOME": folder.path("state"), "XDG_DATA_HOME": folder.path("data")]
        let folders = StateFolders.forProject(root: project.root, environment: environment)
        try folders.create()
        let (layout, state) = (try ImageLayout.open(at: folders.store), try StateStore.open(folders))
        var digests: [String: String] = [:]
        let names = [
            "_/base/linux/arm64=debian:12", "_/base/debian:12", "_/base/linux/arm/v7=debian:12", "_/base/alpine:3",
            "web:1", "web:2", "_/head/web:a", "web:3", "_/web:3", "_/head/web:b",
            "gone:1", "web:4", "api:1", "_/head/web:c",
        ]
        for name in names {
            let none = Descriptor(mediaType: MediaType.configuration, digest: .sha256(of: []), size: 0)
            // Only one is made from heads; of one of them nothing is known any more.
            let heads = name == "web:1" ? [ImageStore.headsName: "a x"] : ["name": name]
            let manifest = Manifest(configuration: none, layers: [], annotations: heads)
            let blob = try layout.writeBlob(manifest.encoded(), mediaType: MediaType.manifest)
            try layout.tag(name, as: blob)
            digests[name] = "\(blob.digest)"
        }
        try state.remember("web", Success(key: "k", digest: try #require(digests["web:1"])))
        let cleaning = try StoreCleaning(layout, folders, project, state)
        #expect(
            try cleaning.kept(keeping: 2) == [
                "_/base/linux/arm64=debian:12", "_/base/debian:12", "web:1", "web:3", "_/web:3", "_/head/web:b",
                "web:4", "api:1", "_/head/web:c",
                "_/head/web:a", "_/head/web:x",
            ]
        )
        var beside: StoreLock? = try StoreLock.share(folders)
        #expect(try cleaning.clean(keeping: 0) == nil)
        beside = nil
        #expect(try beside == nil && cleaning.clean(keeping: 0)?.names == 10)
        #expect(
            try layout.names() == ["_/base/linux/arm64=debian:12", "_/base/debian:12", "web:1", "_/head/web:a"]
        )
    }
}
