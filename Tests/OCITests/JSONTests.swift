import Testing

@testable import OCI

@Suite struct JSONTests {
    @Test func `values are found by key, and only where they have the type`() throws {
        let json = try JSON(parsing: Array(#"{"a":1,"b":"x","c":[true,null],"d":{"k":"v"},"a":2}"#.utf8), subject: "t")
        #expect(json["a"]?.integer == 2)
        #expect(json["a"]?.text == nil)
        #expect(json["b"]?.text == "x")
        #expect(json["c"]?.array == [.boolean(true), .null])
        #expect(json["c"]?.texts == nil)
        #expect(json["d"]?.textMap == ["k": "v"])
        #expect(json["e"] == nil)
    }

    @Test func `a map is written in the order of the keys' bytes`() {
        let json = JSON.map(["b": "2", "a": "1", "B": "0", "é": "3"])
        #expect(String(decoding: json.encoded(), as: UTF8.self) == #"{"B":"0","a":"1","b":"2","é":"3"}"#)
    }
}
