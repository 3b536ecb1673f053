/// What the rules are called.

import Testing

@testable import Dockerfile

@Suite struct LintRuleTests {
    @Test(arguments: [
        (LintRule.stageNameCasing, "dockerfile-check-stage-name-casing"),
        (.jsonArgsRecommended, "dockerfile-check-json-args-recommended"),
        (.undefinedVar, "dockerfile-check-undefined-var"),
        (.secretsUsedInArgOrEnv, "dockerfile-check-secrets-used-in-arg-or-env"),
    ])
    func `an id is the rule's name in small words`(rule: LintRule, id: String) {
        #expect(rule.id == id)
    }

    @Test func `no two rules have one id`() {
        #expect(Set(LintRule.allCases.map(\.id)).count == LintRule.allCases.count)
    }
}
