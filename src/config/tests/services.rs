//! Services among each other: names, ports, who calls whom, and who answers.

use super::*;

#[test]
fn a_service_name_is_a_dns_label() {
    let named = |name: &str| format!("{SHOP}{}", CART.replace("\"cart\"", &format!("\"{name}\"")));
    refused(&[
        (
            named("Cart"),
            "line 5: service \"shop\".backends = \"cart\" is no service; did you mean \
             \"Cart\"?\n\
             line 8: service \"Cart\".name = \"Cart\" cannot be a name in DNS and in AWS; \
             use at most 63 small letters, digits, and hyphens, a letter first and no hyphen \
             last",
        ),
        (
            named("my_cart"),
            "line 5: service \"shop\".backends = \"cart\" is no service; did you mean \
             \"my_cart\"?\n\
             line 8: service \"my_cart\".name = \"my_cart\" cannot be a name in DNS and in \
             AWS; use at most 63 small letters, digits, and hyphens, a letter first and no \
             hyphen last",
        ),
        (
            named("cart-"),
            "line 5: service \"shop\".backends = \"cart\" is no service; did you mean \
             \"cart-\"?\n\
             line 8: service \"cart-\".name = \"cart-\" cannot be a name in DNS and in AWS; \
             use at most 63 small letters, digits, and hyphens, a letter first and no hyphen \
             last",
        ),
        (
            named(""),
            "line 5: service \"shop\".backends = \"cart\" is no service; describe it with a \
             [[service]] of its own\n\
             line 8: service #2.name = \"\" cannot be a name in DNS and in AWS; use at most \
             63 small letters, digits, and hyphens, a letter first and no hyphen last",
        ),
    ]);
}

#[test]
fn a_service_name_is_nobody_elses() {
    refused(&[(
        cart(
            "\n\
             [[service]]\n\
             name = \"cart\"\n\
             image = \"cart:1\"\n\
             expose = \"api\"\n\
             mesh_port = 3002\n\
             ",
        ),
        "line 14: service \"cart\".name = \"cart\" is another service's name, too; give \
             each its own",
    )]);
}

#[test]
fn exactly_one_service_is_public() {
    refused(&[
        (
            changed("expose = \"api\"", "expose = \"public\""),
            "line 5: service \"shop\".backends = \"cart\" is the public service, which \
             nothing calls; call a service with expose = \"api\" or \"mesh\"\n\
             line 10: service \"cart\".expose = \"public\" comes after \"shop\"; exactly one \
             service is public for now: make this one \"api\" or \"mesh\"",
        ),
        (
            "\n\
             [[service]]\n\
             name = \"cart\"\n\
             image = \"cart:1\"\n\
             expose = \"api\"\n\
             mesh_port = 3001\n\
             "
            .to_string(),
            "line 2: service has none that is public; exactly one must be, for now: give one \
             of them expose = \"public\"",
        ),
    ]);
}

#[test]
fn a_mesh_port_is_nobody_elses() {
    refused(&[(
        cart(
            "\n\
             [[service]]\n\
             name = \"wish\"\n\
             image = \"wish:1\"\n\
             expose = \"mesh\"\n\
             mesh_port = 3001\n\
             ",
        ),
        "line 17: service \"wish\".mesh_port = 3001 is the mesh port of \"cart\", too; \
             give each its own",
    )]);
}

#[test]
fn a_backend_is_another_service_of_the_mesh() {
    refused(&[
        (
            cart("backends = [\"cart\"]"),
            "line 12: service \"cart\".backends = \"cart\" is the service itself; take it \
             away",
        ),
        (
            cart("backends = [\"shop\"]"),
            "line 12: service \"cart\".backends = \"shop\" is the public service, which \
             nothing calls; call a service with expose = \"api\" or \"mesh\"",
        ),
        (
            cart("backends = [\"kart\"]"),
            "line 12: service \"cart\".backends = \"kart\" is no service; describe it with a \
             [[service]] of its own",
        ),
        (
            cart("backends = [\"wish\", \"wish\"]"),
            "line 12: service \"cart\".backends = \"wish\" is no service; describe it with a \
             [[service]] of its own\n\
             line 12: service \"cart\".backends = \"wish\" is there twice; take one away",
        ),
        (
            cart(
                "backends = [\"wsh\", \"paymnt\"]\n\
             [[service]]\n\
             name = \"wish\"\n\
             image = \"wish:1\"\n\
             expose = \"api\"\n\
             mesh_port = 3002\n\
             ",
            ),
            "line 12: service \"cart\".backends = \"wsh\" is no service; did you mean \
             \"wish\"?\n\
             line 12: service \"cart\".backends = \"paymnt\" is no service; there are wish",
        ),
        (
            cart(
                "backends = [\"wish\", \"wish\"]\n\
             [[service]]\n\
             name = \"wish\"\n\
             image = \"wish:1\"\n\
             expose = \"api\"\n\
             mesh_port = 3002\n\
             ",
            ),
            "line 12: service \"cart\".backends = \"wish\" is there twice; take one away",
        ),
    ]);
}

#[test]
fn weights_suit_a_route() {
    refused(&[
        (
            cart("weights = { crat = 1 }"),
            "line 12: service \"cart\".weights.crat = 1 is no service; did you mean \
             \"cart\"?",
        ),
        (
            cart("weights = { cart = 0 }"),
            "line 12: service \"cart\".weights come to 0 in all; make it 1 to 100, which is \
             what a route takes",
        ),
        (
            cart("weights = { cart = 60, shop = 41 }"),
            "line 12: service \"cart\".weights come to 101 in all; make it 1 to 100, which \
             is what a route takes",
        ),
    ]);
}

#[test]
fn a_service_name_has_dns_limits() {
    let named = |name: &str| changed("cart", name);
    let long = "a".repeat(64);
    assert_eq!(parsed(&named(&long[..63])).services[1].name.len(), 63);
    assert!(faults(&named(&long)).contains(".name cannot be a name in DNS and in AWS;"));

    let namespace = format!("mesh.namespace = \"{}\"\n", [&long[..61]; 4].join("."));
    assert_eq!(parsed(&(namespace.clone() + &named("carts"))).services[1].name, "carts");
    assert_eq!(
        faults(&(namespace + &named("basket"))),
        "line 9: service \"basket\".name = \"basket\" is longer than DNS's 253 characters with the \
         namespace; shorten it, or mesh.namespace"
    );
}

#[test]
fn a_route_has_ten_targets() {
    let weighted = |n: usize| {
        let weights: String = (0..n).map(|i| format!("weights.s{i} = 1\n")).collect();
        let others: String = (0..n).map(|i| another(&format!("s{i}"), 4000 + i)).collect();
        cart(&(weights + &others))
    };
    assert_eq!(parsed(&weighted(10)).services[1].targets().len(), 10);
    assert_eq!(
        faults(&weighted(11)),
        "line 12: service \"cart\".weights has 11 targets; keep 10, which is what a route takes"
    );
}

#[test]
fn what_rules_allow_is_taken() {
    // Cycles among back-ends are ordinary, and a public service may have a mesh port in use below.
    let text = shop("mesh_port = 3001")
        + "backends = [\"wish\"]\n"
        + &another("wish", 3002)
        + "backends = [\"cart\"]\nweights = { cart = 10, wish = 90 }\n";
    let config = parsed(&text);
    assert_eq!(config.services[0].router_port(), 3001);
    assert_eq!(config.services[2].targets(), [("cart", 10), ("wish", 90)].into());
    assert_eq!(config.services[1].targets(), [("cart", 1)].into());
    assert_eq!(config.services[1].url_variable(), "CART_URL");
    assert_eq!(parsed(&cart("")).services[0].router_port(), 80);
    parsed(&cart("environment = { SHOP_URL = \"its own business\" }"));
    parsed(&cart("cpu = 16384\nmemory = 122880"));
    parsed(&cart("cpu = 8192\nmemory = 20480"));
    parsed(&cart("desired = 0"));
}

#[test]
fn a_load_balancer_takes_fifty_services_of_the_api() {
    let many = |api: usize, mesh: usize| {
        let more: String = (1..api).map(|i| another(&format!("s{i}"), 4000 + i)).collect();
        let inner = (0..mesh).map(|i| another(&format!("m{i}"), 6000 + i));
        let inner: String = inner.map(|text| text.replace("\"api\"", "\"mesh\"")).collect();
        cart("") + &more + &inner
    };
    assert_eq!(parsed(&many(50, 150)).services.len(), 201);
    for (api, more) in [(51, 1), (60, 10), (200, 150)] {
        let expected = format!(
            "line 311: service \"s50\".expose = \"api\" is one of {api} in the API, each a listener of \
             the internal load balancer, which takes 50; set expose = \"mesh\" on {more} of them, or \
             make several stacks"
        );
        refused(&[(many(api, 0), &expected)]);
    }
}

#[test]
fn a_cluster_takes_five_thousand_services() {
    let many: String = (0..5000).map(|i| another(&format!("s{i}"), 1 + i)).collect();
    assert_eq!(
        faults(&format!("{SHOP}{many}")),
        "line 1: service has 5001 entries, and an ECS cluster takes 5000; share them out among \
         several stacks"
    );
}

#[test]
fn any_word_of_ours_may_be_a_service() {
    for name in ["load-balancer", "consumer", "vpc-link", "endpoint", "envoy", "shop-envoy"] {
        let named = format!("{SHOP}{CART}").replace("\"cart\"", &format!("{name:?}"));
        assert_eq!(parsed(&named).services[1].name, name);
    }
}
