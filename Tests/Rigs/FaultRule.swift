/// Which requests a proxy spoils, and how.

package struct FaultRule: Encodable, Sendable {
    private enum Action: String, Encodable {
        case answer, redirect, cut, hold, delay, unauthorized, drop, rewrite, endless
    }

    /// Where a connection is cut.
    package enum Place: Sendable {
        /// Before the registry hears of the request.
        case start
        /// When so many bytes of the request's body were passed on.
        case request(Int)
        /// When the registry has done it, before anybody is told.
        case answered
        /// When so many bytes of the response's body were passed on.
        case response(Int)
    }

    /// Which blob of an image.
    package enum Blob: Sendable {
        case configuration, firstLayer, lastLayer
        case digest(String)
    }

    private var method: String?
    private var path: String?
    private var nth = 1
    private var times = 1
    private var tokenUses: Int?
    private var action: Action
    private var at: String?
    private var bytes: Int?
    private var status: Int?
    private var headers: [String: String?]?
    private var text: String?
    private var isEarly: Bool?
    private var isReset: Bool?
    private var seconds: Double?
    private var target: String?
    private var digest: String?

    enum CodingKeys: String, CodingKey {
        case method, path, nth, times, at, bytes, status, headers, text, seconds, digest
        case action = "do"
        case tokenUses = "token_uses"
        case isEarly = "early"
        case isReset = "reset"
        case target = "to"
    }

    private init(_ action: Action) { self.action = action }
}

/// For which requests.
extension FaultRule {
    /// Only for these requests, by regular expressions: of the whole method, and of a part of the path with its query.
    package func on(_ method: String? = nil, _ path: String? = nil) -> FaultRule {
        changed { ($0.method, $0.path) = (method, path) }
    }

    /// From the n-th of its requests on, counted from 1; once, where nothing else is said.
    package func from(_ nth: Int) -> FaultRule { changed { $0.nth = nth } }

    package func times(_ times: Int) -> FaultRule { changed { $0.times = times } }

    package var always: FaultRule { changed { $0.times = 0 } }

    /// Only where the same `Authorization` was seen in more requests than that.
    package func whenUsed(moreThan uses: Int) -> FaultRule { changed { $0.tokenUses = uses } }

    private func changed(_ change: (inout FaultRule) -> Void) -> FaultRule {
        var copy = self
        change(&copy)
        return copy
    }
}

/// What happens to them.
extension FaultRule {
    /// The proxy answers by itself.
    ///
    /// `isEarly`: before it reads the body, and then it closes.
    package static func answer(
        _ status: Int,
        headers: [String: String] = [:],
        text: String = "",
        isEarly: Bool = false
    ) -> FaultRule {
        FaultRule(.answer).changed {
            ($0.status, $0.headers, $0.text, $0.isEarly) = (status, headers.mapValues { $0 }, text, isEarly)
        }
    }

    /// To the same path at another origin, as `http://127.0.0.1:1`.
    package static func redirect(to origin: String, status: Int = 307) -> FaultRule {
        FaultRule(.redirect).changed { ($0.target, $0.status) = (origin, status) }
    }

    /// `isReset`: as a crash does it; else it is closed.
    package static func cut(_ place: Place, isReset: Bool = false) -> FaultRule {
        FaultRule(.cut).changed {
            $0.isReset = isReset
            switch place {
            case .start: $0.at = "start"
            case .answered: $0.at = "answered"
            case .request(let bytes): ($0.at, $0.bytes) = ("request", bytes)
            case .response(let bytes): ($0.at, $0.bytes) = ("response", bytes)
            }
        }
    }

    /// Nothing goes on until `FaultyProxy.release()`, which may be never.
    ///
    /// `afterRegistry`: the registry has done it.
    package static func hold(afterRegistry: Bool = false) -> FaultRule {
        FaultRule(.hold).changed { $0.at = afterRegistry ? "answered" : "start" }
    }

    package static func delay(seconds: Double) -> FaultRule { FaultRule(.delay).changed { $0.seconds = seconds } }

    /// The registry gets the request without `Authorization`, and so asks for it: what an expired token looks like.
    package static var unauthorized: FaultRule { FaultRule(.unauthorized) }

    /// The registry loses a blob just before it gets the request; but for `.digest`, that is the PUT of a manifest.
    package static func drop(_ blob: Blob) -> FaultRule {
        FaultRule(.drop).changed {
            $0.digest =
                switch blob {
                case .configuration: "config"
                case .firstLayer: "first"
                case .lastLayer: "last"
                case .digest(let digest): digest
                }
        }
    }

    /// Replaces headers of the response, or takes them away where the value is nil.
    package static func rewrite(_ headers: [String: String?], status: Int? = nil) -> FaultRule {
        FaultRule(.rewrite).changed { ($0.headers, $0.status) = (headers, status) }
    }

    /// The response's body never ends.
    package static var endless: FaultRule { FaultRule(.endless) }
}
