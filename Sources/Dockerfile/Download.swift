/// A file from elsewhere whose content is known beforehand: `ADD --checksum=sha256:… https://…`.

package struct Download: Hashable, Sendable {
    package var address: String
    /// As `sha256:` and 64 lower-case digits.
    package var checksum: String

    /// What the file is called, as BuildKit has it.
    package var name: String { path.last.map(String.init) ?? "__unnamed__" }

    private var path: ArraySlice<Substring> {
        address.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").dropFirst(2)
    }

    /// A repository of git's is no file.
    fileprivate var isFile: Bool {
        let scheme = address.lowercased()
        return (scheme.begins(with: "http://") || scheme.begins(with: "https://")) && !name.hasSuffix(".git")
    }
}

extension Copy {
    /// What imgwatch itself fetches; nil where only an engine can, or nothing is to be fetched.
    package var download: Download? {
        guard isAdd, case .remote(let address)? = sources.first, sources.count == 1,
            otherFlags.allSatisfy({ $0.key == "checksum" }), let checksum = otherFlags.first?.value
        else { return nil }
        let digits = checksum.utf8.dropFirst("sha256:".utf8.count)
        let isKnown = digits.count == 64 && digits.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        let download = Download(address: address, checksum: checksum)
        return checksum.begins(with: "sha256:") && isKnown && download.isFile ? download : nil
    }
}

extension Evaluation {
    /// What must be fetched before it can be assembled, with the lines.
    package var downloads: [(file: Download, line: Int)] {
        stages.flatMap(\.instructions).compactMap { instruction in
            guard case .copy(let copy) = instruction.operation, let file = copy.download else { return nil }
            return (file, instruction.line)
        }
    }
}
