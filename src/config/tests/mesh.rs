//! The kinds of mesh, and what each cannot do.

use super::*;
use crate::config::MeshKind;

/// A kind that the file names.
fn kind(kind: &str, rest: &str) -> String {
    format!("[mesh]\nkind = {kind:?}\n{}", cart(rest))
}

#[test]
fn the_account_decides_unless_the_file_does() {
    assert_eq!(parsed(&cart("")).mesh.kind, MeshKind::Auto);
    assert_eq!(parsed(&kind("app-mesh", "")).mesh.kind, MeshKind::AppMesh);
    assert_eq!(parsed(&kind("service-connect", "")).mesh.kind, MeshKind::ServiceConnect);
    let fault = faults(&kind("service-mesh", ""));
    assert!(fault.contains("mesh.kind = \"service-mesh\" is not a choice here"), "{fault}");
}

#[test]
fn service_connect_has_no_weights_between_services() {
    let canary = "weights = { cart = 9, wish = 1 }\n\n[[service]]\nname = \"wish\"\n\
                  image = \"wish:1\"\nmesh_port = 3002";
    assert!(parsed(&kind("auto", canary)).against_service_connect().len() == 1);
    let fault = faults(&kind("service-connect", canary));
    let text = "service \"cart\".weights cannot be kept: Service Connect has no weighted routes";
    assert!(fault.contains(text), "{fault}");
    assert!(fault.contains("take the weights away, or set mesh.kind = \"app-mesh\""), "{fault}");
    // To itself alone is what Service Connect does anyway.
    parsed(&kind("service-connect", "weights = { cart = 1 }"));
}

#[test]
fn service_connect_has_no_circles() {
    let circle = "backends = [\"wish\"]\n\n[[service]]\nname = \"wish\"\nimage = \"wish:1\"\n\
                  mesh_port = 3002\nbackends = [\"cart\"]";
    parsed(&kind("app-mesh", circle));
    let fault = faults(&kind("service-connect", circle));
    for name in ["cart", "wish"] {
        let text = format!("service \"{name}\".backends leads back to itself");
        assert!(fault.contains(&text), "{fault}");
    }
    assert!(!fault.contains("\"shop\""), "{fault}");
}

#[test]
fn service_connect_has_short_aliases() {
    let namespaced = |kind: &str, length: usize| {
        let namespace = format!("{}.{}", "a".repeat(60), "b".repeat(length - 61));
        format!("[mesh]\nkind = {kind:?}\nnamespace = \"{namespace}\"\n{}", cart(""))
    };
    // "cart." before it.
    parsed(&namespaced("service-connect", 122));
    refused(&[(
        namespaced("service-connect", 123),
        "line 11: service \"cart\".name has 128 characters with the namespace, and Service Connect \
         takes 127 in a client alias; shorten it, or mesh.namespace",
    )]);
    parsed(&namespaced("app-mesh", 123));
    let conflicts = parsed(&namespaced("auto", 123)).against_service_connect();
    assert_eq!(conflicts.len(), 1, "nothing calls the page: {conflicts:?}");
    assert!(conflicts[0].to_string().starts_with("service \"cart\".name has 128 characters"));
}
