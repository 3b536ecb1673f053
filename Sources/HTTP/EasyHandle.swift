/// Owns one `CURL` easy handle and the list of its headers.

internal import CCurl

/// One thread at a time may use it, which is the client's: that makes `Sendable` true.
struct EasyHandle: ~Copyable, @unchecked Sendable {  // see above: handed over, never shared
    let pointer: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes its own words about a failure here.
    private let message: UnsafeMutablePointer<CChar>

    init() {
        guard let pointer = curl_easy_init() else { preconditionFailure("libcurl has no memory") }
        self.pointer = pointer
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, message)
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(headers)
        message.deallocate()
    }

    func set(_ option: CURLoption, _ value: Int) { curl_set_long(pointer, option, value) }
    func set(_ option: CURLoption, _ value: String) { curl_set_string(pointer, option, value) }

    mutating func setHeaders(_ lines: [String]) {
        for line in lines { headers = curl_slist_append(headers, line) }
        curl_set_pointer(pointer, CURLOPT_HTTPHEADER, headers)
    }

    var status: Int {
        var status = 0
        curl_get_long(pointer, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// Microseconds.
    func time(_ info: CURLINFO) -> Int {
        var time: curl_off_t = 0
        curl_get_offset(pointer, info, &time)
        return Int(time)
    }

    func reason(_ code: CURLcode) -> String {
        let text = String(cString: message).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }
}
