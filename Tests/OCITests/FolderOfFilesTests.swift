import Foundation
import Testing

@testable import OCI

@Suite struct FolderOfFilesTests {
    @Test func `files are read as they were written, and replaced whole`() throws {
        let place = try TemporaryFolder()
        let folder = try FolderOfFiles(place.path + "/a/b", most: 5)
        #expect(try folder.read("x") == nil)
        try folder.write("x", [1, 2])
        try folder.write("x", [3])
        #expect(try folder.read("x") == [3])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x"])
    }

    @Test func `the files that were written longest ago go when there are too many`() throws {
        let place = try TemporaryFolder()
        let folder = try FolderOfFiles(place.path, most: 5)
        for (index, name) in ["c", "a", "b"].enumerated() {
            try folder.write(name, [0])
            let time = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: Double(1000 + index))]
            try FileManager.default.setAttributes(time, ofItemAtPath: place.path + "/" + name)
        }
        _ = try FolderOfFiles(place.path, most: 3)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).count == 3)
        let rest = try FolderOfFiles(place.path, most: 2)
        #expect(try rest.read("c") == nil)
        #expect(try rest.read("a") == [0])
        #expect(try rest.read("b") == [0])
    }

    @Test func `a file where the folder should be is an error`() throws {
        let place = try TemporaryFolder()
        let file = try place.file("f", [])
        #expect(throws: OCIError.fileSystem(operation: "make", path: file, code: ENOTDIR)) {
            _ = try FolderOfFiles(file, most: 1)
        }
    }
}
