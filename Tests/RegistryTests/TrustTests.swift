import HTTP
import Rigs
import Testing

@testable import Registry

@Suite struct TrustTests {
    private func trust(
        _ files: [String: String],
        _ environment: [String: String] = [:],
        host: String = "a.example:5000"
    ) throws -> (authorities: String, certificate: String?, key: String?, isKnown: Bool) {
        let home = try RigFolder()
        for (name, text) in files { try home.write(name, text) }
        var variables = environment.mapValues { $0.replacing("$", with: home.path) }
        variables["HOME"] = home.path
        let (trust, isKnown) = Trust(environment: variables).trust(host)
        let names = [trust.clientCertificate, trust.clientKey].map { $0?.replacing(home.path, with: "$") }
        return (String(decoding: trust.authorities, as: UTF8.self), names[0], names[1], isKnown)
    }

    @Test func `what nobody set up is not known`() throws {
        #expect(try trust([:]) == ("", nil, nil, false))
        let other = [".docker/certs.d/a.example/ca.crt": "A", ".docker/certs.d/b.example:5000/ca.crt": "B"]
        #expect(try trust(other) == ("", nil, nil, false))
        #expect(try trust(["all.pem": "S"], ["SSL_CERT_FILE": "$/all.pem"]) == ("S\n", nil, nil, false))
        #expect(try trust([:], ["SSL_CERT_FILE": "$/none.pem"]) == ("", nil, nil, false))
    }

    @Test func `authorities of all folders count, and the first certificate of our own`() throws {
        let files = [
            ".config/containers/certs.d/a.example:5000/b.crt": "B",
            ".config/containers/certs.d/a.example:5000/a.crt": "A",
            ".config/containers/certs.d/a.example:5000/note.txt": "no", ".docker/certs.d/a.example:5000/c.crt": "C",
            ".docker/certs.d/a.example:5000/me.cert": "M", ".docker/certs.d/a.example:5000/me.key": "K",
            "other/certs.d/a.example:5000/o.crt": "O", "xdg/containers/certs.d/a.example:5000/x.cert": "X",
        ]
        let me = "$/.docker/certs.d/a.example:5000/me"
        #expect(try trust(files) == ("A\nB\nC\n", me + ".cert", me + ".key", true))
        #expect(try trust(files, ["DOCKER_CONFIG": "$/other"]) == ("A\nB\nO\n", nil, nil, true))
        let own = "$/xdg/containers/certs.d/a.example:5000/x.cert"
        #expect(try trust(files, ["XDG_CONFIG_HOME": "$/xdg"]) == ("A\nB\nC\n", own, nil, true))
    }
}
