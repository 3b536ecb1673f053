/// Where a source of `COPY` or `ADD` stands in a Dockerfile, for what is found only when the files are looked at.

extension Dockerfile {
    /// Of a clean path, in the instruction that begins on this line.
    ///
    /// nil where the path has variables in it, and where the instruction is a base's trigger.
    package func place(ofSource path: String, at line: Int) -> (line: Int, column: Int)? {
        let instruction = stages.flatMap(\.instructions).first { $0.place.line == line }
        return instruction?.place.word { Copy.cleanedSource($0) == path }
    }
}

extension InstructionPlace {
    fileprivate func word(where isMeant: (String) -> Bool) -> (line: Int, column: Int)? {
        for (offset, text) in source.enumerated() {
            let scalars = Array(text.unicodeScalars)
            for word in scalars.split(whereSeparator: { " \t\"',[]".unicodeScalars.contains($0) }) {
                var letters = String.UnicodeScalarView()
                letters.append(contentsOf: word)
                if isMeant(String(letters)) { return (line + offset, word.startIndex + 1) }
            }
        }
        return nil
    }
}
