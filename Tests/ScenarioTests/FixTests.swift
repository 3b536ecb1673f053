import Foundation
import Testing

/// `imgwatch check --fix` as it is left in the file.
@Suite struct FixTests {
    /// Three nodes lack needs, each written in its own way.
    static let broken = """
        # What the shop is made of.
        steps:
          gen:   { run: ./gen.sh, inputs: [gen.sh], outputs: [out/gen] }   # as short as can be
          ui:
            # runs in a container
            run:  ./ui.sh       # two blanks
            inputs: [out/gen,   "ui/**"]
            outputs:
            - out/ui/
          lint: {run: ./lint.sh, inputs: [out/gen]}

        images:
          web:
            dockerfile: Dockerfile
            needs:
              # the newest rules
              - lint


          # the end

        """

    static let mended = """
        # What the shop is made of.
        steps:
          gen:   { run: ./gen.sh, inputs: [gen.sh], outputs: [out/gen] }   # as short as can be
          ui:
            # runs in a container
            needs: [gen]
            run:  ./ui.sh       # two blanks
            inputs: [out/gen,   "ui/**"]
            outputs:
            - out/ui/
          lint: {needs: [gen], run: ./lint.sh, inputs: [out/gen]}

        images:
          web:
            dockerfile: Dockerfile
            needs:
              # the newest rules
              - ui
              - lint


          # the end

        """

    static func project(_ configuration: String = broken) throws -> TemporaryProject {
        try TemporaryProject([
            ".imgwatch": configuration, "Dockerfile": "FROM scratch\nCOPY out/ui /ui\n", "gen.sh": "", "ui/index": "",
        ])
    }

    static func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `everything that is known to mend it is written at once, and all else stays as it was`() throws {
        let project = try Self.project()
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: project.path(".imgwatch"))
        #expect(try project.imgwatch("check").status == 2)
        let fix = try project.imgwatch("check", "--fix")
        #expect(fix.status == 0, "\(fix.errors)")
        #expect(fix.output.contains("mended \(project.path(".imgwatch")): 3 places"), "\(fix.output)")
        #expect(fix.output.contains("no mistakes, no races"))
        #expect(try project.read(".imgwatch") == Self.mended)
        #expect(try Self.mode(project.path(".imgwatch")) == 0o640)
        let names = try FileManager.default.contentsOfDirectory(atPath: project.root.path())
        #expect(names.sorted() == [".imgwatch", "Dockerfile", "gen.sh", "ui"])
    }

    @Test func `a second time finds nothing to mend, and does not touch the file`() throws {
        let project = try Self.project()
        #expect(try project.imgwatch("check", "--fix").status == 0)
        let before = try FileManager.default.attributesOfItem(atPath: project.path(".imgwatch"))
        let again = try project.imgwatch("check", "--fix")
        #expect(again.status == 0 && !again.output.contains("mended"))
        let after = try FileManager.default.attributesOfItem(atPath: project.path(".imgwatch"))
        #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
        #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)
    }

    @Test func `what nobody can mend alone is told, and the file is left alone`() throws {
        let text = "steps:\n  a: { run: make, inptus: [x] }\nimages:\n  web: { needs: [b] }\n"
        let project = try Self.project(text)
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: project.path(".imgwatch"))
        let before = try FileManager.default.attributesOfItem(atPath: project.path(".imgwatch"))
        let fix = try project.imgwatch("check", "--fix")
        #expect(fix.status == 2 && fix.output.isEmpty && fix.errors.contains("`inptus`"))
        #expect(try project.read(".imgwatch") == text)
        let after = try FileManager.default.attributesOfItem(atPath: project.path(".imgwatch"))
        #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
    }

    @Test func `what can be mended is, and the rest is told`() throws {
        let project = try Self.project(Self.broken.replacing("- lint", with: "- lnt"))
        let fix = try project.imgwatch("check", "--fix")
        // What a misspelt need was to be is not known, so nothing is put beside it.
        #expect(fix.status == 2 && fix.output.contains("2 places"))
        #expect(fix.errors.contains("`lnt`") && !fix.errors.contains("[race]"), "\(fix.errors)")
        try project.write(".imgwatch", project.read(".imgwatch").replacing("- lnt", with: "- lint"))
        #expect(try project.imgwatch("check", "--fix").status == 0)
        #expect(try project.read(".imgwatch") == Self.mended)
    }

    @Test func `a link stays a link, and what it leads to is mended`() throws {
        let project = try Self.project()
        try project.write("conf/real.yaml", Self.broken)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: project.path("conf/real.yaml"))
        try project.remove(".imgwatch")
        try FileManager.default.createSymbolicLink(
            atPath: project.path(".imgwatch"),
            withDestinationPath: "conf/real.yaml"
        )
        let fix = try project.imgwatch("check", "--fix")
        #expect(fix.status == 0, "\(fix.errors)")
        let target = try FileManager.default.destinationOfSymbolicLink(atPath: project.path(".imgwatch"))
        #expect(target == "conf/real.yaml")
        #expect(try project.read("conf/real.yaml") == Self.mended)
        #expect(try Self.mode(project.path("conf/real.yaml")) == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: project.path("conf")) == ["real.yaml"])
    }

    @Test(arguments: [
        ("  web: {}\n", "  web: { needs: [ui] }\n"), ("  web:  # the shop\n", "  web:  # the shop\n    needs: [ui]\n"),
        ("  web:", "  web:\n    needs: [ui]\n"), ("  web: {   }\n", "  web: { needs: [ui]    }\n"),
    ])
    func `an image that says nothing yet gets its needs`(written: String, expected: String) throws {
        let steps = "steps:\n  ui: { run: ./ui.sh, outputs: [out/ui/] }\nimages:\n"
        let project = try Self.project(steps + written)
        #expect(try project.imgwatch("check", "--fix").status == 0)
        #expect(try project.read(".imgwatch") == steps + expected)
    }

    @Test func `with --json there is one object, of what is left`() throws {
        let project = try Self.project()
        let fix = try project.imgwatch("check", "--fix", "--json")
        #expect(fix.status == 0 && fix.errors.isEmpty)
        #expect(try fix.objects("diagnostics").isEmpty)
        #expect(try project.read(".imgwatch") == Self.mended)
    }
}
