/// Whether a file of the work tree and its blob are the same bytes: git may convert between the two.

import CLibgit2
import Glibc

/// The conversions between work tree and blobs that may apply to a file.
///
/// Line endings either lose bytes on the way to the blob or gain some on the way back, so equal sizes mean equal bytes;
/// that also holds for a conversion that was configured in the past. What ident, a filter or an encoding do to the size
/// nobody knows: no file that has such an attribute is taken for its blob. Nor is any file of a repository with a
/// filter of its own, since nobody knows which files had it when git looked at them; Git LFS changes the size.
struct Conversions: ~Copyable {
    private let repository: RepositoryHandle
    /// What libgit2 takes for the index: it has the attributes files that the work tree lacks.
    private let attributes: OpaquePointer
    private let objects: OpaquePointer
    private let workDirectory: String
    /// Whether an attributes file that holds everywhere may give such an attribute.
    private let isEverywhere: Bool
    /// The same for folders, including those above; their paths are empty or end in a slash.
    private var folders: [Substring: Bool] = [:]

    /// - Returns: nil where libgit2 gives no access, or a filter is configured.
    init?(_ repository: consuming RepositoryHandle, of tree: Repository) {
        var (attributes, objects): (OpaquePointer?, OpaquePointer?)
        guard !Self.hasFilter(repository.pointer), git_index_new(&attributes) >= 0, let attributes else { return nil }
        guard git_repository_set_index(repository.pointer, attributes) >= 0,
            git_repository_odb(&objects, repository.pointer) >= 0, let objects
        else {
            git_index_free(attributes)
            return nil
        }
        var files = ["/etc/gitattributes", tree.commonDirectory + "/info/attributes"]
        if let file = Self.userAttributes(repository.pointer) { files.append(file) }
        isEverywhere = files.contains { Self.worktreeFile($0) ?? false }
        (self.attributes, self.objects, workDirectory) = (attributes, objects, tree.workDirectory)
        self.repository = repository
    }

    deinit {
        git_index_free(attributes)
        git_odb_free(objects)
    }

    mutating func isConverted(_ path: String, size: Int64, blob: git_oid, _ index: inout IndexFile) -> Bool {
        var (length, type, blob) = (0, GIT_OBJECT_INVALID, blob)
        guard git_odb_read_header(&length, &type, objects, &blob) >= 0, type == GIT_OBJECT_BLOB, length == size else {
            return true
        }
        return mayHaveAttributes(Self.folder(of: path[...]), &index)
            && Self.hasAttributes(Self.decisive, path, repository.pointer)
    }

    /// The folder's path is empty or ends in a slash.
    private mutating func mayHaveAttributes(_ folder: Substring, _ index: inout IndexFile) -> Bool {
        if let known = folders[folder] { return known }
        let isBelow = folder.isEmpty ? isEverywhere : mayHaveAttributes(Self.folder(of: folder.dropLast()), &index)
        let file = String(folder) + ".gitattributes"
        let isHere = Self.worktreeFile(workDirectory + "/" + file) ?? indexedFile(file, &index)
        let may = isBelow || isHere
        folders[folder] = may
        return may
    }

    /// What only git can do: a program, or an encoding that libgit2 does not know.
    static let attributesOfPrograms = ["filter", "working-tree-encoding"]
    private static let decisive = attributesOfPrograms + ["ident"]

    /// Whether the path has one of these attributes, or nobody knows.
    static func hasAttributes(_ attributes: [String], _ path: String, _ repository: OpaquePointer) -> Bool {
        let names = attributes.map { strdup($0) }
        defer { for name in names { free(name) } }
        var pointers = names.map { UnsafePointer($0) }
        var values = [UnsafePointer<CChar>?](repeating: nil, count: names.count)
        let flags = UInt32(GIT_ATTR_CHECK_FILE_THEN_INDEX)
        guard git_attr_get_many(&values, repository, flags, path, names.count, &pointers) >= 0 else {
            return true
        }
        return !values.allSatisfy { value in
            let kind = git_attr_value(value)
            return kind == GIT_ATTR_VALUE_UNSPECIFIED || kind == GIT_ATTR_VALUE_FALSE
        }
    }

    private static func folder(of path: Substring) -> Substring {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return path[...slash]
    }

    private static func hasFilter(_ repository: OpaquePointer) -> Bool {
        var configuration: OpaquePointer?
        var entries: OpaquePointer?
        defer {
            git_config_iterator_free(entries)
            git_config_free(configuration)
        }
        guard git_repository_config_snapshot(&configuration, repository) >= 0,
            git_config_iterator_glob_new(&entries, configuration, "^filter\\..*\\.") >= 0
        else { return true }
        var entry: UnsafeMutablePointer<git_config_entry>?
        while git_config_next(&entry, entries) >= 0 {
            if let name = entry?.pointee.name, !String(cString: name).hasPrefix("filter.lfs.") { return true }
        }
        return false
    }

    // MARK: Attributes files

    private static func userAttributes(_ repository: OpaquePointer) -> String? {
        var configuration: OpaquePointer?
        var path = git_buf()
        defer {
            git_config_free(configuration)
            git_buf_dispose(&path)
        }
        if git_repository_config_snapshot(&configuration, repository) >= 0,
            git_config_get_path(&path, configuration, "core.attributesfile") >= 0, let text = path.ptr
        {
            return String(cString: text)
        }
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        let folder = variable("XDG_CONFIG_HOME") ?? variable("HOME").map { $0 + "/.config" }
        return folder.map { $0 + "/git/attributes" }
    }

    /// What the file says; nil where there is none.
    private static func worktreeFile(_ path: String) -> Bool? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return errno == ENOENT || errno == ENOTDIR ? nil : true }
        defer { close(descriptor) }
        let limit = 1 << 20
        var count = 0
        let text = [UInt8](unsafeUninitializedCapacity: limit) { buffer, length in
            while count < limit {
                let got = read(descriptor, buffer.baseAddress?.advanced(by: count), limit - count)
                if got <= 0 { break }
                count += got
            }
            length = count
        }
        return count == limit || mentionsAttributes(text)
    }

    /// What the file in the index says, which holds where the work tree has none.
    private func indexedFile(_ path: String, _ index: inout IndexFile) -> Bool {
        guard let entry = index.entry(at: path) else { return false }
        var (id, copy) = (entry.id, git_index_entry())
        (copy.id, copy.mode) = (entry.id, entry.mode)
        let code = path.withCString {
            copy.path = $0
            return git_index_add(attributes, &copy)
        }
        guard code >= 0 else { return true }
        var blob: OpaquePointer?
        guard git_blob_lookup(&blob, repository.pointer, &id) >= 0 else { return true }
        defer { git_blob_free(blob) }
        let bytes = UnsafeRawBufferPointer(start: git_blob_rawcontent(blob), count: Int(git_blob_rawsize(blob)))
        return Self.mentionsAttributes(bytes)
    }

    /// Most attributes files are about line endings and languages: then nothing has to be looked up for each path.
    private static func mentionsAttributes(_ text: some Collection<UInt8>) -> Bool {
        let text = String(decoding: text, as: UTF8.self)
        return decisive.contains { text.contains($0) }
    }
}
