// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// A library target of the house; `TidyTests` holds the imports against the table in docs/architecture.md.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// Servers with faults on demand, and images to push: what tests run against, and what only they may use.
let rigs = Target.target(
    name: "Rigs",
    dependencies: ["CLinux"],
    path: "Tests/Rigs",
    exclude: ["servers"],
    swiftSettings: strict
)

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")

let package = Package(
    name: "imgwatch",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        module("Graph"),
        module("Dockerfile"),
        module("Project", ["Graph", "Dockerfile", yams]),
        module("Engine", ["Graph"]),
        module("Simulation", ["Engine", "Graph"]),
        module("Watching"),
        module("Git", ["CLibgit2"]),
        module("OCI", ["COpenSSL", "CZlib", "CZstd"]),
        module("HTTP", ["CCurl"]),
        module("Registry", ["Graph", "OCI", "HTTP"]),
        module("AWS", ["HTTP", "OCI"]),
        module("State", ["OCI", grdb]),
        module("Inputs", ["Project", "Dockerfile", "Git", "OCI"]),
        module("Building", ["Dockerfile", "OCI"]),
        module("ImageEngines", ["Dockerfile", "OCI"]),
        module("Serving", ["OCI", flyingFox]),
        module("Reporting", ["Project", "Engine", "Graph"]),
        .executableTarget(
            name: "imgwatch",
            dependencies: [
                "Graph", "Dockerfile", "Project", "Engine", "Watching", "Git", "OCI", "State", "Inputs", "Building",
                "ImageEngines", "HTTP", "Registry", "AWS", "Serving", "Reporting", "CLinux", argumentParser,
            ],
            swiftSettings: strict
        ),
        tests("GraphTests", ["Graph"]),
        tests("DockerfileTests", ["Dockerfile"]),
        tests("ProjectTests", ["Project", "Dockerfile", "Graph", "Rigs"]),
        tests("EngineTests", ["Engine", "Graph"]),
        tests("SimulationTests", ["Simulation", "Engine", "Graph"]),
        tests("WatchingTests", ["Watching", "Rigs"]),
        tests("GitTests", ["Git", "Rigs"]),
        tests("ImageEnginesTests", ["ImageEngines", "Dockerfile", "OCI"]),
        tests("OCITests", ["OCI"]),
        tests("HTTPTests", ["HTTP"]),
        tests("RegistryTests", ["Registry", "HTTP", "OCI", "Graph", "Rigs"]),
        tests("AWSTests", ["AWS", "HTTP", "OCI", "Rigs"]),
        tests("StateTests", ["State", "OCI"]),
        tests("BuildingTests", ["Building", "Dockerfile", "OCI", "Rigs"]),
        tests("ServingTests", ["Serving", "OCI"]),
        tests("ReportingTests", ["Reporting", "Engine", "Graph", "Project"]),
        tests("InputsTests", ["Inputs", "Project", "Dockerfile", "Graph", "Git", "OCI", "Rigs"]),
        tests(
            "ImgwatchTests",
            [
                "imgwatch", "Building", "Dockerfile", "Engine", "Graph", "HTTP", "Inputs", "OCI", "Project", "Registry",
                "Rigs",
            ]
        ),
        rigs,
        tests("RigsTests", ["Rigs"]),
        tests("ScenarioTests", ["imgwatch", "Rigs"]),
        tests("TidyTests", []),
        .executableTarget(name: "simulate", dependencies: ["Simulation"], swiftSettings: strict),
        .executableTarget(name: "watchbench", dependencies: ["Watching"], swiftSettings: strict),
    ]
)
