/// Asks a running loop over its control socket: one request, one answer, each within a time.

package struct ControlClient: Sendable {
    private let folder: String
    private let patience: Int

    /// Seconds for which a client waits: longer than the server takes before it says that it can't answer.
    package static let patience = 15
    /// Bytes of an answer.
    private static let largest = 64 << 20

    /// Of the loop that listens in a folder.
    package init(in folder: String, patience: Int = Self.patience) { (self.folder, self.patience) = (folder, patience) }

    /// Blocks until the answer is there.
    ///
    /// Throws ``ServingError/noControl`` where nobody listens.
    package func ask(_ request: ControlRequest) throws(ServingError) -> ControlAnswer {
        let path = "\(folder)/\(ControlSocket.name)"
        let socket = try ControlSocket.connected(in: folder, patience: patience)
        let lines = ["\(request.method) \(request.path) HTTP/1.1", "Host: imgwatch", "Content-Length: 0", "", ""]
        // Who refuses an answer may have closed already; then it says why all the same.
        socket.write(Array(lines.joined(separator: "\r\n").utf8))
        var bytes: [UInt8] = []
        while bytes.count < Self.largest {
            guard let more = socket.read(atMost: 64 << 10) else {
                throw .control(path: path, reason: "no answer within \(patience) s")
            }
            guard !more.isEmpty else { break }
            bytes += more
        }
        // Who ends just now closes what waits to be heard.
        guard !bytes.isEmpty else { throw .noControl }
        guard let answer = ControlAnswer(bytes) else { throw .control(path: path, reason: "the answer is cut off") }
        return answer
    }
}
