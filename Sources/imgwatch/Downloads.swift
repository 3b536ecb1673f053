/// Files from elsewhere whose content a Dockerfile names: fetched once, into the store, by their checksums.

import Dockerfile
import Engine
import Foundation
import HTTP
import OCI
import Project

extension Session {
    /// Gets what an image's tail adds from addresses, where it is not there yet.
    func fetchDownloads(of image: Image, _ tail: Evaluation) async throws(ImageProblem) {
        for (file, line) in tail.downloads {
            guard let digest = Digest(parsing: file.checksum), store.layout.sizeOfBlob(digest) == nil else { continue }
            do throws(DownloadError) {
                try await fetch(file, digest)
            } catch {
                if error.isCancelled { throw .cancelled }
                let place = "\(image.dockerfile):\(line): ADD \(file.address)"
                throw .failed(Failure("\(place): \(error.reason)", isTransient: error.isTransient))
            }
        }
    }

    private struct DownloadError: Error {
        var reason: String
        var isTransient = false
        var isCancelled = false

        init(_ reason: String) { self.reason = reason }

        init(_ error: HTTPError) {
            reason = ([error.reason] + [error.remedy].compactMap(\.self)).joined(separator: "; ")
            (isTransient, isCancelled) = (error.isTransient, error.kind == .cancelled)
        }
    }

    private func fetch(_ file: Download, _ digest: Digest) async throws(DownloadError) {
        guard let address = WebAddress(parsing: file.address) else { throw DownloadError("this is no address") }
        let receiver: BlobReceiver
        do throws(OCIError) { receiver = try BlobReceiver(digest, into: store.layout) } catch {
            throw DownloadError("\(error.reason); \(error.remedy)")
        }
        var request = HTTPRequest("GET", address)
        // What came in part can't be sent again into the same file.
        request.isRepeatable = false
        request.sink = .stream(200...200) { receiver.write($0) }
        let send = Redirecting.around(
            Retrying.around { [http] request async throws(HTTPError) in
                try await http.send(request)
            } pause: {
                try await Task.sleep(for: $0)
            }
        )
        let response: HTTPResponse
        do throws(HTTPError) { response = try await send(request) } catch {
            throw receiver.failure.map { DownloadError("\($0.reason); \($0.remedy)") } ?? DownloadError(error)
        }
        guard response.status == 200 else { throw DownloadError("the server answers \(response.status)") }
        do throws(OCIError) { try receiver.finish() } catch {
            guard case .malformed(_, let reason) = error else {
                throw DownloadError("\(error.reason); \(error.remedy)")
            }
            throw DownloadError("\(reason), and not what `--checksum` says; mend that, or what the address serves")
        }
    }
}
