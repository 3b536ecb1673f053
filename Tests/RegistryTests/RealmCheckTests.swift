import Testing

@testable import Registry

@Suite struct RealmCheckTests {
    @Test(arguments: [
        ("https://auth.docker.io/token", "https://registry-1.docker.io/", true),
        ("https://gitlab.com/jwt/auth", "https://registry.gitlab.com/", true),
        ("https://a.example:8443/token", "https://a.example/", true),
        ("https://A.example/", "https://a.EXAMPLE/", true),
        ("https://auth.example.co.uk/", "https://registry.example.co.uk/", true),
        ("https://other.co.uk/", "https://registry.example.co.uk/", false),
        ("https://a.gov.uk/", "https://b.gov.uk/", false), ("https://a.gouv.fr/", "https://b.gouv.fr/", false),
        ("https://b.example/", "https://a.example/", false),
        ("https://a.example.b.example/", "https://a.example/", false),
        ("https://evildocker.io/", "https://registry-1.docker.io/", false),
        ("https://docker.io.evil.example/", "https://registry-1.docker.io/", false),
        ("https://x.azurecr.io/", "https://x.azurecr.io/", true),
        ("https://y.azurecr.io/", "https://x.azurecr.io/", false),
        ("https://y.github.io/", "https://x.github.io/", false), ("https://y.jfrog.io/", "https://x.jfrog.io/", false),
        (
            "https://2.dkr.ecr.eu-west-1.amazonaws.com/", "https://1.dkr.ecr.eu-west-1.amazonaws.com/", false
        ),
        ("https://2.dkr.ecr.cn-north-1.amazonaws.com.cn/", "https://1.dkr.ecr.cn-north-1.amazonaws.com.cn/", false),
        ("https://1.2.8.8/", "https://3.4.8.8/", false), ("https://1.2.3.4/", "https://1.2.3.4:5000/", true),
        ("https://[2001:db8::1]/", "https://[2001:db8::2]/", false),
        ("https://[64:ff9b::1.2.3.4]/", "https://[64:ff9b::5.6.3.4]/", false),
        ("http://127.0.0.1:1/", "http://localhost:2/", false), ("http://[::1]:1/", "http://127.0.0.1:2/", false),
        ("http://10.0.0.1/", "http://10.0.0.2/", false), ("http://10.0.0.1:1/", "http://10.0.0.1:2/", true),
        ("https://registry/", "https://token/", false), ("https://com/", "https://a.com/", false),
        ("http://127.0.0.1/", "https://a.example/", false), ("https://a.example/", "http://127.0.0.1/", false),
    ])
    func `a realm belongs to the registry's owner or not`(realm: String, registry: String, belongs: Bool) throws {
        #expect(try RealmCheck.belongs(address(realm), to: address(registry)) == belongs)
    }

    @Test(arguments: [
        ("https://b.example/", "https://a.example/", nil),
        ("http://a.example/", "https://a.example/", "it is not https"),
        ("http://a.example/", "http://a.example/", nil),
        ("https://10.0.0.1/", "https://a.example/", "it lies in a private network"),
        ("https://127.0.0.1/", "https://a.example/", "it lies in a private network"),
        ("https://169.254.169.254/latest", "https://a.example/", "it lies in a private network"),
        ("http://127.0.0.1:1/", "http://10.0.0.1/", "it lies in a private network"),
        ("http://127.0.0.1:1/", "http://localhost:2/", nil), ("http://10.0.0.2/", "http://10.0.0.1/", nil),
        ("https://a.example/", "http://127.0.0.1/", nil),
    ])
    func `to some places nobody goes for a token`(realm: String, registry: String, fault: String?) throws {
        #expect(try RealmCheck.fault(of: address(realm), for: address(registry)) == fault)
    }
}
