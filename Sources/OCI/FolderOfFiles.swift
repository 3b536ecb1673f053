/// A folder of small files that are written once and whole, and of which the oldest go when there are too many.

internal import Glibc

package struct FolderOfFiles: Sendable {
    package let path: String

    /// Makes the folder where it is missing, and removes what ended processes have left, and the files that were
    /// written longest ago beyond so many.
    package init(_ path: String, most: Int) throws(OCIError) {
        self.path = path
        try Self.make(path)
        TemporaryFile.removeStrays(in: path)
        let files = Self.files(in: path)
        for file in files.sorted(by: { $0.time < $1.time }).prefix(max(0, files.count - most)) {
            unlink(path + "/" + file.name)
        }
    }

    /// nil where there is no such file.
    package func read(_ name: String) throws(OCIError) -> [UInt8]? {
        do throws(OCIError) {
            let reader = try FileReader(path: path + "/" + name)
            return try reader.readAll()
        } catch OCIError.fileSystem(_, _, ENOENT) {
            return nil
        }
    }

    package func write(_ name: String, _ bytes: [UInt8]) throws(OCIError) {
        let file = try TemporaryFile(in: path)
        try file.write(bytes)
        try file.commit(to: path + "/" + name)
    }

    private static func files(in path: String) -> [(name: String, time: Int)] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var files: [(name: String, time: Int)] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append((name, status.st_mtim.tv_sec))
        }
        return files
    }

    /// Makes a folder and those above it where they are missing.
    static func make(_ path: String) throws(OCIError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            prefix += "/" + part
            guard mkdir(prefix, 0o755) != 0 else { continue }
            let code = errno
            var status = stat()
            guard stat(prefix, &status) == 0 else { throw .fileSystem(operation: "make", path: prefix, code: code) }
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw .fileSystem(operation: "make", path: prefix, code: ENOTDIR)
            }
        }
    }
}
