/// Who holds inotify watches: the limit is one for all processes of a user.

import Glibc

/// The inotify watches of this user, as far as `/proc` shows them.
package struct WatchUsage: Equatable, Sendable {
    package struct Consumer: Equatable, Sendable {
        /// As the kernel has it, up to 15 bytes.
        package var name: String
        package var process: Int32
        /// Watches, and the inotify instances that hold them.
        package var count: Int
        package var instances: Int
    }

    /// How many there may be; nil if the kernel does not say.
    package var limit: Int?
    package var instanceLimit: Int?
    /// Those with an instance, the greatest first.
    package var consumers: [Consumer]
    package var used: Int { consumers.reduce(0) { $0 + $1.count } }

    /// What is in use now: it reads `/proc` for each descriptor of this user's processes.
    package static var now: WatchUsage {
        let processes = names(in: "/proc").compactMap { Int32($0) }.filter(isOwn)
        let consumers = processes.map(Consumer.init)
        return WatchUsage(
            limit: WatchError.kernelLimit("watches"),
            instanceLimit: WatchError.kernelLimit("instances"),
            consumers: consumers.filter { $0.instances > 0 }.sorted { ($1.count, $0.process) < ($0.count, $1.process) }
        )
    }

    private static func isOwn(_ process: Int32) -> Bool {
        var status = stat()
        return stat("/proc/\(process)", &status) == 0 && status.st_uid == geteuid()
    }

    /// Empty where this user may not look.
    fileprivate static func names(in directory: String) -> [String] {
        guard var listing = try? DirectoryListing(of: RawPath(directory.utf8), followsLink: false) else { return [] }
        var names: [String] = []
        while let entry = try? listing.next() { names.append(String(decoding: entry.name, as: UTF8.self)) }
        return names
    }

    fileprivate static func readLines(of path: String, _ body: ([UInt8]) -> Void) {
        guard let file = fopen(path, "re") else { return }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, Int32(line.count), file) != nil {
            body(line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) })
        }
    }
}

extension WatchUsage.Consumer {
    /// A line `inotify wd:…` of an instance stands for each watch (proc(5)).
    fileprivate init(_ process: Int32) {
        self.init(name: "", process: process, count: 0, instances: 0)
        for descriptor in WatchUsage.names(in: "/proc/\(process)/fd") where Self.isInotify(process, descriptor) {
            instances += 1
            WatchUsage.readLines(of: "/proc/\(process)/fdinfo/\(descriptor)") { line in
                if line.starts(with: "inotify wd:".utf8) { count += 1 }
            }
        }
        WatchUsage.readLines(of: "/proc/\(process)/comm") { name = String(decoding: $0, as: UTF8.self) }
    }

    private static func isInotify(_ process: Int32, _ descriptor: String) -> Bool {
        var target = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/\(process)/fd/\(descriptor)", &target, target.count)
        return count > 0 && target.prefix(count).map(UInt8.init(bitPattern:)).elementsEqual("anon_inode:inotify".utf8)
    }
}
