/// The kernel's files about processes and sockets: their sizes are unknown, and they may vanish while they are read.

import Glibc

package enum KernelFiles {
    /// The largest that matters is the list of a machine's connections.
    private static let limit = 4 << 20

    /// - Returns: nil where it can't be read.
    package static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var (text, part): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 4_096))
        while text.count < limit {
            let count = read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { break }
            text += part[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The first line of a file, without its end.
    package static func line(_ path: String) -> String? { text(path).map { String($0.prefix { !$0.isNewline }) } }

    /// The entries of a folder, in no order; none where it can't be read.
    package static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let size = MemoryLayout.size(ofValue: entry.pointee.d_name)
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: size) { String(cString: $0) }
                }
            )
        }
        return names
    }

    /// What a link of the kernel's says: `socket:[INODE]`, `pid:[INODE]`.
    package static func target(of path: String) -> String? {
        var characters = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &characters, characters.count)
        guard count >= 0 else { return nil }
        return String(decoding: characters[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
