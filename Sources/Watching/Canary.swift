/// Some file systems take a watch and never tell anything: a harmless change shows whether this one does.

import Glibc

enum Canary {
    /// Whether a change of the directory is told: a `chmod` to the mode that it has already.
    ///
    /// True where nothing can be learned: this user may not do that, or no inotify instance is left. It has an
    /// instance of its own, so that nobody is woken.
    static func isTold(_ directory: RawPath) -> Bool {
        let mask = UInt32(bitPattern: IN_ATTRIB | IN_ONLYDIR)
        var status = stat()
        guard let probe = try? Inotify(), (try? probe.add(directory, mask: mask, followsLink: true)) != nil,
            directory.withCString({ stat($0, &status) == 0 && chmod($0, status.st_mode & 0o7777) == 0 })
        else { return true }
        return !probe.isEmpty
    }
}
