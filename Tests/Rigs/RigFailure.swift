/// What went wrong in a rig, which is no fault of what is tested.

package struct RigFailure: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
