/// The file systems that a project and its state are on: whether they tell of changes, and what room is left.

import Foundation
import Glibc
import Project
import Reporting
import State
import Watching

struct FileDoctor {
    let patient: Patient
    /// nil without a project, and where its folders could not be counted in time.
    let count: FolderCount?

    func lines() -> [Patient.Line] {
        let mounts = Mount.all()
        var lines = line(
            patient.project == nil ? "this folder" : "the project",
            patient.folder,
            mounts,
            isWatched: true
        )
        if let project = patient.project {
            for mount in mounts where mount.path.hasPrefix(project.root + "/") {
                lines += line("in the project", mount.path, mounts, isWatched: true)
            }
            if let count = count?.groupWritable, count.count > 0 {
                lines.append(
                    Patient.Line(
                        .note,
                        "\(Formats.count(count.count, "input")) can be written by the group (\(count.example)): modes "
                            + "are content, and who checks out with another umask gets other keys",
                        remedies: ["umask 022 before `git clone`; here: chmod -R g-w \(project.root)"]
                    )
                )
            }
        }
        if let folders = patient.folders {
            lines += line("the state", folders.state, mounts, isWatched: false)
            lines += line("the images", folders.store, mounts, isWatched: false)
        }
        return lines
    }

    private func line(_ what: String, _ path: String, _ mounts: [Mount], isWatched: Bool) -> [Patient.Line] {
        let there = Self.existing(path)
        guard let mount = Mount.holding(AbsolutePath.real(there) ?? there, among: mounts), let room = Room(of: there)
        else { return [Patient.Line(.problem, "\(what), \(path): its file system can't be asked")] }
        let text = "\(what), \(path): \(mount.kind.name), \(room.text)"
        if isWatched, let remedy = mount.kind.silence { return [Patient.Line(.problem, text, remedies: [remedy])] }
        guard room.isShort else { return [Patient.Line(.ok, text)] }
        return [Patient.Line(.problem, text, remedies: ["make room there: `df -h \(there)`, `df -i \(there)`"])]
    }

    /// The path, or the folder above it that exists.
    static func existing(_ path: String) -> String {
        var path = path
        while path.count > 1, access(path, F_OK) != 0 { path = (path as NSString).deletingLastPathComponent }
        return path
    }
}

/// What is left on a file system.
struct Room: Equatable {
    var bytes: Int
    /// Files that can still be made; nil where the file system does not count them.
    var files: Int?

    init(bytes: Int, files: Int?) { (self.bytes, self.files) = (bytes, files) }

    init?(of path: String) {
        var raw = statvfs()
        guard statvfs(path, &raw) == 0 else { return nil }
        bytes = Int(clamping: UInt64(raw.f_bavail) * UInt64(raw.f_frsize))
        files = raw.f_files == 0 ? nil : Int(clamping: raw.f_favail)
    }

    /// Less than an image of some size, or a few builds, need.
    var isShort: Bool { bytes < 1_000_000_000 || (files.map { $0 < 10_000 } ?? false) }

    var text: String {
        "\(Formats.size(bytes: bytes)) free" + (files.map { ", \($0) inodes" } ?? "")
    }
}

extension FileSystemKind {
    /// What to do where the kernel is not told of changes that others make; nil where it sees them all.
    var silence: String? {
        guard isSilent else { return nil }
        return
            "\(name) does not tell what another machine changes: edit on this one, or keep the project on a local disk"
    }
}
