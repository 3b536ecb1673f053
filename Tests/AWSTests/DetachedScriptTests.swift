/// What a build that nobody follows does with its function, with an `aws` that has one function.

import Foundation
import Testing

@testable import AWS

@Suite(.serialized) struct DetachedScriptTests {
    /// Before its call `PAUSE` an updater starts the other one and lets it come to its call `HOLD`, where that one
    /// waits for the end of the first.
    private static let aws = """
        #!/bin/bash
        call="$1 $2"
        cd "$STATE"
        read -r count 2>/dev/null <"calls-$IMGWATCH_GENERATION" || count=0
        echo $((count += 1)) >"calls-$IMGWATCH_GENERATION"
        if [ "$count" = "$PAUSE" ]; then
          (
            export HOLDS="$HOLD" IMGWATCH_GENERATION="$OTHER" PAUSE=
            bash -c 'cd other && . ../script' >other.txt 2>&1 && : >other.good || : >other.bad
          ) >/dev/null 2>&1 &
          until [ -f reached ] || [ -f other.good ] || [ -f other.bad ]; do /bin/sleep 0.01; done
        fi
        if [ "$count" = "$HOLDS" ]; then
          : >reached
          until [ -f first.over ]; do /bin/sleep 0.01; done
        fi
        fail() { echo "An error occurred ($1) when calling it" >&2; exit 254; }
        if [ "$call" = "$FAULTY" ] && [ "$count" -le "${FAULTS:-99}" ]; then fail "$FAULT"; fi
        while [ $# -gt 2 ]; do
          case $3 in
          --revision-id) wanted=$4 ;;
          --tag-keys) tags=("${@:4}") ;;
          --tags) tags=("$4") ;;
          --function-version) version=$4 ;;
          --cli-input-json | --role | --architectures) echo "$3 $4" >>"${call#lambda }.txt" ;;
          esac
          shift
        done
        read -r revision 2>/dev/null <revision
        change() { echo "$IMGWATCH_GENERATION-$count" >revision; }
        check() { [ "$wanted" = "$revision" ] || fail PreconditionFailedException; }
        case $call in
        "lambda get-function" | "lambda update-"*) [ "$revision" ] || fail ResourceNotFoundException ;;
        esac
        case $call in
        "ecr describe-images") echo "${DIGEST-sha256:$IMGWATCH_GENERATION}" ;;
        "lambda get-function")
          printf 'arn\\t%s\\t%s\\n' "$revision" "${KIND:-Image	arm64}"
          echo "r/image@sha256:$(cat image)" && ls tags | paste -s -d '\\t' ;;
        "lambda tag-resource") : >"tags/${tags[0]%%=*}" ;;
        "lambda untag-resource") (cd tags && rm "${tags[@]}") ;;
        "lambda create-function")
          [ -z "$revision" ] || fail ResourceConflictException
          : >"tags/${tags[0]%%=*}" && change && echo "$IMGWATCH_GENERATION" >image ;;
        "lambda update-function-configuration") check && change ;;
        "lambda update-function-code") check && change && echo "$IMGWATCH_GENERATION" >image ;;
        "lambda publish-version") check && cat image ;;
        "lambda get-alias") [ -f alias ] || fail ResourceNotFoundException; cat alias-revision ;;
        "lambda create-alias")
          [ ! -f alias ] || fail ResourceConflictException
          echo "$version" >alias && echo "$IMGWATCH_GENERATION-$count" >alias-revision ;;
        "lambda update-alias")
          read -r revision <alias-revision
          check && echo "$version" >alias && echo "$IMGWATCH_GENERATION-$count" >alias-revision ;;
        esac
        """

    private final class State {
        let folder: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "imgwatch-\(UUID().uuidString)")
                .path(percentEncoded: false)
            for name in ["tags", "bin", "first", "other"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)",
                    withIntermediateDirectories: true
                )
            }
            try write("bin/aws", DetachedScriptTests.aws)
            try write("bin/sleep", "#!/bin/sh\n")
            try write("script", DetachedScript.function)
            try write("tags/team=shop and more", "")
            try write("revision", "0\n")
            for name in ["aws", "sleep"] { chmod("\(folder)/bin/\(name)", 0o755) }
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
        }

        func read(_ name: String) -> String? { try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }

        var tags: [String] {
            get throws {
                try FileManager.default.contentsOfDirectory(atPath: folder + "/tags")
                    .filter { $0.hasPrefix("imgwatch") }.sorted()
            }
        }

        /// Ends when the other one has ended, too.
        func run(_ variables: [String: String], generation: Int = 1) throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/bash")
            let end = "until [ -z \"$PAUSE\" ] || [ -f ../other.good ] || [ -f ../other.bad ]; do /bin/sleep 0.01; done"
            process.arguments = ["-c", "(. ../script); status=$?; : >../first.over; \(end); exit $status"]
            process.currentDirectoryURL = URL(filePath: folder + "/first")
            process.environment = [
                "PATH": "\(folder)/bin:/usr/bin:/bin", "STATE": folder, "CODEBUILD_BUILD_SUCCEEDING": "1",
                "IMAGE_URI": "r/image:t", "IMGWATCH_FUNCTION": "f", "IMGWATCH_GENERATION": "\(generation)",
                "IMGWATCH_FUNCTION_ARCHITECTURE": "arm64",
            ].merging(variables) { $1 }
            try write("output", "")
            let output = try #require(FileHandle(forWritingAtPath: folder + "/output"))
            (process.standardOutput, process.standardError) = (output, output)
            try process.run()
            process.waitUntilExit()
            return (process.terminationStatus, read("output") ?? "")
        }
    }

    /// The calls: describe, wait, get, tag, wait, get, update, wait, untag.
    @Test(arguments: [1, 2], [3, 4, 6, 7])
    func `however two updates come between each other, the later one's image stays`(
        first: Int,
        pause: Int
    ) throws {
        for hold in [3, 4, 6, 7, 99] {
            let state = try State()
            let run = try state.run(
                ["PAUSE": "\(pause)", "HOLD": "\(hold)", "OTHER": "\(3 - first)"],
                generation: first
            )
            let all = "\(pause) \(hold): \(run.output)\n\(state.read("other.txt") ?? "")"
            #expect(run.status == 0 && state.read("other.good") != nil, "\(all)")
            #expect(state.read("image") == "2\n", "\(all)")
            #expect(try state.tags == ["imgwatch:generation:2"], "\(all)")
        }
    }

    private static let everything = [
        "IMGWATCH_FUNCTION_ROLE": "arn:role",
        "IMGWATCH_FUNCTION_SETTINGS": "bucket/contexts/settings.json", "IMGWATCH_FUNCTION_PUBLISH": "1",
        "IMGWATCH_FUNCTION_ALIAS": "live",
    ]

    /// The calls: describe, copy the settings, wait, get, tag, wait, get, configure, wait, get, update, wait, wait,
    /// get, publish, wait, get the alias, get, set the alias; and one more where an earlier claim is taken away.
    @Test(arguments: [1, 2], [8, 11, 15, 18, 19])
    func `however two come between each other, the alias names the later one's version`(
        first: Int,
        pause: Int
    ) throws {
        for hold in [11, 19, 99] {
            let state = try State()
            let more = ["PAUSE": "\(pause)", "HOLD": "\(hold)", "OTHER": "\(3 - first)"]
            let run = try state.run(Self.everything.merging(more) { $1 }, generation: first)
            let all = "\(pause) \(hold): \(run.output)\n\(state.read("other.txt") ?? "")"
            #expect(run.status == 0, "\(all)")
            #expect(state.read("image") == "2\n" && state.read("alias") == "2\n", "\(all)")
        }
    }

    /// The calls: describe, copy the settings, wait, get, create; those of an update where the other one made it.
    @Test(arguments: [1, 2], [4, 5])
    func `a function that is not there is made once`(first: Int, pause: Int) throws {
        for hold in [4, 5, 99] {
            let state = try State()
            try FileManager.default.removeItem(atPath: state.folder + "/revision")
            let more = ["PAUSE": "\(pause)", "HOLD": "\(hold)", "OTHER": "\(3 - first)"]
            let run = try state.run(Self.everything.merging(more) { $1 }, generation: first)
            let all = "\(pause) \(hold): \(run.output)\n\(state.read("other.txt") ?? "")"
            #expect(run.status == 0, "\(all)")
            #expect(state.read("image") == "2\n" && state.read("alias") == "2\n", "\(all)")
            let made = try #require(state.read("create-function.txt"))
            for words in ["--role arn:role\n", "--architectures arm64\n", "--cli-input-json file://settings.json\n"] {
                #expect(made.contains(words), "\(made)")
            }
        }
    }

    @Test(arguments: ["lambda get-function", "lambda tag-resource", "lambda update-function-code"])
    func `what is not allowed fails, and says why`(call: String) throws {
        let run = try State().run(["FAULTY": call, "FAULT": "AccessDeniedException"])
        #expect(run.status == 4)
        #expect(run.output.contains("AccessDeniedException") && run.output.contains("f does not get the image"))
    }

    @Test(arguments: ["lambda tag-resource", "lambda update-function-code"])
    func `what is busy is tried again, and not for ever`(call: String) throws {
        for fault in ["ResourceConflictException", "PreconditionFailedException"] {
            let state = try State()
            let run = try state.run(["FAULTY": call, "FAULT": fault, "FAULTS": "20"])
            #expect(run.status == 0 && state.read("image") == "1\n", "\(run.output)")
            let busy = try State().run(["FAULTY": call, "FAULT": fault])
            #expect(busy.status == 4 && busy.output.contains("all the time"), "\(busy.output)")
        }
    }

    @Test func `without a digest nothing succeeds, and without a function there is nothing to do`() throws {
        for digest in ["", "None"] {
            let run = try State().run(["DIGEST": digest])
            #expect(run.status == 4 && run.output.contains("does not say its digest"), "\(run.output)")
        }
        let denied = try State().run(["FAULTY": "ecr describe-images", "FAULT": "AccessDeniedException"])
        #expect(denied.status == 4)
        for (kind, reason) in [("Zip\tarm64", "runs a zip file"), ("Image\tx86_64", "is for x86_64")] {
            let other = try State().run(["KIND": kind])
            #expect(other.status == 4 && other.output.contains(reason), "\(other.output)")
        }
        let state = try State()
        let absent = try state.run(["FAULTY": "lambda get-function", "FAULT": "ResourceNotFoundException"])
        #expect(absent.status == 4 && absent.output.contains("has no role in the configuration"), "\(absent.output)")
        // What a change of somebody else came to does not matter; what one's own came to does.
        let failed = try state.run(["FAULTY": "lambda wait", "FAULT": "Waiter", "FAULTS": "99"])
        #expect(failed.status == 4 && failed.output.contains("can't run it"), "\(failed.output)")
        #expect(state.read("image") == "1\n")
        #expect(try State().run(["IMGWATCH_FUNCTION": ""]).output.isEmpty)
    }
}
