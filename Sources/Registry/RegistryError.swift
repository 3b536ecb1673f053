/// Why a registry did not do what it was asked for, in words for the user.

package import HTTP
internal import OCI

package struct RegistryError: Error, Hashable, Sendable {
    /// One sentence, without a full stop; no credential is in it.
    package var reason: String
    /// What the user can do; one line, without a full stop.
    package var remedy: String
    /// Whether it may pass by itself.
    package var isTransient: Bool
    /// The registry wants to be left alone for longer than one attempt lasts.
    package var isPostponed = false
    /// What is being pushed is not needed any more.
    package var isCancelled = false
    /// The answer's status, where there was one.
    package var status: Int?
    /// The codes of the distribution specification, like `MANIFEST_BLOB_UNKNOWN`.
    package var codes: [String] = []
    /// Those that its words name.
    var digests: Set<Digest> = []

    package init(_ reason: String, remedy: String, isTransient: Bool = false) {
        (self.reason, self.remedy, self.isTransient) = (reason, remedy, isTransient)
    }

    package init(_ error: HTTPError) {
        reason = "\(error.address): \(error.reason)"
        isTransient = error.isTransient
        isCancelled = error.kind == .cancelled
        remedy = error.remedy ?? Self.remedy(error)
    }

    private static func remedy(_ error: HTTPError) -> String {
        switch error.kind {
        case .unreachable: "check the registry's address, and whether it runs"
        case .untrusted:
            "put the certificate of its authority into ~/.config/containers/certs.d/HOST:PORT/ca.crt, or check the "
                + "address"
        case .denied: login
        case .busy: "see what the token server's own log says; it is tried again by itself"
        case .timedOut, .cut: "check the network and the registry; it is tried again by itself"
        case .forbidden: "check whether this registry can be trusted; nothing was sent to the other place"
        default: "see what the registry's own log says"
        }
    }

    private static let login =
        "log in with `docker login`, `podman login` or `skopeo login`, or check the credentials"

    /// An answer that is none of those that were hoped for.
    package init(_ what: String, _ response: HTTPResponse) {
        let errors = ServerMessage(response.body)
        (codes, digests) = (errors.codes, Digest.all(in: response.body))
        status = response.status
        let detail = errors.text.isEmpty ? "" : ": \(errors.text)"
        reason = "\(what): \(response.address.shown) answered \(response.status)\(detail)"
        isTransient = Backoff.isTransient(response.status)
        isPostponed = response.status == 429 || (Backoff.retryAfter(response).map(Backoff.isTooLong) ?? false)
        remedy =
            switch response.status {
            case 401: Self.login
            case 403: "these credentials do not allow it: ask for the right to push to this repository"
            case 404: "check the name; some registries want a repository to be made first"
            case 413: "the registry, or a proxy before it, takes no body as large as this"
            case 429: "the registry asks for fewer requests; it is tried again by itself"
            case 500...: "see what the registry's own log says; it is tried again by itself"
            default: "see what the registry's own log says"
            }
    }
}

/// The body of a refusal, as the distribution specification has it.
private struct ServerMessage {
    var codes: [String] = []
    var text = ""
    private static let longest = 300

    init(_ body: [UInt8]) {
        if let json = try? JSON(parsing: body, subject: "an error"), let errors = json["errors"]?.array {
            codes = errors.compactMap { $0["code"]?.text }
            text = errors.map { error in
                [error["code"]?.text, error["message"]?.text].compactMap(\.self).joined(separator: " ")
            }.joined(separator: "; ")
        } else {
            text = String(decoding: body.prefix(Self.longest), as: UTF8.self)
        }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(Self.longest) { shown.append(Self.isShown(scalar) ? scalar : " ") }
        text = String(shown).split(separator: " ").joined(separator: " ")
    }

    /// Neither moves the cursor of a terminal nor turns the order of letters around.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension Digest {
    /// All that stand in a text.
    static func all(in text: [UInt8]) -> Set<Digest> {
        var found: Set<Digest> = []
        var rest = text[...]
        while let start = rest.firstRange(of: Array("sha256:".utf8)) {
            let hex = String(decoding: rest[start.upperBound...].prefix(64), as: UTF8.self)
            if let digest = Digest(hex: hex) { found.insert(digest) }
            rest = rest[start.upperBound...]
        }
        return found
    }
}

extension HTTPResponse {
    /// Whether the registry names another digest than this one.
    func contradicts(_ digest: Digest) -> Bool { self["Docker-Content-Digest"].map { $0 != "\(digest)" } ?? false }

    /// The digest that the registry names; its own words are not shown.
    var statedDigest: String {
        self["Docker-Content-Digest"].flatMap { Digest(parsing: $0) }.map { "\($0)" } ?? "something else"
    }
}
