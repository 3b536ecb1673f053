/// Where a source of `COPY` or `ADD` stands in a Dockerfile, for what is found only when the files are looked at.

extension Dockerfile {
    /// Of a clean path, in the instruction that begins on this line.
    ///
    /// nil where the path has variables in it, and where the instruction is a base's trigger.
    package func place(ofSource path: String, at line: Int) -> (line: Int, column: Int)? {
        let instruction = stages.flatMap(\.instructions).first { $0.place.line == line }
        return instruction?.place.words.first { Copy.cleanedSource($0.text) == path }.map { ($0.line, $0.column) }
    }
}

extension InstructionPlace {
    fileprivate var words: [(text: String, line: Int, column: Int)] {
        source.enumerated().flatMap { offset, text in
            let words = Array(text.unicodeScalars).split { " \t\"',[]".unicodeScalars.contains($0) }
            return words.map { (String(scalars: $0), line + offset, $0.startIndex + 1) }
        }
    }

    /// The last time that the word stands there.
    func last(_ word: String) -> (line: Int, column: Int)? {
        words.last { $0.text == word }.map { ($0.line, $0.column) }
    }
}
