/// Names for the engine's values that other modules have too: `Engine` alone is the engine itself.

import Engine

typealias PathChange = Change
typealias RunSuccess = Success
