/// The control socket as a loop serves it: which request means what.

import Foundation
import Glibc
import OCI
import Reporting
import Serving
import State

extension Session {
    /// Serves the control socket, for `imgwatch status`, `retry` and `stop`; without it the loop goes on all the same.
    func serveControl(of loop: Loop, _ interrupts: InterruptCount, in folders: StateFolders) -> ControlServer? {
        do {
            return try ControlServer(in: folders.state) { await Control.answer($0, loop, interrupts) }
        } catch {
            tell(notice: "`imgwatch status`, `retry` and `stop` can't reach this loop: \(error.reason)")
            return nil
        }
    }
}

enum Control {
    static let status = ControlRequest("GET", "/v1/status")
    static let retry = ControlRequest("POST", "/v1/retry")
    static let trigger = ControlRequest("POST", "/v1/trigger")
    static let stop = ControlRequest("POST", "/v1/stop")

    private static let known = "GET /v1/status, POST /v1/retry, /v1/trigger and /v1/stop are what there is"

    static func answer(_ request: ControlRequest, _ loop: Loop, _ interrupts: InterruptCount) async -> ControlAnswer {
        switch request {
        case status: return ControlAnswer(200, await loop.fullStatus().json)
        case retry:
            guard let answer = await loop.retry() else { return ControlAnswer(409, error: "imgwatch is ending") }
            return ControlAnswer(200, answer.json.encoded())
        case trigger:
            guard let names = await loop.trigger() else { return ControlAnswer(409, error: "imgwatch is ending") }
            let body = JSON.object([.init("version", .integer(LoopStatus.version)), .init("triggered", .texts(names))])
            return ControlAnswer(200, body.encoded())
        case stop:
            // As one interrupt: who interrupts the loop after it wants it to end at once.
            _ = interrupts.isFirst()
            await loop.stop()
            let body = JSON.object([.init("version", .integer(LoopStatus.version)), .init("pid", .integer(getpid()))])
            return ControlAnswer(202, body.encoded())
        case _ where [status, retry, trigger, stop].contains { $0.path == request.path }:
            return ControlAnswer(405, error: known)
        default: return ControlAnswer(404, error: "there is no such path; \(known)")
        }
    }
}
