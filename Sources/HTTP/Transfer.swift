/// One request on its way: what libcurl asks for and hands over, and what follows from it.

internal import CCurl
internal import Glibc
internal import Synchronization

/// Before it starts and after it ended nobody but its creator knows it; in between only the client's thread uses it:
/// that makes `Sendable` true.
final class Transfer: @unchecked Sendable {  // see above: one thread at a time
    let request: HTTPRequest
    /// Set by any thread.
    let isCancelled = Atomic(false)
    private(set) var handle = EasyHandle()
    private var headers: [HTTPHeader] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var sent = 0
    private var file: Int32 = -1
    private let times: HTTPTimes
    private var pace: Pace
    /// Why we ended it ourselves.
    private var complaint: HTTPError?
    private var continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>?

    init(_ request: HTTPRequest, _ times: HTTPTimes) {
        (self.request, self.times, pace) = (request, times, Pace(request, times))
        setUp()
    }

    deinit { if file >= 0 { close(file) } }

    func onCompletion(_ continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>) {
        self.continuation = continuation
    }

    func complete(_ result: Result<HTTPResponse, HTTPError>) {
        continuation?.resume(returning: result)
        continuation = nil
    }

    func fail(_ kind: HTTPError.Kind, _ reason: String) {
        complete(.failure(HTTPError(kind, request.address, reason)))
    }

    func cancel() { complete(.failure(.notNeeded(request.address))) }

    func finish(_ code: CURLcode) {
        if let complaint { return complete(.failure(complaint)) }
        // Whoever answers no in the middle of an upload may hang up on the rest of it.
        let isRefusal = handle.status >= 400 && [CURLE_SEND_ERROR, CURLE_RECV_ERROR].contains(code)
        guard code == CURLE_OK || isRefusal else {
            let isCut = code == CURLE_SEND_FAIL_REWIND
            let reason = isCut ? "the connection ended before all was sent" : handle.reason(code)
            return fail(Self.kind(of: code, reason), reason)
        }
        let response = HTTPResponse(
            status: handle.status,
            headers: headers,
            body: body,
            address: request.address
        )
        complete(.success(response))
    }

    private static func kind(of code: CURLcode, _ reason: String) -> HTTPError.Kind {
        switch code {
        // A connection that breaks while TLS is agreed upon says nothing about whom we speak to.
        case CURLE_SSL_CONNECT_ERROR where brokenHandshakes.contains(where: reason.contains): .cut
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unreachable
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        // So libcurl says that a header is longer than it takes: older versions by the one, newer ones by the other.
        case CURLE_OUT_OF_MEMORY: .tooLong
        case CURLE_RECV_ERROR where reason.hasPrefix("Too large response header"): .tooLong
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND: .cut
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            .untrusted
        default: .other
        }
    }

    private static let brokenHandshakes = [
        "SSL_ERROR_SYSCALL", "SSL_ERROR_ZERO_RETURN", "Connection reset", "Broken pipe",
    ]

    // MARK: What libcurl hands over

    fileprivate func take(header line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= HTTPLimits.longestHeaders else { return refuse(.tooLong, "the headers are too long") }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            headers = []
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop(while: Self.isBlank)
            let end = value.lastIndex { !Self.isBlank($0) }.map { value.index(after: $0) } ?? value.startIndex
            headers.append(HTTPHeader(String(text[..<colon]), String(value[..<end])))
        }
        return true
    }

    private static func isBlank(_ sign: Character) -> Bool { sign == " " || sign == "\t" || sign.isNewline }

    /// More than it may be, as far as the headers say it.
    private var isAnnouncedTooLong: Bool {
        let length = headers.last { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        return length > request.longestBody
    }

    fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if case .stream(let statuses, let consume) = request.sink, statuses.contains(handle.status) {
            return consume(bytes) || refuse(.refused, "the answer is not what was asked for")
        }
        guard !isAnnouncedTooLong, body.count + bytes.count <= request.longestBody else {
            return refuse(.tooLong, "the answer is longer than \(request.longestBody) bytes")
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func refuse(_ kind: HTTPError.Kind, _ reason: String) -> Bool {
        complaint = HTTPError(kind, request.address, reason)
        return false
    }

    /// Whether it is worth waiting for, as libcurl asks about once a second.
    fileprivate func goesOn(downloaded: Int, uploaded: Int) -> Bool {
        // Until it is connected another limit counts.
        guard handle.time(CURLINFO_PRETRANSFER_TIME_T) > 0 else { return true }
        let isStored = mayBeStored && uploaded >= request.body.length && handle.status < 200
        let moment = handle.time(CURLINFO_TOTAL_TIME_T) / 1000
        let fault = pace.fault(bytes: headerBytes + downloaded + uploaded, isStored: isStored, at: moment)
        return fault.map { refuse(.timedOut, $0) } ?? true
    }

    /// A PUT without a body ends what came before in pieces.
    private var mayBeStored: Bool { request.body.length > 0 || request.method == "PUT" }

    // MARK: What libcurl asks for

    /// - Returns: nil where the file can't be read.
    fileprivate func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        switch request.body {
        case .none: return 0
        case .bytes(let bytes):
            let count = min(buffer.count, bytes.count - sent)
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
            sent += count
            return count
        case .file(let path, let offset, let length):
            let count = read(path, at: offset + sent, into: buffer, atMost: length - sent)
            guard count > 0 || sent == length else {
                let reason = count < 0 ? String(cString: strerror(errno)) : "it is shorter than it was"
                complaint = HTTPError(.other, request.address, "\(path) can't be sent: \(reason)")
                return nil
            }
            sent += count
            return count
        }
    }

    private func read(_ path: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer, atMost: Int) -> Int {
        if file < 0 { file = open(path, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { return -1 }
        return pread(file, buffer.baseAddress, min(buffer.count, atMost), off_t(offset))
    }

    /// libcurl itself sends again what a connection took that was open before and is gone now: false where it must not.
    fileprivate func rewind(to offset: Int) -> Bool {
        guard request.isRepeatable || sent == 0 else { return false }
        sent = offset
        return true
    }

    fileprivate static func of(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }
}

// MARK: - Options

extension Transfer {
    private func setUp() {
        setUpConnection()
        setUpBody()
        var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        // Nobody waits for a "100 Continue".
        lines.append("Expect:")
        handle.setHeaders(lines)
        let context = Unmanaged.passUnretained(self).toOpaque()
        curl_set_transfer(handle.pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Transfer.of(context)?.take(header: line) == true ? size * count : 0
        }
        curl_set_pointer(handle.pointer, CURLOPT_HEADERDATA, context)
        curl_set_transfer(handle.pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Transfer.of(context)?.take(piece) == true ? size * count : 0
        }
        curl_set_pointer(handle.pointer, CURLOPT_WRITEDATA, context)
    }

    private func setUpConnection() {
        handle.set(CURLOPT_URL, request.address.description)
        handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
        handle.set(CURLOPT_NOSIGNAL, 1)
        // Nobody waits for a name server that does not answer: its thread is left to itself.
        handle.set(CURLOPT_QUICK_EXIT, 1)
        handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        handle.set(CURLOPT_USERAGENT, "imgwatch")
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, times.connect)
        if !request.body.isLarge, case .memory = request.sink {
            handle.set(CURLOPT_TIMEOUT_MS, times.small + (mayBeStored ? times.storeSeconds * 1000 : 0))
        }
        handle.set(CURLOPT_NOPROGRESS, 0)
        curl_set_progress(handle.pointer) { context, _, downloaded, _, uploaded in
            Transfer.of(context)?.goesOn(downloaded: Int(downloaded), uploaded: Int(uploaded)) == false ? 1 : 0
        }
        curl_set_pointer(handle.pointer, CURLOPT_XFERINFODATA, Unmanaged.passUnretained(self).toOpaque())
        handle.set(CURLOPT_BUFFERSIZE, HTTPLimits.transferBuffer)
        handle.set(CURLOPT_UPLOAD_BUFFERSIZE, HTTPLimits.transferBuffer)
        // What listens on this machine is not behind a proxy.
        if HostKind(request.address.host) == .loopback { handle.set(CURLOPT_PROXY, "") }
        let trust = request.trust
        if !trust.authorities.isEmpty {
            trust.authorities.withUnsafeBytes { _ = curl_set_authorities(handle.pointer, $0.baseAddress, $0.count) }
        }
        if let certificate = trust.clientCertificate { handle.set(CURLOPT_SSLCERT, certificate) }
        if let key = trust.clientKey { handle.set(CURLOPT_SSLKEY, key) }
    }

    private func setUpBody() {
        let length = request.body.length
        switch (request.method, request.body) {
        case ("GET", .none): break
        case ("HEAD", .none): handle.set(CURLOPT_NOBODY, 1)
        case ("POST", .none), ("PUT", .none), ("PATCH", .none):
            handle.set(CURLOPT_POST, 1)
            curl_set_offset(handle.pointer, CURLOPT_POSTFIELDSIZE_LARGE, 0)
            // libcurl keeps a copy.
            handle.set(CURLOPT_COPYPOSTFIELDS, "")
            handle.set(CURLOPT_CUSTOMREQUEST, request.method)
        case (_, .none): handle.set(CURLOPT_CUSTOMREQUEST, request.method)
        default:
            handle.set(CURLOPT_UPLOAD, 1)
            handle.set(CURLOPT_CUSTOMREQUEST, request.method)
            curl_set_offset(handle.pointer, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
            setUpReading()
        }
    }

    private func setUpReading() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        curl_set_transfer(handle.pointer, CURLOPT_READFUNCTION) { bytes, size, count, context in
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
            return Transfer.of(context)?.give(buffer) ?? Int(CURL_READFUNC_ABORT)
        }
        curl_set_pointer(handle.pointer, CURLOPT_READDATA, context)
        curl_set_rewind(handle.pointer) { context, offset, origin in
            guard origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
            return Transfer.of(context)?.rewind(to: Int(offset)) == true ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
        curl_set_pointer(handle.pointer, CURLOPT_SEEKDATA, context)
    }
}
