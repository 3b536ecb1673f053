/// The configuration's bytes: the top-level keys sorted, the others in the order of the specification's Go
/// structures, empty values left out; that is how BuildKit's exporter writes them.

extension ImageConfiguration {
    package func encoded() -> [UInt8] {
        var members: [(key: String, value: JSON)] = [
            ("architecture", .text(architecture)),
            ("config", execution.json),
            ("history", .array(history.map(\.json))),
            ("os", .text(operatingSystem)),
            (
                "rootfs",
                .object([
                    JSON.Member("type", .text("layers")),
                    JSON.Member("diff_ids", .texts(diffIDs.map(\.description))),
                ])
            ),
        ]
        if let created { members.append(("created", .text(created))) }
        if !author.isEmpty { members.append(("author", .text(author))) }
        if !variant.isEmpty { members.append(("variant", .text(variant))) }
        return JSON.map(members).encoded()
    }

    /// Keys that the specification and Docker do not define are dropped, as BuildKit's Dockerfile frontend does.
    package init(decoding bytes: [UInt8]) throws(OCIError) {
        let subject = "an image configuration"
        let json = try JSON(parsing: bytes, subject: subject)
        guard let architecture = json["architecture"]?.text, let system = json["os"]?.text else {
            throw .malformed(subject: subject, reason: "it names no architecture or no os")
        }
        self.init(architecture: architecture, operatingSystem: system, variant: json["variant"]?.text ?? "")
        created = json["created"]?.text
        author = json["author"]?.text ?? ""
        execution = json["config"].map(Execution.init) ?? Execution()
        history = (json["history"]?.array ?? []).map(History.init)
        let names = json["rootfs"]?["diff_ids"]?.texts ?? []
        diffIDs = names.compactMap { Digest(parsing: $0) }
        guard diffIDs.count == names.count else {
            throw .malformed(subject: subject, reason: "a diff_id is no SHA-256 digest")
        }
    }
}

extension ImageConfiguration.Execution {
    fileprivate var json: JSON {
        var members: [JSON.Member] = []
        func add(_ key: String, _ value: JSON, unless isEmpty: Bool) {
            if !isEmpty { members.append(JSON.Member(key, value)) }
        }
        add("User", .text(user), unless: user.isEmpty)
        add("ExposedPorts", Self.set(exposedPorts), unless: exposedPorts.isEmpty)
        add("Env", .texts(environment), unless: environment.isEmpty)
        add("Entrypoint", .texts(entrypoint), unless: entrypoint.isEmpty)
        add("Cmd", .texts(command), unless: command.isEmpty)
        add("Volumes", Self.set(volumes), unless: volumes.isEmpty)
        add("WorkingDir", .text(workingDirectory), unless: workingDirectory.isEmpty)
        add("Labels", .map(labels.map { (key: $0.key.text, value: .text($0.value)) }), unless: labels.isEmpty)
        add("StopSignal", .text(stopSignal), unless: stopSignal.isEmpty)
        add("ArgsEscaped", .boolean(true), unless: !argumentsEscaped)
        add("Healthcheck", healthcheck?.json ?? .null, unless: healthcheck == nil)
        add("OnBuild", .texts(onBuild), unless: onBuild.isEmpty)
        add("Shell", .texts(shell), unless: shell.isEmpty)
        return .object(members)
    }

    fileprivate init(_ json: JSON) {
        user = json["User"]?.text ?? ""
        exposedPorts = Self.set(json["ExposedPorts"])
        environment = json["Env"]?.texts ?? []
        entrypoint = json["Entrypoint"]?.texts ?? []
        command = json["Cmd"]?.texts ?? []
        volumes = Self.set(json["Volumes"])
        workingDirectory = json["WorkingDir"]?.text ?? ""
        labels = Self.labels(json["Labels"])
        stopSignal = json["StopSignal"]?.text ?? ""
        argumentsEscaped = json["ArgsEscaped"]?.boolean ?? false
        if let healthcheck = json["Healthcheck"], healthcheck != .null {
            self.healthcheck = ImageConfiguration.Healthcheck(healthcheck)
        }
        onBuild = json["OnBuild"]?.texts ?? []
        shell = json["Shell"]?.texts ?? []
    }

    /// A Go set: an object whose values are empty objects.
    private static func set(_ names: Set<ExactText>) -> JSON {
        .map(names.map { (key: $0.text, value: JSON.object([])) })
    }

    private static func set(_ json: JSON?) -> Set<ExactText> {
        Set((json?.members ?? []).map { ExactText($0.key) })
    }

    /// None where something else than a text is among them.
    private static func labels(_ json: JSON?) -> [ExactText: String] {
        let pairs = (json?.members ?? []).map { (ExactText($0.key), $0.value.text) }
        let texts = pairs.compactMap { (key, value) in value.map { (key, $0) } }
        return texts.count == pairs.count ? Dictionary(texts) { $1 } : [:]
    }
}

extension ImageConfiguration.Healthcheck {
    fileprivate var json: JSON {
        let numbers = [
            ("Interval", interval), ("Timeout", timeout), ("StartPeriod", startPeriod),
            ("StartInterval", startInterval), ("Retries", Int64(retries)),
        ]
        var members = test.isEmpty ? [] : [JSON.Member("Test", .texts(test))]
        members += numbers.filter { $0.1 != 0 }.map { JSON.Member($0.0, .integer($0.1)) }
        return .object(members)
    }

    fileprivate init(_ json: JSON) {
        func number(_ key: String) -> Int64 { Int64(json[key]?.integer ?? 0) }
        self.init()
        test = json["Test"]?.texts ?? []
        (interval, timeout) = (number("Interval"), number("Timeout"))
        (startPeriod, startInterval) = (number("StartPeriod"), number("StartInterval"))
        retries = Int(number("Retries"))
    }
}

extension ImageConfiguration.History {
    fileprivate var json: JSON {
        var members: [JSON.Member] = []
        if let created { members.append(JSON.Member("created", .text(created))) }
        if !createdBy.isEmpty { members.append(JSON.Member("created_by", .text(createdBy))) }
        if !author.isEmpty { members.append(JSON.Member("author", .text(author))) }
        if !comment.isEmpty { members.append(JSON.Member("comment", .text(comment))) }
        if isEmptyLayer { members.append(JSON.Member("empty_layer", .boolean(true))) }
        return .object(members)
    }

    fileprivate init(_ json: JSON) {
        self.init(
            created: json["created"]?.text,
            createdBy: json["created_by"]?.text ?? "",
            author: json["author"]?.text ?? "",
            comment: json["comment"]?.text ?? "",
            isEmptyLayer: json["empty_layer"]?.boolean ?? false
        )
    }
}
