/// Readings made from a list of files, as a scope that counts folders has them.

import Git
import OCI

@testable import Inputs

extension Reading {
    init(files: [InputFile], countsFolders: Bool = true) {
        self.init(top: Self.folder(files[...], below: "", countsFolders))
    }

    private static func folder(_ files: ArraySlice<InputFile>, below path: String, _ countsFolders: Bool) -> InputFolder
    {
        let start = path.isEmpty ? 0 : path.utf8.count + 1
        var names: [String: [InputFile]] = [:]
        for file in files {
            let name = String(decoding: Array(file.path.utf8)[start...].prefix { $0 != 0x2F }, as: UTF8.self)
            names[name, default: []].append(file)
        }
        let entries = names.map { name, files in
            let place = TreeReader.join(path, name)
            let own = files.first { $0.path.utf8.elementsEqual(place.utf8) }
            let below = files.filter { !$0.path.utf8.elementsEqual(place.utf8) }
            let kind: InputFolder.Entry.Kind =
                switch own?.kind {
                case .file(let hash): .file(hash, isProven: true)
                case .link(let target): .link(target: target)
                case .directory, nil:
                    .folder(folder(below[...], below: place, countsFolders), isInput: own != nil, isProven: false)
                }
            return InputFolder.Entry(name: name, stat: own?.stat ?? files[0].stat, kind: kind)
        }
        return InputFolder(entries.sorted { $0.name.hasBytes(before: $1.name) }, countsFolders: countsFolders)
    }
}

extension ContentHash {
    /// Of this text.
    init(_ text: String) {
        let bytes = Array(text.utf8)
        guard let id = BlobID(ContentHasher.gitID(of: "blob", bytes)) else { preconditionFailure("an id has 20 bytes") }
        self.init(blobID: id, digest: .sha256(of: bytes))
    }
}
