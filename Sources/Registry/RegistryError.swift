/// Why a registry did not do what it was asked for, in words for the user.

internal import HTTP
internal import OCI

package struct RegistryError: Error, Hashable, Sendable {
    /// One sentence, without a full stop; no credential is in it.
    package var reason: String
    /// What the user can do; one line, without a full stop.
    package var remedy: String
    /// Whether the same may go well later, by itself.
    package var isTransient: Bool
    /// How long the registry wants to be left alone, where it says so.
    package var retryAfter: Duration?
    /// What is being pushed is not needed any more.
    package var isCancelled = false
    /// The answer's status, where there was one.
    package var status: Int?
    /// The codes of the distribution specification, like `MANIFEST_BLOB_UNKNOWN`.
    package var codes: [String] = []
    /// Those that its words name.
    var digests: Set<Digest> = []
    /// The registry wants to be left alone for longer than one attempt lasts.
    var isPostponed = false
    /// The blob may get there, or here, in another session or from its beginning.
    var isWorthAnother = false

    /// Whether a blob is tried again here; nobody outside does for that reason.
    var isRepeated: Bool { (isTransient || isWorthAnother) && !isPostponed }

    /// We are not let in, and knocking again does not help.
    package var isRefusal: Bool { [401, 403].contains(status) }

    /// Without a word that came from a server.
    package init(_ reason: String, remedy: String, isTransient: Bool = false) {
        (self.reason, self.remedy, self.isTransient) = (reason, remedy, isTransient)
    }

    static var notNeeded: RegistryError {
        var error = RegistryError("it is not needed any more", remedy: "")
        error.isCancelled = true
        return error
    }

    /// What others said is in it: here, and nowhere else, secrets are taken out of that.
    private init(_ reason: String, remedy: String, isTransient: Bool, hiding secrets: Secrets) {
        self.init(secrets.redact(reason), remedy: secrets.redact(remedy), isTransient: isTransient)
    }

    init(_ error: HTTPError, hiding secrets: Secrets) {
        self.init(
            "\(error.address): \(error.reason)",
            remedy: error.remedy ?? Self.remedy(error),
            isTransient: error.isTransient,
            hiding: secrets
        )
        isCancelled = error.kind == .cancelled
        if error.kind == .denied { status = 401 }
        retryAfter = error.retryAfter
        isPostponed = retryAfter.map(Backoff.isTooLong) ?? false
    }

    private static func remedy(_ error: HTTPError) -> String {
        switch error.kind {
        case .unreachable: "check the registry's address, and whether it runs; it is tried again by itself"
        case .untrusted where plainHTTP.contains(where: error.reason.contains):
            "this registry speaks plain HTTP, which is for loopback alone; give it TLS, with a certificate"
        case .untrusted where error.reason.contains("target host name"):
            "use a name that stands in its certificate, or have one made for this name"
        case .untrusted where error.reason.contains("expired"):
            "have its certificate renewed, or set this machine's clock right"
        case .untrusted:
            "put the certificate of its authority into ~/.config/containers/certs.d/"
                + "\(WebAddress(parsing: error.address)?.site ?? "HOST:PORT")/ca.crt, or check the address"
        case .denied: login
        case .busy: "see what the token server's own log says; it is tried again by itself"
        case .timedOut, .cut: "check the network and the registry; it is tried again by itself"
        case .forbidden: "check whether this registry can be trusted; nothing was sent to the other place"
        default: "see what the registry's own log says"
        }
    }

    /// What OpenSSL says to an answer that is no TLS.
    private static let plainHTTP = ["wrong version number", "packet length too long", "record layer failure"]

    static let login = "log in with `docker login`, `podman login` or `skopeo login`, or check the credentials"

    /// An answer that is none of those that were hoped for.
    init(_ what: String, _ response: HTTPResponse, hiding secrets: Secrets) {
        let body = secrets.redact(body: response.body)
        let errors = ServerMessage(body)
        let detail = errors.text.isEmpty ? "" : ": \(errors.text)"
        self.init(
            "\(what): \(response.address.shown) answered \(response.status)\(detail)",
            remedy: Self.remedy(response.status, errors.codes),
            isTransient: Backoff.isTransient(response.status),
            hiding: secrets
        )
        (codes, digests, status) = (errors.codes, Digest.all(in: body), response.status)
        retryAfter = Backoff.postponement(response)
        if let wait = retryAfter, wait > .zero {
            remedy = "it wants to be left alone for \(wait.components.seconds) s, and is asked again then; an edit or "
            remedy += "`imgwatch retry` does not wait"
        }
        // The request itself was repeated as it asks for; what is longer than a moment is nothing to repeat here, too.
        isPostponed = response.status == 429 || (Backoff.retryAfter(response).map { $0 > .seconds(1) } ?? false)
    }

    private static func remedy(_ status: Int, _ codes: [String]) -> String {
        switch status {
        case 401: login
        case 403: "these credentials do not allow it: ask for the right to push to this repository"
        case 404 where codes.contains("NAME_UNKNOWN"):
            "some registries want a repository to be made first: make it there, or check the name"
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
