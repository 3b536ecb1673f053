import Testing

@testable import HTTP

@Suite struct HostKindTests {
    @Test(arguments: [
        ("localhost", HostKind.loopback), ("LocalHost", .loopback), ("a.localhost", .loopback),
        ("localhost.", .loopback),
        ("127.0.0.1", .loopback), ("127.255.0.9", .loopback), ("127.0.0.1.", .loopback), ("[::1]", .loopback),
        ("[0:0:0:0:0:0:0:1]", .loopback), ("[::ffff:127.0.0.1]", .loopback), ("[::ffff:7f00:1]", .loopback),
        ("[::7f00:1]", .loopback), ("[64:ff9b::7f00:1]", .loopback), ("[2002:7f00:1::]", .loopback),
        ("0.0.0.0", .local), ("10.1.2.3", .local), ("172.16.0.1", .local), ("172.31.255.255", .local),
        ("172.32.0.1", .open), ("172.15.0.1", .open), ("192.168.1.1", .local), ("192.169.1.1", .open),
        ("169.254.169.254", .local), ("100.64.0.1", .local), ("100.128.0.1", .open), ("198.18.0.1", .local),
        ("224.0.0.1", .local), ("255.255.255.255", .local), ("8.8.8.8", .open), ("[::]", .local),
        ("[::ffff:10.0.0.1]", .local), ("[::ffff:8.8.8.8]", .open), ("[fc00::1]", .local), ("[fd12:3456::1]", .local),
        ("[fe80::1%eth0]", .local), ("[FE80::1]", .local), ("[fec0::1]", .local), ("[ff02::1]", .local),
        ("[64:ff9b::a00:1]", .local), ("[2002:c0a8:101::1]", .local), ("[2001:db8::1]", .open), ("[fe00::1]", .open),
        ("[no address]", .local), ("a.example", .open), ("127.0.0.1.example", .open), ("1.2.3", .open),
        ("256.0.0.1", .open),
        ("notlocalhost", .open), ("localhost.example", .open),
    ])
    func `a host lies here, in a private network, or outside`(host: String, kind: HostKind) {
        #expect(HostKind(host) == kind)
    }

    @Test(arguments: [
        "http://127.1/", "http://0177.0.0.1/", "http://0x7f000001/", "http://2130706433/", "http://[0::1]/",
    ])
    func `no spelling hides this machine`(text: String) throws {
        #expect(HostKind(try address(text).host) == .loopback)
    }
}
