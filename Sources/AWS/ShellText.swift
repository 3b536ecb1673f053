/// Words as a POSIX shell reads them back.

package enum ShellText {
    /// In single quotes where it is more than letters, digits and a few signs.
    package static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && word.utf8.allSatisfy(isPlain)
        return isPlain ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "_-./:=,+@%".utf8.contains(byte)
        }
    }
}
