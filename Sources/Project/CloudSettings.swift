/// What of AWS a project uses: `aws` at the top of the configuration, and `lambda` of an image.

package import Dockerfile

/// Where CodeBuild builds, and from where it gets the contexts.
package struct CloudSettings: Equatable, Sendable {
    /// nil: as the AWS CLI finds it.
    package var region: String?
    /// nil: as the AWS CLI finds it.
    package var profile: String?
    /// Of S3; it holds the contexts.
    ///
    /// nil where the configuration names none: then nothing is built there.
    package var bucket: String?
    /// Of CodeBuild.
    package var project: String
    /// Of CodePipeline; its executions take the place of builds that are started by themselves.
    package var pipeline: String?
    /// A person is asked before anything is started.
    package var confirms = false

    package init(region: String? = nil, profile: String? = nil, bucket: String? = nil, project: String) {
        (self.region, self.profile, self.bucket, self.project) = (region, profile, bucket, project)
    }
}

/// A Lambda function that runs an image.
package struct CloudFunction: Equatable, Sendable {
    package var name: String
    /// The role that it runs with; needed where it does not exist yet.
    package var role: String?
    /// What is nil here is left as it is.
    package var timeout: Duration?
    /// In MiB.
    package var memory: Int?
    package var environment: [KeyValue]?
    /// `x86_64` or `arm64`, as the image's platform is.
    package var architecture: String
    /// Each image is published as a version.
    package var publishes = false
    /// Named after the version that shows the newest image.
    package var alias: String?

    package init(_ name: String, architecture: String) {
        (self.name, self.architecture) = (name, architecture)
    }

    /// What Lambda calls the architecture of a platform that it has.
    package static func architecture(of platform: String) -> String {
        platform == "linux/arm64" ? "arm64" : "x86_64"
    }
}

extension Project {
    /// The project in the letters that all of AWS takes: what `{project}` stands for in names.
    package var cloudName: String { CloudNames(folder: root, profile: nil).project }

    /// What the configuration says of AWS, or what holds where it says nothing.
    package var cloudSettings: CloudSettings { cloud ?? CloudSettings(project: "imgwatch-\(cloudName)") }
}
