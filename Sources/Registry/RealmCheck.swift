/// Whether a registry may send us, with its credentials, to the place that it names for tokens.

internal import HTTP

enum RealmCheck {
    /// Whether the credential of a registry may be shown to a realm.
    ///
    /// The same host, whatever its port, or one of the same domain: `auth.docker.io` for `registry-1.docker.io`.
    static func belongs(_ realm: WebAddress, to registry: WebAddress) -> Bool {
        if realm.host == registry.host { return true }
        guard HostKind(realm.host) == .open, HostKind(registry.host) == .open else { return false }
        let (one, other) = (domain(of: realm.host), domain(of: registry.host))
        return one != nil && one == other
    }

    /// Why no token is asked for there at all; nil where it may be.
    static func fault(of realm: WebAddress, for registry: WebAddress) -> String? {
        if registry.scheme == "https", realm.scheme != "https" { return "it is not https" }
        let (here, there) = (HostKind(registry.host), HostKind(realm.host))
        guard there == .open || there == here || realm.host == registry.host else {
            return "it lies in a private network"
        }
        return nil
    }

    /// The part of a name that one owner has: two labels, or three where the second is one that countries give out
    /// (`example.co.uk`).
    private static func domain(of host: String) -> String? {
        let labels = host.split(separator: ".")
        // An address that is no name has an owner of its own.
        guard labels.count >= 2, let last = labels.last, !host.hasPrefix("["), last.contains(where: \.isLetter) else {
            return nil
        }
        let second = labels[labels.count - 2]
        let isShared = last.utf8.count == 2 && (second.utf8.count <= 3 || givenOut.contains(String(second)))
        let count = isShared ? 3 : 2
        guard labels.count >= count, !shared.contains(labels.suffix(count).joined(separator: ".")) else { return nil }
        return labels.suffix(count).joined(separator: ".")
    }

    /// Domains below which anybody can have a name.
    private static let shared: Set<String> = [
        "amazonaws.com", "amazonaws.com.cn", "azurecr.io", "azurecr.cn", "azurecr.us", "azure.com", "windows.net",
        "googleapis.com", "cloudfront.net", "github.io",
        "gitlab.io", "appspot.com", "herokuapp.com", "fly.dev", "pkg.dev", "on.aws", "workers.dev", "pages.dev",
        "jfrog.io", "run.app", "web.app", "firebaseapp.com", "azurewebsites.net", "cloudapp.net", "onrender.com",
        "netlify.app", "vercel.app", "ngrok.io", "ngrok.app", "ngrok-free.app", "ngrok.dev", "trycloudflare.com",
        "duckdns.org", "nip.io", "sslip.io", "ts.net", "digitaloceanspaces.com", "ondigitalocean.app", "deno.dev",
        "railway.app", "githubusercontent.com", "r2.dev", "scw.cloud", "backblazeb2.com", "wasabisys.com",
    ]

    /// Labels below a country that are nobody's own, and longer than three letters.
    private static let givenOut: Set<String> = [
        "info", "name", "firm", "store", "shop", "blog", "gouv", "asso", "conf", "school", "priv", "police",
        "parliament",
    ]
}
