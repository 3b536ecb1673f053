/// A stack while CloudFormation is at it: what happens is told, and waited for.

import AWS
import Foundation

struct StackFollower: Sendable {
    let formation: CloudFormation
    /// What is told, a line each.
    let tell: @Sendable (String) -> Void

    /// So that nothing is told that happened before.
    func latestEvent(of stack: String) async throws(AWSError) -> String? {
        try await formation.latestEvent(of: stack)
    }

    /// Returns when the stack is at rest; it is named by its id, which it keeps when it is gone.
    ///
    /// Throws the reason where it is not as it should be.
    func follow(_ stack: String, after event: String?) async throws(AWSError) -> CloudFormation.Stack? {
        var (latest, pause) = (event, Self.shortest)
        var causes: [CloudFormation.Event] = []
        var patience = Self.patience
        while true {
            // What had begun before the look; and the look comes first, so that the events of its end are there.
            let hasBegun = latest != event
            let current = try await formation.stack(stack)
            for event in try await self.events(of: stack, after: latest) {
                tell(Self.line(event))
                if event.isCause { causes.append(event) }
                latest = event.id
            }
            guard let current, !current.isGone else { return nil }
            // What was asked for may not have begun yet.
            patience -= 1
            if !current.isBusy, hasBegun || patience < 0 {
                guard current.isFine else { throw Self.failure(current, causes) }
                return current
            }
            do { try await Task.sleep(for: pause) } catch { throw .notNeeded }
            pause = min(pause * 1.5, Self.longest)
        }
    }

    /// So often it is looked whether anything begins.
    private static let patience = 20
    private static let (shortest, longest) = (Duration.milliseconds(200), Duration.seconds(5))

    /// None of a stack that is forgotten.
    private func events(of stack: String, after event: String?) async throws(AWSError) -> [CloudFormation.Event] {
        do throws(AWSError) {
            return try await formation.events(of: stack, after: event)
        } catch {
            guard error.code == "ValidationError" else { throw error }
            return []
        }
    }

    private static func line(_ event: CloudFormation.Event) -> String {
        let reason = event.reason.map { ": \($0)" } ?? ""
        return "\(event.status.lowercased().replacing("_", with: " "))  \(event.resource)  \(event.type)\(reason)"
    }

    private static func failure(_ stack: CloudFormation.Stack, _ causes: [CloudFormation.Event]) -> AWSError {
        let reasons = causes.filter { $0.resource != stack.name }.prefix(mostReasons).map { event in
            "\(event.resource) (\(event.type)): \(event.reason ?? event.status)"
        }
        let why = reasons.isEmpty ? stack.reason ?? "CloudFormation does not say why" : reasons.joined(separator: "; ")
        return AWSError("the stack \(stack.name) is \(stack.status): \(why)", remedy: remedy(stack, causes))
    }

    private static let mostReasons = 3

    private static func remedy(_ stack: CloudFormation.Stack, _ causes: [CloudFormation.Event]) -> String {
        let text = causes.compactMap(\.reason).joined(separator: " ")
        if text.contains("already exists") {
            return "give what is there another name or delete it, and run this again; nothing of it was changed"
        }
        if text.contains("not authorized") { return "allow these credentials what is named there, and run this again" }
        switch stack.status {
        case "DELETE_FAILED": return "see to what is named there, and run `imgwatch aws destroy` again"
        case "UPDATE_ROLLBACK_FAILED":
            return "`aws cloudformation continue-update-rollback --stack-name \(stack.name)` brings it back"
        default: return "see to what is named there, and run this again; what was there before is as it was"
        }
    }
}
