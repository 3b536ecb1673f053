import Graph
import Project
import Testing

@testable import Reporting

@Suite struct PathReportTests {
    static let report: PathReport = {
        var report = PathReport(path: "./src", inProject: "src", kind: .folder, target: "real")
        report.nodes = [
            PathReport.Entry(
                NodeID("build"),
                .step,
                .readsBelow,
                [PathReport.Rule(.input, "src/**", Place(file: ".imgwatch", line: 3, column: 14))]
            ),
            PathReport.Entry(
                NodeID("app"),
                .image,
                .leavesOut,
                [
                    PathReport.Rule(.instruction, "COPY . /x", Place(file: "Dockerfile", line: 2)),
                    PathReport.Rule(.ignored, "src", Place(file: ".dockerignore", line: 1)),
                ]
            ),
        ]
        report.then = [NodeID("other")]
        return report
    }()

    @Test func `a path is told with each node's rules below it`() {
        #expect(
            Self.report.text(colour: false) == """
                ./src (a folder, leads to real)
                  build (step) reads what is in it
                    inputs: src/** (.imgwatch:3:14)
                  app (image) does not read it
                    COPY . /x (Dockerfile:2)
                    ignored: src (.dockerignore:1)
                  then: other
                """
        )
    }

    @Test func `colours change nothing but colours, and a name moves no cursor`() {
        var report = Self.report
        report.path = "a\u{1b}[2Jb"
        let plain = report.text(colour: false)
        #expect(plain.hasPrefix(#"a\u{1b}[2Jb (a folder"#))
        #expect(report.text(colour: true) != plain)
        #expect(report.text(colour: true).replacing(/\u{1b}\[\d+m/, with: "") == plain)
    }

    @Test func `JSON has one object for each path`() {
        let other = PathReport(path: "/x", inProject: nil, kind: .missing)
        #expect(
            String(decoding: PathReport.json([Self.report, other]), as: UTF8.self) == #"{"version":1,"paths":["#
                + #"{"path":"./src","file":"src","kind":"folder","target":"real","notes":[],"nodes":["#
                + #"{"node":"build","kind":"step","relation":"reads-below","rules":["#
                + #"{"kind":"input","text":"src/**","file":".imgwatch","line":3,"column":14}]},"#
                + #"{"node":"app","kind":"image","relation":"leaves-out","rules":["#
                + #"{"kind":"instruction","text":"COPY . /x","file":"Dockerfile","line":2},"#
                + #"{"kind":"ignored","text":"src","file":".dockerignore","line":1}]}],"then":["other"]},"#
                + #"{"path":"/x","kind":"missing","notes":[],"nodes":[],"then":[]}]}"#
        )
    }
}
