/// Sends requests with libcurl's multi interface, on one thread of its own; connections are kept open between them.

internal import CCurl
internal import Foundation
internal import Synchronization

/// The innermost layer: neither retries nor redirects nor credentials.
///
/// libcurl is set up by the first request: who needs none pays nothing.
package final class HTTPClient: Sendable {
    private let worker = Mutex<Worker?>(nil)
    private let times: HTTPTimes

    package init(_ times: HTTPTimes = HTTPTimes()) { self.times = times }

    deinit { close() }

    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let isSound = request.headers.allSatisfy { header in
            !(header.name + header.value).utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 }
        }
        guard isSound else { throw HTTPError(.other, request.address, "a header of ours has a line break in it") }
        let worker = worker.withLock { worker in
            let known = worker ?? Worker()
            worker = known
            return known
        }
        return try await worker.send(Transfer(request, times))
    }

    /// Ends what is on its way, and the thread; later requests are cancelled at once.
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

    /// What the thread has in hand.
    private struct Traffic {
        /// Those that wait for their host's other requests: what libcurl lets wait uses up its time-out.
        var waiting: [Transfer] = []
        var running: [UnsafeMutableRawPointer: Transfer] = [:]

        /// Takes out who waits and may go.
        mutating func next() -> Transfer? {
            guard !waiting.isEmpty else { return nil }
            var counts: [String: Int] = [:]
            for transfer in running.values { counts[transfer.request.address.origin, default: 0] += 1 }
            let index = waiting.firstIndex {
                counts[$0.request.address.origin, default: 0] < HTTPLimits.connectionsPerHost
            }
            return index.map { waiting.remove(at: $0) }
        }

        /// Takes out who waits and need not any more.
        mutating func dropWaiting(all: Bool) -> [Transfer] {
            let dropped = waiting.filter { all || $0.isCancelled.load(ordering: .relaxed) }
            waiting.removeAll { all || $0.isCancelled.load(ordering: .relaxed) }
            return dropped
        }
    }

    init() {
        precondition(Self.isReady, "libcurl can't be set up")
        multi = MultiHandle()
        let thread = Thread { [self] in run() }
        thread.name = "http"
        thread.start()
    }

    func close() {
        inbox.withLock { $0.isClosed = true }
        wake()
    }

    func send(_ transfer: Transfer) async throws(HTTPError) -> HTTPResponse {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.onCompletion(continuation)
                let isTaken = inbox.withLock { inbox in
                    if !inbox.isClosed { inbox.started.append(transfer) }
                    return !inbox.isClosed
                }
                // Once closed, the thread reads no more of it.
                isTaken ? wake() : transfer.cancel()
            }
        } onCancel: {
            transfer.isCancelled.store(true, ordering: .relaxed)
            wake()
        }
        return try result.get()
    }

    private func wake() { curl_multi_wakeup(multi.pointer) }

    private func run() {
        var traffic = Traffic()
        while true {
            let isClosed = takeNews(&traffic)
            endCancelled(&traffic, all: isClosed)
            if isClosed { return }
            start(&traffic)
            perform(&traffic)
            // Whoever ended made room.
            start(&traffic)
            // Nothing is to do until somebody wakes us, or a connection does.
            curl_multi_poll(multi.pointer, nil, 0, traffic.running.isEmpty ? 3_600_000 : 1000, nil)
        }
    }

    /// A function of its own, so that nothing of it is kept while there is nothing to do; gives whether we are closed.
    private func takeNews(_ traffic: inout Traffic) -> Bool {
        inbox.withLock { inbox in
            traffic.waiting += inbox.started
            inbox.started = []
            return inbox.isClosed
        }
    }

    private func endCancelled(_ traffic: inout Traffic, all: Bool) {
        for transfer in traffic.running.values where all || transfer.isCancelled.load(ordering: .relaxed) {
            end(transfer, &traffic)
            transfer.cancel()
        }
        for transfer in traffic.dropWaiting(all: all) { transfer.cancel() }
    }

    private func start(_ traffic: inout Traffic) {
        while let transfer = traffic.next() {
            guard curl_multi_add_handle(multi.pointer, transfer.handle.pointer) == CURLM_OK else {
                transfer.fail(.other, "libcurl does not take it")
                continue
            }
            traffic.running[transfer.handle.pointer] = transfer
        }
    }

    private func end(_ transfer: Transfer, _ traffic: inout Traffic) {
        curl_multi_remove_handle(multi.pointer, transfer.handle.pointer)
        traffic.running[transfer.handle.pointer] = nil
    }

    private func perform(_ traffic: inout Traffic) {
        var count: Int32 = 0
        curl_multi_perform(multi.pointer, &count)
        while let message = curl_multi_info_read(multi.pointer, &count) {
            guard message.pointee.msg == CURLMSG_DONE, let pointer = message.pointee.easy_handle,
                let transfer = traffic.running[pointer]
            else { continue }
            let code = message.pointee.data.result
            end(transfer, &traffic)
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
    }

    deinit { curl_multi_cleanup(pointer) }
}
