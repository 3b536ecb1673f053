/// A project of two branches, and an image of both: what becomes of one branch must not hold the other.

import Foundation

enum Branches {
    /// What `NAME.txt` says is what becomes of the step; any other text is made into `out/NAME`.
    static let step = """
        name=$1
        text=$(cat $name.txt)
        mkdir -p out
        tell() { echo "group $(cut -d ' ' -f 5 /proc/$$/stat)"; }
        case "$text" in
          broken*) rm -f out/$name; exit 3;;
          nothing*) rm -f out/$name; exit 0;;
          killed*) kill -9 0;;
          endless*) tell; while :; do echo "$text" > out/$name; sleep 0.02; done;;
          stubborn*) trap '' TERM INT; tell; while :; do sleep 0.05; done;;
          slow*) tell; sleep ${text#slow };;
        esac
        printf '%s %s\\n' "$name" "$text" > out/$name

        """

    /// `more` is further lines of the step `left`.
    static func project(more: String = "", _ texts: [String: String] = [:]) throws -> TemporaryProject {
        let project = try TemporaryProject([
            "step.sh": step, "left.txt": texts["left"] ?? "one", "right.txt": texts["right"] ?? "one",
            "static.txt": "static\n", ".gitignore": "out/\n",
            "Dockerfile.left": "FROM scratch\nCOPY out/left /\n",
            "Dockerfile.right": "FROM scratch\nCOPY out/right /\n",
            "Dockerfile.both": "FROM scratch\nCOPY static.txt out/left out/right /\n",
            ".imgwatch": configuration(more: more),
        ])
        try project.commitAll("first")
        return project
    }

    static func configuration(more: String = "") -> String {
        """
        parallel: 4
        steps:
          left:
            run: sh step.sh left
            inputs: [left.txt, step.sh]
            outputs: [out/left]
            \(more)
          right:
            run: sh step.sh right
            inputs: [right.txt, step.sh]
            outputs: [out/right]
        images:
          left-image:
            dockerfile: Dockerfile.left
            needs: [left]
            aliases: [dev]
          right-image:
            dockerfile: Dockerfile.right
            needs: [right]
            aliases: [dev]
          both:
            dockerfile: Dockerfile.both
            needs: [left, right]
            aliases: [dev]

        """
    }

    /// What the image of both shows when the sources say this.
    static func both(left: String, right: String) -> [String: String] {
        ["left": "left \(left)\n", "right": "right \(right)\n", "static.txt": "static\n"]
    }

    /// The project with the loop running, everything built.
    static func started(more: String = "") async throws -> (TemporaryProject, RunningLoop) {
        let project = try project(more: more)
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, until: "everything is built") { Set($0.nodes("pushed")).count == 3 }
        return (project, loop)
    }
}
