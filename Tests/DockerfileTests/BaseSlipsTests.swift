/// Which bare names are taken for slips.

import Testing

@testable import Dockerfile

@Suite struct BaseSlipsTests {
    @Test(arguments: [
        ("FROM bse", "base"), ("FROM Base", "base"), ("FROM scratch AS build\nFROM buidl", "build"),
        ("FROM scratch AS build\nFROM BUILD", "build"), ("FROM scratch\nCOPY --from=baes a b", "base"),
        ("FROM scratch AS build\nFROM scratch\nCOPY --from=buil a b", "build"), ("FROM debian", nil),
        ("FROM bse:1", nil), ("FROM me/bse", nil), ("FROM bse@sha256:1", nil), ("FROM alpine AS alpine", nil),
        ("FROM alpine AS alpin", nil), ("FROM node AS one\nFROM scratch AS nodes\nCOPY --from=one a b", nil),
        ("FROM scratch AS nodes\nCOPY --from=node a b", nil), ("FROM b", nil),
    ])
    func `a bare name that is one slip away from one of ours is taken for it`(text: String, expected: String?) throws {
        let options = EvaluationOptions(projectImages: ["base": "base", "a": "a"])
        let found = try evaluate(text, options).slips(projectImages: ["base", "a"])
        #expect(found.map(\.id) == (expected == nil ? [] : ["dockerfile-unknown-image"]))
        if let expected { #expect(found[0].remedy.hasPrefix("Did you mean `\(expected)`?")) }
    }
}
