/// Finds the files of an image: its context, its Dockerfile, the ignore file that is in force.

import Dockerfile

extension DockerfileReader {
    /// Whether it is there, or will be.
    mutating func checkContext(_ context: Placed<String>) -> Bool {
        let path = "\(root)/\(context.value)"
        if leaves(path) {
            report(
                .path,
                context.place,
                "the context `\(context.value)` is a link that leads out of the project",
                "Move what it leads to into the project, or the configuration up to a folder that holds both."
            )
            return false
        }
        switch FileKind.of(path) {
        case .folder: return isItself(context)
        case nil where outputs.contains(where: { $0.path.covers(context.value) }): return true
        case nil:
            report(
                .missingFile,
                context.place,
                "the context `\(context.value)` does not exist",
                nearest(to: context.value, wanted: .folder) ?? "Make the folder, or name another."
            )
        default:
            report(
                .missingFile,
                context.place,
                "the context `\(context.value)` is not a folder",
                "Name the folder that `COPY` reads from; the Dockerfile is named by `dockerfile`."
            )
        }
        return false
    }

    /// Inputs are read and watched under their own paths, so a context must be where it says.
    private mutating func isItself(_ context: Placed<String>) -> Bool {
        guard let real = AbsolutePath.real("\(root)/\(context.value)"),
            let place = RelativePath.relative(real, to: root)
        else { return true }
        if place == context.value { return true }
        report(
            .path,
            context.place,
            "the context `\(context.value)` leads through a link",
            "Name the folder itself: `context: \(place.isEmpty ? "." : place)`."
        )
        return false
    }

    mutating func text(of dockerfile: Placed<String>, _ image: ImageEntry) -> String? {
        let path = "\(root)/\(dockerfile.value)"
        sourceFiles.append(path)
        if leaves(path) {
            report(
                .path,
                dockerfile.place,
                "the Dockerfile `\(dockerfile.value)` is a link that leads out of the project",
                "Copy the file into the project, or move the configuration up to a folder that holds both."
            )
            return nil
        }
        switch FileKind.of(path) {
        case .file: break
        case .folder:
            report(
                .missingFile,
                dockerfile.place,
                "the Dockerfile `\(dockerfile.value)` is a folder",
                "Name the file in it: `dockerfile: \(RelativePath.join(dockerfile.value, "Dockerfile"))`."
            )
            return nil
        default:
            reportMissing(dockerfile, of: image)
            return nil
        }
        do {
            return try TextFile.read(path)
        } catch {
            let place = Place(file: dockerfile.value)
            problems.append(error.diagnostic(at: place, what: "the Dockerfile of `\(image.id)`"))
            return nil
        }
    }

    private mutating func reportMissing(_ dockerfile: Placed<String>, of image: ImageEntry) {
        if let output = outputs.first(where: { $0.path.covers(dockerfile.value) }) {
            report(
                .madeDockerfile,
                dockerfile.place,
                "the Dockerfile `\(dockerfile.value)` is written by the step `\(output.step)` and is not there yet; "
                    + "a Dockerfile must exist before anything runs, because it says what the image needs",
                "Run the step's command once by hand, or keep the Dockerfile out of its outputs."
            )
            return
        }
        report(
            .missingFile,
            dockerfile.place,
            "the Dockerfile `\(dockerfile.value)` of `\(image.id)` does not exist",
            nearest(to: dockerfile.value, wanted: .file) ?? "Write it, or name another by `dockerfile`."
        )
    }

    /// `<Dockerfile>.dockerignore` beside the Dockerfile, or `.dockerignore` in the context (BuildKit, `dockerui`).
    mutating func readIgnoreFile(dockerfile: String, context: String) -> (path: String, text: String)? {
        let candidates = [dockerfile + ".dockerignore", RelativePath.join(context, ".dockerignore")]
        sourceFiles += candidates.map { "\(root)/\($0)" }
        guard let path = candidates.first(where: { FileKind.of("\(root)/\($0)") == .file }) else { return nil }
        do {
            return (path, try TextFile.read("\(root)/\(path)"))
        } catch {
            problems.append(error.diagnostic(at: Place(file: path), what: "the ignore file"))
            return nil
        }
    }

    /// The ignore file's patterns, then the image's own.
    mutating func patterns(
        of image: ImageEntry,
        ignore: (path: String, text: String)?
    ) -> (patterns: IgnorePatterns, places: [Place])? {
        var isSound = true
        do {
            _ = try IgnorePatterns(parsing: ignore?.text ?? "")
        } catch {
            problems += error.all.map { diagnostic($0, in: ignore?.path ?? "", of: image) }
            isSound = false
        }
        for pattern in image.ignore {
            do {
                _ = try IgnorePatterns(parsing: pattern.value)
            } catch {
                problems += error.all.map {
                    Diagnostic(id: $0.id, place: pattern.place, reason: $0.reason, remedy: $0.remedy)
                }
                isSound = false
            }
        }
        let all = ([ignore?.text ?? ""] + image.ignore.map(\.value)).joined(separator: "\n")
        guard isSound, let patterns = try? IgnorePatterns(parsing: all) else { return nil }
        let lines = (1...Self.lineCount(ignore?.text ?? "")).map { Place(file: ignore?.path ?? "", line: $0) }
        let own = image.ignore.flatMap { Array(repeating: $0.place, count: Self.lineCount($0.value)) }
        return (patterns, lines + own)
    }

    private static func lineCount(_ text: String) -> Int { text.utf8.count { $0 == UInt8(ascii: "\n") } + 1 }

    /// Whether links on the way lead to something outside the root.
    private func leaves(_ path: String) -> Bool {
        guard let real = AbsolutePath.real(path) else { return false }
        return !OutputPath(path: root, isDirectory: true).covers(real) && root != "/"
    }

    private mutating func report(_ rule: Rule, _ place: Place, _ reason: String, _ remedy: String) {
        problems.append(Diagnostic(id: rule.id, place: place, reason: reason, remedy: remedy))
    }

    private func nearest(to path: String, wanted: FileKind) -> String? {
        FileKind.nearest(to: path, in: root, wanted: wanted).map { "Did you mean `\($0)`?" }
    }
}
