/// What imgwatch itself keeps of a project: whether a loop runs, whose its port is, what its folders take.

import Foundation
import Glibc
import Project
import Reporting
import State

struct StateDoctor {
    let patient: Patient

    func lines() -> [Patient.Line] {
        guard let project = patient.project, let folders = patient.folders else { return [] }
        let holder = Result { () throws(StateError) -> Int32? in try ProjectLock.holder(folders) }
        var lines: [Patient.Line] = []
        switch holder {
        case .success(let pid?): lines.append(Patient.Line(.ok, "imgwatch works on this project, as process \(pid)"))
        case .success(nil): lines.append(Patient.Line(.ok, "no imgwatch runs in this project"))
        case .failure(let error): lines.append(Patient.Line(.problem, error.reason, remedies: [error.remedy]))
        }
        if case .embedded = project.registry {
            lines.append(port(of: project, folders, isServed: (try? holder.get()) != .some(nil)))
        }
        lines.append(size("the state", folders.state))
        lines.append(size("the images", folders.store))
        return lines
    }

    private func port(of project: Project, _ folders: StateFolders, isServed: Bool) -> Patient.Line {
        do {
            guard let port = try folders.knownRegistryPort(of: project.root) else {
                return Patient.Line(.ok, "the project has no port yet; the first start gives it one")
            }
            if isServed { return Patient.Line(.ok, "the images are served on port \(port)") }
            try folders.checkPort(port)
            return Patient.Line(.ok, "port \(port), the project's own, is free")
        } catch {
            return Patient.Line(.problem, error.reason, remedies: [error.remedy])
        }
    }

    private func size(_ what: String, _ folder: String) -> Patient.Line {
        guard access(folder, F_OK) == 0 else { return Patient.Line(.ok, "\(what): nothing yet, \(folder)") }
        guard access(folder, R_OK | W_OK | X_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            return Patient.Line(
                .problem,
                "\(what), \(folder): \(reason)",
                remedies: ["make \(folder) writable for you"]
            )
        }
        return Patient.Line(.ok, "\(what): \(Formats.size(bytes: Self.bytes(below: folder))), \(folder)")
    }

    private static func bytes(below folder: String) -> Int {
        let files = FileManager.default.enumerator(atPath: folder)
        var total = 0
        while let name = files?.nextObject() as? String {
            var raw = stat()
            if lstat(folder + "/" + name, &raw) == 0 { total += Int(raw.st_blocks) * 512 }
        }
        return total
    }
}
