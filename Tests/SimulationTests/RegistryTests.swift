import Engine
import Testing

@testable import Simulation

@Suite struct RegistryTests {
    static let clean = Provenance.commit(id: "c1", time: 1, isDirty: false)
    static let dirty = Provenance.commit(id: "c1", time: 1, isDirty: true)

    func publication(_ provenance: Provenance) -> Publication {
        Publication(key: "k", provenance: provenance, destination: "registry0", round: 1)
    }

    @Test func `a clean tag is added to a key, a dirty one is not`() {
        var registry = Registry()
        registry.tag(publication(Self.dirty))
        registry.tag(publication(Self.clean))
        #expect(registry.shows("k", as: Self.dirty) && registry.shows("k", as: Self.clean))
        registry = Registry()
        registry.tag(publication(Self.clean))
        registry.tag(publication(Self.dirty))
        #expect(!registry.shows("k", as: Self.dirty))
    }

    @Test func `a publication is found by its key and its alias`() {
        var registry = Registry()
        let published = publication(Self.clean)
        registry.tag(published)
        #expect(!registry.shows(published, of: 0))
        let before = registry.move(Registry.Alias(image: 0, destination: "registry0"), to: published)
        #expect(before == nil)
        #expect(registry.shows(published, of: 0))
        registry.forget("k")
        #expect(!registry.shows(published, of: 0))
    }
}
