/// Sends requests with libcurl's multi interface, on one thread of its own; connections are kept open between them.

internal import CCurl
internal import Foundation
internal import Synchronization

/// The innermost layer: neither retries nor redirects nor credentials.
///
/// libcurl is set up by the first request: who needs none pays nothing.
package final class HTTPClient: Sendable {
    private let worker = Mutex<Worker?>(nil)

    package init() {}

    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let worker = worker.withLock { worker in
            let known = worker ?? Worker()
            worker = known
            return known
        }
        return try await worker.send(request)
    }

    /// Ends what is on its way, and the thread.
    package func close() { worker.withLock(\.self)?.close() }
}

/// The thread is the only one that touches the multi handle and the transfers under way.
private final class Worker: Sendable {
    private let multi: MultiHandle
    private let inbox = Mutex(Inbox())
    /// Sets libcurl up, once a process.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private struct Inbox {
        var started: [Transfer] = []
        var isClosed = false
    }

    init() {
        precondition(Self.isReady, "libcurl can't be set up")
        multi = MultiHandle()
        let thread = Thread { [self] in run() }
        thread.name = "http"
        thread.start()
    }

    func close() { tell { $0.isClosed = true } }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let transfer = Transfer(request)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.onCompletion(continuation)
                tell { $0.started.append(transfer) }
            }
        } onCancel: {
            transfer.isCancelled.store(true, ordering: .relaxed)
            tell { _ in }
        }
        return try result.get()
    }

    private func tell(_ change: (inout Inbox) -> Void) {
        inbox.withLock { change(&$0) }
        curl_multi_wakeup(multi.pointer)
    }

    private func run() {
        var running: [UnsafeMutableRawPointer: Transfer] = [:]
        while true {
            let news = inbox.withLock { inbox in
                defer { inbox.started = [] }
                return inbox
            }
            for transfer in news.started { start(transfer, &running, isClosed: news.isClosed) }
            for transfer in running.values
            where news.isClosed || transfer.isCancelled.load(ordering: .relaxed) {
                end(transfer, &running)
                transfer.fail(.cancelled, "it is not needed any more")
            }
            if news.isClosed { return }
            perform(&running)
            // Nothing is to do until somebody wakes us, or a connection does.
            curl_multi_poll(multi.pointer, nil, 0, running.isEmpty ? 3_600_000 : 1000, nil)
        }
    }

    private func start(
        _ transfer: Transfer,
        _ running: inout [UnsafeMutableRawPointer: Transfer],
        isClosed: Bool
    ) {
        running[transfer.handle.pointer] = transfer
        guard !isClosed, curl_multi_add_handle(multi.pointer, transfer.handle.pointer) != CURLM_OK else { return }
        running[transfer.handle.pointer] = nil
        transfer.fail(.other, "libcurl does not take it")
    }

    private func end(_ transfer: Transfer, _ running: inout [UnsafeMutableRawPointer: Transfer]) {
        curl_multi_remove_handle(multi.pointer, transfer.handle.pointer)
        running[transfer.handle.pointer] = nil
    }

    private func perform(_ running: inout [UnsafeMutableRawPointer: Transfer]) {
        var count: Int32 = 0
        curl_multi_perform(multi.pointer, &count)
        while let message = curl_multi_info_read(multi.pointer, &count) {
            guard message.pointee.msg == CURLMSG_DONE, let pointer = message.pointee.easy_handle,
                let transfer = running[pointer]
            else { continue }
            let code = message.pointee.data.result
            end(transfer, &running)
            transfer.finish(code)
        }
    }
}

/// Owns the `CURLM`; only the client's thread uses it, but for `curl_multi_wakeup`, which any thread may call.
private struct MultiHandle: ~Copyable, @unchecked Sendable {  // see above
    let pointer: UnsafeMutableRawPointer

    init() {
        guard let pointer = curl_multi_init() else { preconditionFailure("libcurl has no memory") }
        self.pointer = pointer
        curl_set_multi_long(pointer, CURLMOPT_MAX_HOST_CONNECTIONS, HTTPLimits.connectionsPerHost)
    }

    deinit { curl_multi_cleanup(pointer) }
}
