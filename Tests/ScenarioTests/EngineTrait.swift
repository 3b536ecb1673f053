/// Which tests need real engines.

import Rigs
import Testing

extension Trait where Self == ConditionTrait {
    /// Left out, and said so, where no docker daemon can run.
    static var withEngines: Self {
        .enabled("no docker daemon can run here") { await EngineServers.shared.value != nil }
    }
}
